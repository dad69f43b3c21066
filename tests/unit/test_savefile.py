# SPDX-License-Identifier: Apache-2.0
"""Save files without a kernel: what is read, what is reported and where, what is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import savefile
from rtslib_ext.errors import ParseError
from rtslib_ext.savefile import Loaded, checked_json, loads

IQN = "iqn.2003-01.org.example:store"


def document(**changes: Any) -> dict[str, Any]:
    """A small but whole file."""
    return {
        "storage_objects": [
            {"name": "disk1", "plugin": "ramdisk", "size": 8192, "wwn": "abc", "attributes": {}}
        ],
        "targets": [
            {
                "fabric": "iscsi",
                "wwn": IQN,
                "tpgs": [
                    {
                        "tag": 1,
                        "luns": [{"index": 0, "storage_object": "/backstores/ramdisk/disk1"}],
                        "node_acls": [{"node_wwn": "iqn.2003-01.org.example:host"}],
                        "portals": [{"ip_address": "0.0.0.0", "port": 3260}],
                    }
                ],
            }
        ],
        **changes,
    }


def problems(value: Any) -> list[str]:
    """What is wrong with a document."""
    return [str(problem) for problem in savefile.loads(json.dumps(value)).problems]


def test_a_good_file_has_no_problems() -> None:
    assert problems(document()) == []


@pytest.mark.parametrize("text", ["", " \n", "{", '{"a": }', "nonsense", "[1]", "null"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        savefile.loads(text, "a.json")
    assert "a.json" in str(caught.value)
    assert caught.value.hint


def test_a_mark_stands_under_the_place() -> None:
    with pytest.raises(ParseError) as caught:
        savefile.loads('{\n  "targets": [,]\n}')
    lines = str(caught.value).splitlines()
    assert lines[1].index(",") == lines[2].index("^")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            ["storage_objects", 0, "size"],
            "big",
            "storage_objects[0].size: must be a whole number, not",
        ),
        (
            ["storage_objects", 0, "size"],
            8192.0,
            "storage_objects[0].size: must be a whole number, not a decimal number",
        ),
        (
            ["storage_objects", 0, "wwn"],
            "a\0b",
            "storage_objects[0].wwn: contains a NUL or is not UTF-8",
        ),
        (
            ["storage_objects", 0, "attributes", "emulate_tpu"],
            "\ud800",
            "storage_objects[0].attributes.emulate_tpu: contains a NUL or is not UTF-8",
        ),
        (
            ["storage_objects", 0, "size"],
            "\0",
            "storage_objects[0].size: must be a whole number, not a string",
        ),
        (
            ["storage_objects", 0, "size"],
            10**400,
            "storage_objects[0].size: must be less than 2**64",
        ),
        (
            ["storage_objects", 0, "size"],
            2**63,
            "storage_objects[0].size: must be between 1 and 9223372036854771712, not 92233",
        ),
        (["storage_objects", 0, "wwn"], 10**400, "storage_objects[0].wwn: must be less than 2**64"),
        (
            ["storage_objects", 0, "attributes", "emulate_tpu"],
            10**400,
            "storage_objects[0].attributes.emulate_tpu: must be less than 2**64",
        ),
        (
            ["targets", 0, "tpgs", 0, "enable"],
            10**400,
            "targets[0].tpgs[0].enable: must be less than 2**64",
        ),
        (
            ["targets", 0, "tpgs", 0, "node_acls", 0, "tcq_depth"],
            "many",
            "targets[0].tpgs[0].node_acls[0].tcq_depth: must be a whole number, not a string",
        ),
        (["storage_objects", 0, "colour"], "red", "storage_objects[0].colour: unknown key"),
        (
            ["storage_objects", 0, "plugin"],
            "nosuch",
            "storage_objects[0].plugin: nosuch is not one of",
        ),
        (
            ["storage_objects", 0, "attributes"],
            [],
            "storage_objects[0].attributes: must be an object, not a list",
        ),
        (
            ["storage_objects", 0, "attributes", "emulate_tpu"],
            {},
            "storage_objects[0].attributes.emulate_tpu: must be a string or a whole number, not",
        ),
        (["targets", 0, "fabric"], "smoke", "targets[0].fabric: smoke is not one of"),
        (["targets", 0, "fabric"], "a\33\n", "targets[0].fabric: a\\x1b\\n is not one of"),
        (["a\33"], 1, "a\\x1b: unknown key"),
        (["targets", 0, "wwn"], "disk", "targets[0].wwn: 'disk': WWN not valid as: iqn, naa, eui"),
        (
            ["targets", 0, "tpgs", 0, "enable"],
            "maybe",
            "targets[0].tpgs[0].enable: must be true or false, not",
        ),
        (
            ["targets", 0, "tpgs", 0, "luns", 0, "index"],
            70000,
            "targets[0].tpgs[0].luns[0].index: must be between 0 and 65535, not 70000",
        ),
        (
            ["targets", 0, "tpgs", 0, "tag"],
            -1,
            "targets[0].tpgs[0].tag: must be between 0 and 65535, not -1",
        ),
        (
            ["targets", 0, "tpgs", 0, "tag"],
            "first",
            "targets[0].tpgs[0].tag: must be a whole number, not a string",
        ),
        (
            ["targets", 0, "tpgs", 0, "portals", 0, "port"],
            65536,
            "targets[0].tpgs[0].portals[0].port: must be between 0 and 65535, not 65536",
        ),
        (
            ["targets", 0, "tpgs", 0, "node_acls", 0, "mapped_luns"],
            [{"index": -1, "tpg_lun": 0}],
            "targets[0].tpgs[0].node_acls[0].mapped_luns[0].index: must be between 0 and 65535,",
        ),
        (
            ["storage_objects", 0, "alua_tpgs"],
            [{"name": "g", "tg_pt_gp_id": 65536}],
            "storage_objects[0].alua_tpgs[0].tg_pt_gp_id: must be between 0 and 65535, not 65536",
        ),
        (
            ["storage_objects"],
            [{"plugin": "fileio", "name": "f", "dev": "/f", "size": -1}],
            "storage_objects[0].size: must be between 0 and 9223372036854771712, not -1",
        ),
        (
            ["storage_objects"],
            [{"plugin": "user", "name": "u", "config": "x/y", "size": 1, "hw_max_sectors": -1}],
            "storage_objects[0].hw_max_sectors: must be between 0 and 2147483647, not -1",
        ),
        (
            ["rtslib_ext"],
            {"lu_groups": {"g": 65536}},
            "rtslib_ext.lu_groups.g: must be between 0 and 65535, not 65536",
        ),
        (
            ["targets", 0, "tpgs", 0, "portals", 0, "ip_address"],
            "somewhere",
            "targets[0].tpgs[0].portals[0].ip_address: 'somewhere' is not an IP address",
        ),
        (["targets", 0, "tpgs", 0, "chap_user"], "u", "targets[0].tpgs[0].chap_user: unknown key"),
        (["extra"], 1, "extra: unknown key"),
        (["rtslib_ext"], {"typo": 1}, "rtslib_ext.typo: unknown key"),
    ],
)
def test_each_problem_is_told_by_its_json_path(path: list[Any], value: Any, told: str) -> None:
    whole = document()
    place: Any = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    found = problems(whole)
    assert len(found) == 1
    assert found[0].startswith(told)


@pytest.mark.parametrize("name", ["../alias", "a/b", "", "a b", "a\0b", "\ud800", "a\nb", "ä", "."])
@pytest.mark.parametrize(
    "place",
    [
        "storage_objects[0].attributes",
        "targets[0].parameters",
        "targets[0].tpgs[0].attributes",
        "targets[0].tpgs[0].parameters",
        "targets[0].tpgs[0].node_acls[0].attributes",
        f"rtslib_ext.tpgs./iscsi/{IQN}/tpg1.files",
    ],
)
def test_a_setting_that_cannot_be_a_file_is_left_out(place: str, name: str) -> None:
    whole = document(rtslib_ext={"tpgs": {f"/iscsi/{IQN}/tpg1": {"files": {}}}})
    at: Any = whole
    for key in re.findall(r"/.*tpg1|\w+", place):
        at = at[int(key)] if key.isdigit() else at.setdefault(key, {})
    at |= {name: "1", "nosuch_2": "1"}
    loaded = savefile.loads(json.dumps(whole))
    (problem,) = loaded.problems
    shown = name if name.isprintable() else ascii(name)[1:-1]
    assert str(problem) == f"{place}.{shown}: {name!r} cannot be the name of a setting"
    saved = savefile.dumps(loaded.config)
    assert '"nosuch_2": ' in saved and f"{json.dumps(name)}: " not in saved


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".", "..", "a\0b", "\ud800", "a\nb", "x" * 256]
)
def test_a_group_that_cannot_be_a_folder_is_left_out(name: str) -> None:
    whole = document(rtslib_ext={"lu_groups": {name: 7, "a b": 8}})
    groups = [{"name": name, "tg_pt_gp_id": 7}, {"name": "a b", "tg_pt_gp_id": 8}]
    whole["storage_objects"][0]["alua_tpgs"] = groups
    loaded = savefile.loads(json.dumps(whole))
    assert [problem.where.partition("]")[0] for problem in loaded.problems] == [
        "storage_objects[0",
        f"rtslib_ext.lu_groups.{name if name.isprintable() else ascii(name)[1:-1]}",
    ]
    # rtslib-fb takes a blank.
    assert list(loaded.config.storage_objects[("ramdisk", "disk1")].alua_groups) == ["a b"]
    assert loaded.config.lu_groups == {"a b": "8"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([1], ": must be an object, not a list"),
        ({"g": {"../../../alias": "1"}}, ".g.../../../alias: unknown key"),
        ({"g": {"a\0b": "1"}}, ".g.a\\x00b: unknown key"),
        ({"g": {"alua_access_state": "\ud800"}}, ".g.alua_access_state: contains a NUL"),
        ({"h": {"alua_access_state": 4}}, ".h: the storage object has no such group"),
    ],
)
def test_what_groups_that_depend_on_the_block_hold(value: Any, told: str) -> None:
    path = "/backstores/ramdisk/disk1"
    whole = document(rtslib_ext={"storage_objects": {path: {"lba_dependent_groups": value}}})
    whole["storage_objects"][0]["alua_tpgs"] = [{"name": "g", "tg_pt_gp_id": 7}]
    (found,) = problems(whole)
    assert found.startswith(f"rtslib_ext.storage_objects.{path}.lba_dependent_groups{told}")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a/b": "1", "vendor_id": "ACME", "revision": 2}, ".a/b: "),
        ({"product_id": [], "vendor_id": "ACME", "revision": 2}, ".product_id: must be a string"),
        ({"vpd_unit_serial": "1", "vendor_id": "ACME", "revision": 2}, ".vpd_unit_serial: is the "),
        (["x"], ": must be an object, not a list"),
    ],
)
def test_what_an_identity_holds(value: Any, told: str) -> None:
    path = "/backstores/ramdisk/disk1"
    whole = document(rtslib_ext={"storage_objects": {path: {"identity": value}}})
    loaded = savefile.loads(json.dumps(whole))
    (found,) = map(str, loaded.problems)
    assert found.startswith(f"rtslib_ext.storage_objects.{path}.identity{told}")
    so = loaded.config.storage_objects[("ramdisk", "disk1")]
    assert so.identity == ({"vendor_id": "ACME", "revision": "2"} if value != ["x"] else {})


def test_the_rest_is_read_all_the_same() -> None:
    whole = document()
    whole["storage_objects"].append({"name": "disk2"})
    loaded = savefile.loads(json.dumps(whole))
    assert [str(problem) for problem in loaded.problems] == [
        "storage_objects[1].plugin: is missing"
    ]
    assert list(loaded.config.storage_objects) == [("ramdisk", "disk1")]
    assert list(loaded.config.targets) == [("iscsi", IQN)]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_thousands_of_digits_is_a_problem_of_its_own(sign: str) -> None:
    """Python itself refuses to read the whole text (sys.set_int_max_str_digits)."""
    whole = document()
    whole["storage_objects"].append({"name": "disk2", "plugin": "ramdisk", "size": "SIZE"})
    text = json.dumps(whole).replace('"SIZE"', sign + "9" * 5000)
    loaded = savefile.loads(text)
    assert [str(problem) for problem in loaded.problems] == [
        "storage_objects[1].size: must be less than 2**64"
    ]
    assert list(loaded.config.storage_objects) == [("ramdisk", "disk1")]


def test_memory_for_a_file_of_empty_values_is_bounded(tmp_path: Path) -> None:
    """Each needs more memory than its text: 32 MiB of them took 1.7 GiB, and minutes."""
    file = tmp_path / "big.json"
    file.write_text('{"storage_objects":[' + "{}," * (11 << 20) + "{}]}")
    program = (
        "import resource, sys\n"
        "from rtslib_ext import savefile\n"
        "from rtslib_ext.errors import LioError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))\n"
        "try:\n    savefile.loads(open(sys.argv[1]).read(), 'FILE')\n"
        "except LioError as err:\n    print(err)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True)
    assert done.stdout.startswith("FILE has more than 4,000,000 values"), done.stderr


def test_too_many_problems_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_json, "_MOST_PROBLEMS", 3)
    whole = document()
    whole["storage_objects"] += [{}] * 3
    assert len(savefile.loads(json.dumps(whole)).problems) == 3
    whole["storage_objects"] += [{}]
    with pytest.raises(ParseError, match=r"FILE has more than 3 errors, the first is storage_obj"):
        savefile.loads(json.dumps(whole), "FILE")


def test_what_stands_twice_is_told() -> None:
    whole = document()
    tpg = whole["targets"][0]["tpgs"][0]
    tpg["luns"].append(dict(tpg["luns"][0]))
    whole["storage_objects"].append(dict(whole["storage_objects"][0]))
    assert problems(whole) == [
        "storage_objects[1]: /backstores/ramdisk/disk1 is in the file twice",
        "targets[0].tpgs[0].luns[1]: 0 is listed twice",
    ]


@pytest.mark.parametrize("prefix", ["chap_", ""])
def test_the_names_of_the_old_manual_are_taken(prefix: str) -> None:
    whole = document()
    acl = whole["targets"][0]["tpgs"][0]["node_acls"][0]
    acl[f"{prefix}userid"] = "u"
    acl[f"{prefix}mutual_password"] = "p"
    config = savefile.loads(json.dumps(whole)).config
    auth = next(iter(config.targets[("iscsi", IQN)].tpgs[1].acls.values())).auth
    assert (auth.userid, auth.mutual_password, auth.password) == ("u", "p", None)


def test_numbers_and_flags_in_quotes_are_taken() -> None:
    whole = document()
    whole["targets"][0]["tpgs"][0]["portals"][0]["port"] = "3261"
    whole["targets"][0]["tpgs"][0]["enable"] = "false"
    loaded = savefile.loads(json.dumps(whole))
    tpg = loaded.config.targets[("iscsi", IQN)].tpgs[1]
    assert loaded.problems == ()
    assert (list(tpg.portals), tpg.enable) == (["0.0.0.0:3261"], False)


def test_a_ramdisk_has_whole_pages() -> None:
    whole = document()
    whole["storage_objects"][0]["size"] = 5000
    so = savefile.loads(json.dumps(whole)).config.storage_objects[("ramdisk", "disk1")]
    assert so.backing.size == 4096


def test_writing_what_was_read_gives_the_same_bytes_again() -> None:
    once = savefile.dumps(savefile.loads(json.dumps(document())).config)
    assert savefile.dumps(savefile.loads(once).config) == once
    assert once.endswith("}\n")
    assert json.dumps(json.loads(once), sort_keys=True, indent=2) + "\n" == once


def test_lists_are_sorted() -> None:
    whole = document()
    whole["storage_objects"].insert(0, {"name": "a", "plugin": "ramdisk", "size": 4096})
    whole["storage_objects"].append({"name": "b", "plugin": "fileio", "dev": "/b", "size": 512})
    names = [
        (item["plugin"], item["name"])
        for item in json.loads(savefile.dumps(savefile.loads(json.dumps(whole)).config))[
            "storage_objects"
        ]
    ]
    assert names == [("fileio", "b"), ("ramdisk", "a"), ("ramdisk", "disk1")]


def test_secrets_are_not_in_the_repr() -> None:
    whole = document()
    whole["targets"][0]["tpgs"][0]["chap_password"] = "geheim"
    assert "geheim" not in repr(savefile.loads(json.dumps(whole)).config)


def test_a_key_that_stands_twice_is_told() -> None:
    text = json.dumps(document()).replace('"size": 8192', '"size": 8192, "size": 4096')
    found = [str(problem) for problem in savefile.loads(text).problems]
    assert found == ["storage_objects[0].size: is given twice"]


def test_a_tpg_that_stands_twice_is_told() -> None:
    whole = document()
    whole["targets"][0]["tpgs"].append({"tag": 1})
    assert problems(whole) == ["targets[0].tpgs[1]: 1 is listed twice"]


@pytest.mark.parametrize("tag", [{}, {"tag": 1}, {"tag": "1"}])
def test_a_nexus_finds_its_tpg(tag: dict[str, Any]) -> None:
    wwn = "naa.5001405000000001"
    whole = document()
    whole["targets"].append({"fabric": "loopback", "wwn": wwn, "tpgs": [tag]})
    whole["rtslib_ext"] = {"tpgs": {f"/loopback/{wwn}/tpg1": {"nexus": "naa.5001405000000002"}}}
    loaded = savefile.loads(json.dumps(whole))
    assert loaded.problems == ()
    assert loaded.config.targets[("loopback", wwn)].tpgs[1].nexus == "naa.5001405000000002"


def test_extra_settings_of_nothing_are_told() -> None:
    whole = document(rtslib_ext={"tpgs": {"/loopback/naa.1/tpg1": {"nexus": "naa.2"}}})
    assert problems(whole) == ["rtslib_ext.tpgs./loopback/naa.1/tpg1: the file has no such object"]


def test_a_problem_knows_whose_it_is() -> None:
    whole = document()
    whole["targets"][0]["tpgs"][0]["nosuch"] = 1
    assert savefile.loads(json.dumps(whole)).problems[0].owner == ("iscsi", IQN)


def test_null_is_no_configuration() -> None:
    with pytest.raises(ParseError, match="contains no configuration"):
        savefile.loads('{"storage_objects": null, "targets": null}')
    assert savefile.loads('{"storage_objects": [], "targets": null}').config.is_empty


@pytest.mark.parametrize(
    "text",
    [
        "machine example login anna hush",
        "[users]\nanna = hush\n",
        "# hush\n{",
        '{\n  "auth": {"chap_Secret": "hush" "x"}\n}',
        '{"userid_token": "hush" 1}',
    ],
)
def test_an_error_shows_nothing_of_another_file(text: str) -> None:
    """Any file may be given as a save file, also one with secrets."""
    with pytest.raises(ParseError) as refused:
        savefile.loads(text)
    assert "hush" not in str(refused.value)
    assert "at column" in str(refused.value)


PORTALS = ("192.0.2.1:3260", "192.0.2.2:3260")


def guarded(networks: object, *, text: str = "") -> Loaded:
    """A file of a TPG with two portals, of which the first has networks."""
    names = [{"ip_address": name.split(":")[0], "port": 3260} for name in PORTALS]
    tpg = {"tag": 1, "enable": True, "portals": names}
    target = {"fabric": "iscsi", "wwn": "iqn.2003-01.org.example:a", "tpgs": [tpg]}
    document = {"targets": [target], "rtslib_ext": {"allowed_networks": networks}}
    return loads(json.dumps(document).replace('"TEXT"', text))


def portals_of(found: Loaded) -> list[str]:
    (target,) = found.config.targets.values()
    return list(target.tpgs[1].portals)


@pytest.mark.parametrize("words", ["192.0.2.0/24", ["192.0.2.0/33"], [1], [], None, {"a": 1}])
def test_a_portal_whose_networks_are_unclear_is_left_out(words: object) -> None:
    found = guarded({PORTALS[0]: words})
    assert f"rtslib_ext.allowed_networks.{PORTALS[0]}: " in str(found.problems[0])
    assert portals_of(found) == [PORTALS[1]] and not found.allowed


def test_a_portal_whose_networks_are_given_twice_is_left_out() -> None:
    twice = f'{{"{PORTALS[0]}": ["192.0.2.0/24"], "{PORTALS[0]}": ["::/0"]}}'
    for found in (guarded("TEXT", text=twice), guarded({PORTALS[0]: ["::1"], f"{PORTALS[0]}": 1})):
        assert found.problems and portals_of(found) == [PORTALS[1]] and not found.allowed
    found = guarded({"[::1]:3260": ["::1"], "[0::1]:3260": ["::/0"]})
    assert "is given twice" in str(found.problems[0]) and not found.allowed


@pytest.mark.parametrize("networks", ["x", [], {"192.0.2.1": ["192.0.2.0/24"]}])
def test_networks_of_an_unknown_portal_may_be_of_any(networks: object) -> None:
    found = guarded(networks)
    assert found.problems and portals_of(found) == []
    for text in ('"x"', "[1]", '{"allowed_networks": {}, "allowed_networks": {}}'):
        file = f'{{"targets": [], "rtslib_ext": {text}}}'
        assert loads(file).problems
        names = '[{"ip_address": "192.0.2.1", "port": 3260}]'
        tpg = f'{{"tag": 1, "portals": {names}}}'
        target = f'{{"fabric": "iscsi", "wwn": "iqn.2003-01.org.example:a", "tpgs": [{tpg}]}}'
        assert portals_of(loads(file.replace("[]", f"[{target}]"))) == []
    more = {PORTALS[1]: ["192.0.2.0/24"], "192.0.2.1:": ["::1"]}
    assert portals_of(guarded(more)) == [PORTALS[1]]


def limited(old: str, new: str) -> Loaded:
    """A file with one value replaced, as by hand."""
    acl = {"node_wwn": "iqn.2003-01.org.example:i", "attributes": {"authentication": 1}}
    mapped = {"index": 0, "tpg_lun": 0, "write_protect": True}
    disk = {"plugin": "block", "name": "b", "dev": "/dev/x", "readonly": True}
    tpg = {
        "tag": 1,
        "enable": True,
        "attributes": {"authentication": 1},
        "luns": [{"index": 0, "storage_object": "/backstores/block/b"}],
        "node_acls": [{**acl, "mapped_luns": [mapped]}],
    }
    target = {"fabric": "iscsi", "wwn": "iqn.2003-01.org.example:a", "tpgs": [tpg]}
    text = json.dumps({"storage_objects": [disk], "targets": [target]})
    assert old in text
    return loads(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"enable": true', '"enable": "ture"'),
        ('"enable": true', '"enable": false, "enable": true'),
        ('"authentication": 1}, "luns"', '"authentication": [1]}, "luns"'),
        ('"authentication": 1}, "mapped', '"authentication": 1, "authentication": 0}, "mapped'),
    ],
)
def test_a_tpg_to_which_access_is_unclear_stays_disabled(old: str, new: str) -> None:
    found = limited(old, new)
    (target,) = found.config.targets.values()
    assert found.problems and target.tpgs[1].enable is False


@pytest.mark.parametrize("word", ['"ture"', "[1]", 'false, "KEY": true'])
def test_no_disk_becomes_writable_by_an_unclear_word(word: str) -> None:
    for key in ("write_protect", "readonly"):
        found = limited(f'"{key}": true', f'"{key}": {word.replace("KEY", key)}')
        (target,) = found.config.targets.values()
        (acl,) = target.tpgs[1].acls.values()
        assert found.problems
        assert not (acl.mapped_luns if key == "write_protect" else found.config.storage_objects)


def test_settings_that_are_given_twice_are_reported() -> None:
    text = '{"targets": [], "rtslib_ext": {"lu_groups": {"g": 1, "g": 2}}}'
    assert "rtslib_ext.lu_groups.g: is given twice" in map(str, loads(text).problems)
    text = (
        '{"storage_objects": [{"plugin": "ramdisk", "name": "r", "size": 1048576, '
        '"attributes": {"emulate_tpu": 0, "emulate_tpu": 1}}]}'
    )
    (problem,) = loads(text).problems
    assert str(problem) == "storage_objects[0].attributes.emulate_tpu: is given twice"
