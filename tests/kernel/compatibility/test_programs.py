# SPDX-License-Identifier: Apache-2.0
"""What programs take out of texts, with the tools and expressions that they do it with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..commands.harness import ETC, Shell
from .row import (
    ACL,
    DISK,
    DISKS,
    EXPORT,
    FILEIO,
    INITIATOR,
    IQN,
    RAMDISK,
    SAVED,
    TARGET,
    TPG,
    USER,
)


@pytest.fixture
def user(shell: Shell, handler: Path) -> Iterator[Shell]:
    """A user of one exported file."""
    shutil.rmtree(DISKS, ignore_errors=True)
    DISKS.mkdir()
    for line in EXPORT:
        shell.ok(line)
    yield shell
    shutil.rmtree(DISKS)


def piped(text: str, command: str) -> str:
    """What a pipe to some tool gives."""
    return subprocess.run(
        ["sh", "-c", command], input=text, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["ls"], 0),
        (["--json", "ls"], 0),
        ([RAMDISK, "create", "r2", "1M"], 0),
        (["diff"], 1),
        (["nosuch"], 1),
        (["/backstores/*", "delete", "nosuch"], 1),
    ],
    ids=str,
)
def test_who_reads_has_seen_enough(user: Shell, words: list[str], status: int) -> None:
    """As grep -q does in a pipe of which a shell with pipefail looks at every part."""
    user.ok("/ saveconfig")
    user.ok(f"{RAMDISK} create other 1M")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as closed:
        program = [sys.executable, "-m", "targetcli", *words]
        done = subprocess.run(program, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert done.returncode == status, done.stderr
    assert "roken pipe" not in done.stderr


def test_awk_finds_the_target(user: Shell) -> None:
    user.ok(f"{TPG}/acls delete {INITIATOR}")
    assert piped(user.ok("ls iscsi"), "awk '/iqn/{print $2}'") == f"{IQN}\n"
    assert piped(user.ok("ls"), "grep iqn.2003-01 | awk '{print $3}'") == f"{IQN}\n"


def test_columns_parted_by_single_blanks(user: Shell) -> None:
    lun = user.ok(f"{TPG}/luns ls").rows[1].split(" ")
    assert lun[:4] == ["", "", "o-", "lun0"]
    assert set(lun[4]) == {"."} and lun[5] == "[fileio/d1"
    portal = user.ok(f"{TPG}/portals ls").rows[1].split(" ")
    assert portal[3] == "[::0]:3260"
    mapped = user.ok(f"{ACL} ls").rows[1].split(" ")
    assert (mapped[3][10:], mapped[6]) == ("0", "fileio/d1")


def test_status_behind_its_last_colon(user: Shell) -> None:
    said = user.ok(f"{TARGET} status")
    assert int(said[said.rindex(":") + 1 :]) == 1


def test_info_line_by_line(user: Shell) -> None:
    rows = user.ok(f"{FILEIO}/d1 info").rows
    (wwn,) = (row[len("wwn: ") :] for row in rows if row.startswith("wwn: "))
    assert re.fullmatch("[0-9a-f-]{36}", wwn)
    assert user.ok(f"{TPG} info").split()[1] == "True"


def test_a_value_by_its_place(user: Shell) -> None:
    assert user.ok(f"{TPG} get attribute authentication")[15:] == "0 \n"
    user.ok(f"{ACL} set auth userid=u1 password=p1")
    said = user.ok(f"{ACL} get auth")
    assert [found.strip() for found in re.findall(r"(?<=userid\=).*(?=\n)", said)] == ["", "u1"]
    heading = "ATTRIBUTE CONFIG GROUP\n======================\n"
    assert user.ok(f"{TPG} get attribute").startswith(heading)
    rows = user.ok(f"{FILEIO}/d1 get attribute").removeprefix(heading).splitlines()
    for place, row in enumerate(rows):
        if re.match(r"\w+=\S", row):
            assert rows[place + 1].startswith("---")


def test_save_file_as_text(user: Shell) -> None:
    user.ok(f"{USER} create blk 1M vol@host/block-store/GBID")
    user.ok("saveconfig")
    found = piped("", f"""grep -csh '"name": "blk",' {SAVED} {SAVED}.temp || true""")
    assert found.split() == ["1"]
    found = piped("", f"""grep -m 1 '"config":.*/block-store/GBID",' {SAVED}""")
    assert found == '      "config": "rbd/vol@host/block-store/GBID",\n'


def test_save_file_as_json(user: Shell) -> None:
    user.ok("saveconfig")
    text = Path(SAVED).read_text()
    saved = json.loads(text)
    assert text == json.dumps(saved, sort_keys=True, indent=2) + "\n"
    disk = next(item for item in saved["storage_objects"] if item["plugin"] == "fileio")
    assert {key: disk[key] for key in ("name", "dev", "size", "write_back")} == {
        "name": "d1",
        "dev": DISK,
        "size": 1048576,
        "write_back": True,
    }
    target = saved["targets"][0]
    assert (target["fabric"], target["wwn"]) == ("iscsi", IQN)
    tpg = target["tpgs"][0]
    assert (tpg["tag"], tpg["enable"]) == (1, True)
    assert {"luns", "node_acls", "portals", "parameters", "attributes"} <= tpg.keys()
    lun = tpg["luns"][0]
    assert (lun["index"], lun["storage_object"]) == (0, "/backstores/fileio/d1")


def test_backups(user: Shell) -> None:
    for _ in range(5):
        user.ok("saveconfig")
    backups = list((ETC / "backup").iterdir())
    assert len(backups) == 1
    assert re.fullmatch(r"saveconfig-\d{8}-\d\d:\d\d:\d\d-json\.gz", backups[0].name)
    saved = piped("", f"zcat {backups[0]}")
    assert saved == Path(SAVED).read_text()
    assert Path(SAVED).stat().st_mode & 0o777 == 0o600


def test_created_numbers(user: Shell) -> None:
    said = user.ok(f"{TPG}/luns create {RAMDISK}/r1")
    assert re.search(r"LUN (\d+)", said)[1] == "1"  # type: ignore[index]
    assert re.match(r"Created LUN (\d+).", said)[1] == "1"  # type: ignore[index]


def test_not_root(user: Shell) -> None:
    answer = user(f"{RAMDISK} create r2 1M", is_root=False)
    assert (answer, answer.exit) == ("", 1)
    assert "This privileged command is disabled: you are not root." in answer.stderr
    assert user("ls", is_root=False).exit == 0
