# SPDX-License-Identifier: Apache-2.0
"""Save files that are none, or hold what cannot be used: told by JSON path, the rest comes up."""

from __future__ import annotations

import copy
import gzip
import json
import os
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import restore as library
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config, StorageObject
from rtslib_ext.kernel.configfs import ConfigFS

from .harness import ETC, Answer, Shell, differences, files, tree, value

A = "iqn.2003-01.org.example:a"
INITIATOR = "iqn.2003-01.org.example:i"
SAVE_FILE = ETC / "saveconfig.json"
SAVED: dict[str, Any] = {
    "storage_objects": [
        {"plugin": "ramdisk", "name": "r1", "size": 1048576, "wwn": "abc", "attributes": {}},
        {"plugin": "ramdisk", "name": "r2", "size": 1048576},
    ],
    "targets": [
        {
            "fabric": "iscsi",
            "wwn": A,
            "tpgs": [
                {
                    "tag": 1,
                    "luns": [{"index": 0, "storage_object": "/backstores/ramdisk/r1"}],
                    "portals": [{"ip_address": "127.0.0.1", "port": 3260}],
                    "node_acls": [
                        {"node_wwn": INITIATOR, "mapped_luns": [{"index": 0, "tpg_lun": 0}]}
                    ],
                }
            ],
        }
    ],
    "fabric_modules": [],
}


@pytest.mark.parametrize(
    "data, says",
    [
        (b'{"storage_objects": [', f"{SAVE_FILE}:1: "),
        (b'{\n  "a": 1,\n  "b" 2\n}\n', f"{SAVE_FILE}:3: expecting ':' delimiter"),
        (b"", f"{SAVE_FILE} is empty"),
        (b" \n", f"{SAVE_FILE} is empty"),
        (b"[]", f"{SAVE_FILE} contains no configuration"),
        (b"3", f"{SAVE_FILE} contains no configuration"),
        (b"{}", f"{SAVE_FILE} contains no configuration"),
        (b'{"tragets": []}', f"{SAVE_FILE} contains no configuration"),
        (b'{"targets": null}', f"{SAVE_FILE} contains no configuration"),
        (bytes(range(128, 256)), f"{SAVE_FILE} is not a save file: byte 1 is not UTF-8"),
        (b"\x1f\x8b\x08 no gzip", f"{SAVE_FILE} is not a save file: it is compressed and "),
        (
            gzip.compress(b"{}")[:-8] + bytes(8),
            f"{SAVE_FILE} is not a save file: it is compressed and damaged",
        ),
        (
            gzip.compress(json.dumps(list(range(99))).encode())[:-20],
            f"{SAVE_FILE} is not a save file",
        ),
        (gzip.compress(b"{"), f"{SAVE_FILE}:1: "),
        (b"[" * 100000, f"{SAVE_FILE} is nested too deeply"),
    ],
)
def test_file_that_is_no_save_file(shell: Shell, data: bytes, says: str) -> None:
    shell.ok("/backstores/ramdisk create mine 1M")
    SAVE_FILE.write_bytes(data)
    before = tree() | files(ETC)
    for words in ("", " clear_existing=true", " target=x", " storage_object=x"):
        answer = shell(f"restoreconfig{words}")
        assert (answer.exit, answer) == (1, "")
        assert answer.stderr.startswith(says), answer.stderr
        assert "bug in targetcli" not in answer.stderr
    assert differences(tree() | files(ETC), before) == []


def test_empty_configuration_is_one(shell: Shell) -> None:
    shell.ok("saveconfig")
    shell.ok("/backstores/ramdisk create mine 1M")
    shell.ok("restoreconfig clear_existing=true")
    assert shell.ok("/backstores/ramdisk status").endswith(": Storage Objects: 0\n")


def test_file_that_does_not_end(shell: Shell) -> None:
    """Nothing waits for a pipe, and no memory is taken for what is too large."""
    os.mkfifo(SAVE_FILE, 0o600)
    for line in ("restoreconfig", "saveconfig", "diff", "apply", "backups"):
        answer = shell(line)
        expected = "unreadable" if line == "backups" else "is not a regular file"
        assert expected in answer + answer.stderr, line
    SAVE_FILE.unlink()
    shell.refuses("restoreconfig /dev/zero", "/dev/zero is not a regular file")
    packed = gzip.compress(bytes(80 << 20))
    assert len(packed) < 100_000
    SAVE_FILE.write_bytes(packed)
    shell.refuses(
        "restoreconfig", f"{SAVE_FILE} cannot be unpacked: it has more than 67,108,864 bytes"
    )
    with SAVE_FILE.open("wb") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = shell("restoreconfig")
    assert (answer.exit, answer.stderr.count("\n")) == (1, 1)
    assert f"{SAVE_FILE} cannot be read: it has more than 67,108,864 bytes" in answer.stderr
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_folder_is_no_save_file(shell: Shell) -> None:
    SAVE_FILE.mkdir()
    shell.refuses("restoreconfig", f"{SAVE_FILE} cannot be read: is a directory")


def restore(shell: Shell, config: dict[str, Any]) -> Answer:
    SAVE_FILE.write_text(json.dumps(config))
    return shell("restoreconfig")


def test_least_that_a_file_needs(shell: Shell) -> None:
    answer = restore(shell, SAVED)
    assert (answer, answer.exit) == (f"Configuration restored from {SAVE_FILE}\n", 0)
    assert shell.ok(f"/iscsi/{A}/tpg1/acls/{INITIATOR} status").endswith("Mapped LUNs: 1\n")


def test_names_of_the_old_manual_page(shell: Shell) -> None:
    config = with_mistake(f"{TPG}.userid", "u")
    tpg = config["targets"][0]["tpgs"][0]
    tpg |= {"password": "p", "mutual_userid": "m", "mutual_password": "q"}
    assert restore(shell, config).exit == 0
    files = ("userid", "password", "userid_mutual", "password_mutual")
    found = [value(f"iscsi/{A}/tpgt_1/auth/{name}") for name in files]
    assert found == ["u", "p", "m", "q"]


SO, TPG = "storage_objects[0]", "targets[0].tpgs[0]"
MISTAKES: list[tuple[str, Any, str]] = [
    ("nosuch", 1, "nosuch: unknown key"),
    ("fabric_modules", {}, "fabric_modules: must be a list, not an object"),
    (f"{SO}.nosuch", 1, f"{SO}.nosuch: unknown key"),
    (f"{SO}.plugin", "floppy", f"{SO}.plugin: floppy is not one of fileio, block, "),
    (f"{SO}.size", "big", f"{SO}.size: "),
    (f"{SO}.size", None, f"{SO}.size: is missing"),
    (f"{SO}.name", "a/b", f"{SO}.name: "),
    (f"{SO}.name", ["r1"], f"{SO}.name: "),
    (f"{SO}.attributes", [], f"{SO}.attributes: "),
    (f"{SO}.attributes.queue_depth", [1], f"{SO}.attributes.queue_depth: "),
    (f"{SO}.alua_tpgs", [{"tg_pt_gp_id": 3}], f"{SO}.alua_tpgs[0].name: is missing"),
    ("storage_objects[1]", "r2", "storage_objects[1]: must be an object, not a string"),
    ("storage_objects[1].name", "r1", "storage_objects[1]: /backstores/ramdisk/r1 is in the file"),
    ("targets[0].fabric", "nosuch", "targets[0].fabric: nosuch is not one of "),
    ("targets[0].wwn", "nosuch", "targets[0].wwn: 'nosuch': WWN not valid as"),
    (f"{TPG}.chap_paswort", "x", f"{TPG}.chap_paswort: unknown key"),
    (f"{TPG}.enable", "maybe", f"{TPG}.enable: "),
    (f"{TPG}.luns[0].index", "x", f"{TPG}.luns[0].index: "),
    (f"{TPG}.luns[0].storage_object", "r1", f"{TPG}.luns[0].storage_object: must be /backstores/"),
    (f"{TPG}.portals[0].ip_address", "here", f"{TPG}.portals[0].ip_address: "),
    (f"{TPG}.portals[0].port", None, f"{TPG}.portals[0].port: is missing"),
    (f"{TPG}.node_acls[0].node_wwn", "x", f"{TPG}.node_acls[0].node_wwn: "),
    (f"{TPG}.node_acls[0].mapped_luns[0].tpg_lun", [], f"{TPG}.node_acls[0].mapped_luns[0].tpg_"),
]  # fmt: skip


def with_mistake(where: str, value: Any) -> dict[str, Any]:
    """The saved configuration with one value changed, or taken out for None."""
    config = copy.deepcopy(SAVED)
    at: Any = config
    *path, last = where.replace("[", ".[").split(".")
    for key in path:
        at = at[int(key[1:-1])] if key.startswith("[") else at[key]
    if last.startswith("["):
        at[int(last[1:-1])] = value
    elif value is None:
        del at[last]
    else:
        at[last] = value
    return config


def test_mistakes_are_told_by_their_place(shell: Shell) -> None:
    for where, wrong, says in MISTAKES:
        answer = restore(shell, with_mistake(where, wrong))
        assert (answer, answer.exit) == ("", 1), where
        first, *rest = answer.stderr.splitlines()
        # The rest are notes.
        rest = [row for row in rest if row.endswith(", skipped")]
        assert first == f"Configuration restored, {len(rest)} recoverable errors:", answer.stderr
        assert any(row.startswith(says) and row.endswith(", skipped") for row in rest), (
            answer.stderr
        )
        left = [shell(f"/backstores/ramdisk/r{number} status").exit for number in (1, 2)]
        assert 0 in left, where
        if not where.startswith("targets[0].") or where.startswith(TPG):
            assert shell(f"/iscsi/{A}/tpg1 status").exit == 0, where
        shell.ok("clearconfig confirm=true")


def test_attribute_that_only_this_kernel_lacks(shell: Shell) -> None:
    config = with_mistake(f"{SO}.attributes", {"emulate_caw": 0, "max_sectors": 1024})
    answer = restore(shell, config)
    assert (answer.exit, answer.rows) == (0, [f"Configuration restored from {SAVE_FILE}"])
    assert answer.asides == [
        "Note: /backstores/ramdisk/r1: this kernel has no max_sectors (the kernel no longer splits "
        "commands; hw_max_sectors is the limit); it was skipped"
    ]
    assert shell.ok("/backstores/ramdisk/r1 get attribute emulate_caw") == "emulate_caw=0 \n"


@pytest.mark.parametrize(
    "where, value, says",
    [
        (
            f"{SO}.attributes",
            {"nosuch": 1},
            "/backstores/ramdisk/r1: set nosuch=1: no known kernel has",
        ),
        (
            f"{SO}.attributes",
            {"emulate_tpu": 1},
            "/backstores/ramdisk/r1: set emulate_tpu=1: ",
        ),
        (f"{TPG}.attributes", {"authentication": 7}, f"/iscsi/{A}/tpg1: set authentication=7: "),
        (f"{TPG}.chap_userid", "NULL", f"/iscsi/{A}/tpg1: set userid=NULL: "),
        (f"{TPG}.luns[0].alua_tg_pt_gp_name", "nosuch", f"/iscsi/{A}/tpg1/luns/lun0: set alua_tg"),
        (f"{TPG}.portals[0].ip_address", "fe80::1", f"/iscsi/{A}/tpg1/portals/[fe80::1]:3260: "),
        (
            f"{TPG}.portals[0].offload",
            True,
            f"/iscsi/{A}/tpg1/portals/127.0.0.1:3260: listen on ",
        ),
        (f"{TPG}.luns[0].storage_object", "/backstores/ramdisk/r9", f"/iscsi/{A}/tpg1/luns/lun0: "),
        (f"{TPG}.node_acls[0].mapped_luns[0].tpg_lun", 9, f"/iscsi/{A}/tpg1/acls/{INITIATOR}/map"),
    ],
)
def test_what_the_kernel_refuses_is_told_by_its_object(
    shell: Shell, where: str, value: Any, says: str
) -> None:
    answer = restore(shell, with_mistake(where, value))
    assert (answer, answer.exit) == ("", 1)
    first, *rest = answer.stderr.splitlines()
    rest = [row for row in rest if row.endswith(", skipped")]
    assert first == f"Configuration restored, {len(rest)} recoverable errors:"
    assert rest[0].startswith(says) and rest[0].endswith(", skipped"), answer.stderr
    for path in ("/backstores/ramdisk/r1", f"/iscsi/{A}/tpg1/acls/{INITIATOR}"):
        shell.ok(f"{path} status")


UP = "../" * 12


@pytest.mark.parametrize(
    "where",
    [
        f"{SO}.attributes",
        "targets[0].parameters",
        f"{TPG}.attributes",
        f"{TPG}.parameters",
        f"{TPG}.node_acls[0].attributes",
        f"rtslib_ext.tpgs./iscsi/{A}/tpg1.files",
        "rtslib_ext.storage_objects./backstores/ramdisk/r1.lba_dependent_groups.g",
        "rtslib_ext.lu_groups",
    ],
)
def test_name_that_leads_to_a_file_of_the_host(shell: Shell, disks: Path, where: str) -> None:
    mine = disks / "mine"
    mine.write_text("precious")
    # A name with a NUL is no better: it once ended the restore in its first object.
    names = {f"{UP[:-1]}{mine}": "bad", "a\0b": "bad"}
    config = copy.deepcopy(SAVED)
    config["storage_objects"][0]["alua_tpgs"] = [{"name": "g", "tg_pt_gp_id": 5}]
    at: Any = config
    for key in re.findall(r"/backstores/\w+/\w+|/iscsi/[^/]+/tpg1|\w+", where):
        at = at[int(key)] if key.isdigit() else at.setdefault(key, {})
    at |= names
    SAVE_FILE.write_text(json.dumps(config))
    answer = shell("restoreconfig clear_existing=true")
    first, *rest = answer.stderr.splitlines()
    assert first == "Configuration restored, 2 recoverable errors:", answer.stderr
    assert sorted(row.partition(": ")[0] for row in rest) == [
        f"{where}.{UP[:-1]}{mine}",
        f"{where}.a\\x00b",
    ]
    assert mine.read_text() == "precious"
    shell.ok(f"/iscsi/{A}/tpg1/acls/{INITIATOR} status")


def test_second_barrier_before_the_files_of_the_host(shell: Shell, disks: Path) -> None:
    mine = disks / "mine"
    mine.write_text("precious")
    so = StorageObject("r1", RamDisk(1 << 20), attributes={f"{UP[:-1]}{mine}": "bad"})
    outcome = library.restore(ConfigFS(), Config({so.key: so}))
    assert [failure.error.path for failure in outcome.failures] == ["/backstores/ramdisk/r1"]
    assert mine.read_text() == "precious"


def test_what_one_target_is_not_concerned_with(shell: Shell) -> None:
    SAVE_FILE.write_text(json.dumps(with_mistake("storage_objects[1].nosuch", 1)))
    assert shell.ok(f"restoreconfig target={A}") == f"Configuration restored from {SAVE_FILE}\n"


def test_what_one_target_is_concerned_with(shell: Shell) -> None:
    SAVE_FILE.write_text(json.dumps(with_mistake(f"{SO}.size", "big")))
    answer = shell(f"restoreconfig target={A}")
    assert answer.exit == 1 and f"{SO}.size: " in answer.stderr
    shell.ok(f"/iscsi/{A}/tpg1/acls/{INITIATOR} status")
