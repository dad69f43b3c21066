# SPDX-License-Identifier: Apache-2.0
"""Relative target port identifiers: whose number is written and saved, who gets another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from targetcli.boot import start
from tests.kernel import expected

from .harness import ETC, Answer, Shell, value

A, B = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:b"
TPG_A, TPG_B = f"/iscsi/{A}/tpg1", f"/iscsi/{B}/tpg1"
ONE, TWO = "naa.5001405000000001", "naa.5001405000000002"
LOOP_1, LOOP_2 = f"/loopback/{ONE}", f"/loopback/{TWO}"
FILES = {
    TPG_A: f"iscsi/{A}/tpgt_1", TPG_B: f"iscsi/{B}/tpgt_1",
    LOOP_1: f"loopback/{ONE}/tpgt_1", LOOP_2: f"loopback/{TWO}/tpgt_1",
}  # fmt: skip
SAVED = ETC / "saved.json"

pytestmark = pytest.mark.differs_by_kernel
HAS = bool(expected.value("a TPG has the file rtpi"))
LACKS = "this kernel has no rtpi (needs Linux 6.4)"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with two iSCSI targets, each with an enabled TPG."""
    shell.ok(f"/iscsi create {A}")
    shell.ok(f"/iscsi create {B}")
    return shell


def numbers(*tpgs: str) -> list[int]:
    """Return the numbers of TPGs; [] on a kernel that has none."""
    return [int(value(f"{FILES[tpg]}/rtpi"), 0) for tpg in tpgs] if HAS else []


def same(found: list[int], wanted: list[int]) -> bool:
    """Compare numbers, on a kernel that has some."""
    return found == (wanted if HAS else [])


def enabled(*tpgs: str) -> bool:
    return all(value(f"{FILES[tpg]}/enable") == "1" for tpg in tpgs)


def saved(user: Shell, **wanted: int) -> dict[str, Any]:
    """Save, and return the file; with ``wanted``, set these numbers of ``a`` and ``b`` in it."""
    user.ok(f"saveconfig {SAVED}")
    config: dict[str, Any] = json.loads(SAVED.read_text())
    for name, number in wanted.items():
        path = {"a": TPG_A, "b": TPG_B}[name]
        tpgs = config.setdefault("rtslib_ext", {}).setdefault("tpgs", {})
        tpg = tpgs.setdefault(path, {})
        tpg.setdefault("files", {})["rtpi"] = f"{number:#x}"
    SAVED.write_text(json.dumps(config, indent=2))
    return config


def again(user: Shell) -> Answer:
    """Restore the file into an empty kernel."""
    user.ok("clearconfig confirm=true")
    return user.ok(f"restoreconfig {SAVED}")


def settled(user: Shell) -> None:
    """The file was reached: no difference, and nothing to change."""
    assert user.ok(f"diff {SAVED}").rows[0] == "No differences"
    assert user.ok(f"apply {SAVED}", yes=True).rows[0] == "Nothing to change"


# -- whose number is written ------------------------------------------------------------------


def test_a_restored_tpg_can_be_enabled_after_another_got_its_number(shell: Shell) -> None:
    shell.ok(f"/iscsi create {A}")
    saved(shell)
    again(shell)
    shell.ok(f"{TPG_A} disable")
    shell.ok(f"/iscsi create {B}")
    assert shell.ok(f"{TPG_A} enable").asides == []
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, TPG_B), [2, 1])


def test_off_on_and_back_off_is_the_same_file(user: Shell) -> None:
    user.ok(f"{TPG_A} disable")
    user.ok(f"saveconfig {SAVED}")
    before = SAVED.read_bytes()
    assert b"rtpi" not in before
    user.ok(f"{TPG_A} enable")
    user.ok(f"{TPG_A} disable")
    user.ok(f"saveconfig {SAVED}")
    assert SAVED.read_bytes() == before
    settled(user)


def test_a_number_that_was_set_is_kept(user: Shell) -> None:
    user.ok(f"{TPG_A} disable")
    if not HAS:
        user.refuses(f"{TPG_A} set port rtpi=77", "Unknown parameter rtpi", LACKS)
        return
    user.ok(f"{TPG_A} set port rtpi=77")
    user.ok(f"{TPG_A} enable")
    user.refuses(f"{TPG_A} set port rtpi=78", "cannot be changed while the TPG is enabled")
    user.ok(f"saveconfig {SAVED}")
    assert b'"rtpi": "0x4d"' in SAVED.read_bytes()
    before = SAVED.read_bytes()
    assert again(user).asides == []
    assert numbers(TPG_A) == [77]
    user.ok(f"saveconfig {SAVED}")
    assert SAVED.read_bytes() == before


def test_a_number_that_was_set_can_be_left_to_the_kernel_again(user: Shell) -> None:
    for line in (f"{TPG_A} disable", *([f"{TPG_A} set port rtpi=77"] if HAS else [])):
        user.ok(line)
    if HAS:
        user.ok(f"{TPG_A} set port rtpi=0")
    user.ok(f"{TPG_A} enable")
    assert same(numbers(TPG_A), [77])
    assert "rtpi" not in json.dumps(saved(user))
    again(user)
    assert same(numbers(TPG_A, TPG_B), [1, 2])


def test_undo_of_a_number(user: Shell) -> None:
    user.ok(f"{TPG_A} disable")
    before = saved(user)
    if HAS:
        user.ok(f"{TPG_A} set port rtpi=77")
        assert saved(user) != before
        user.ok("undo")
        assert numbers(TPG_A) == [1]
    assert saved(user) == before


# -- numbers that are in use --------------------------------------------------------------------


def test_a_number_in_use_is_refused(user: Shell) -> None:
    user.ok(f"{TPG_A} disable")
    text = f"{TPG_A}: {TPG_B} has rtpi 2 (choose another number, such as 65535)"
    user.refuses(f"{TPG_A} set port rtpi=2", text if HAS else LACKS)


def both_set(user: Shell) -> None:
    """Set one number for both TPGs, and enable only the second."""
    for tpg in (TPG_A, TPG_B):
        user.ok(f"{tpg} disable")
    if HAS:
        user.ok(f"{TPG_A} set port rtpi=7")
        note = f"Note: rtpi 0x7 is set for {TPG_A} too: the one enabled later gets another"
        assert user.ok(f"{TPG_B} set port rtpi=7").asides == [note]
    user.ok(f"{TPG_B} enable")


@pytest.mark.parametrize("way", ["enable", "apply", "undo"])
def test_a_tpg_whose_number_is_in_use_is_enabled_with_another(user: Shell, way: str) -> None:
    if way == "undo":
        user.ok(f"{TPG_B} disable")
        both_set(user)
        user.ok(f"{TPG_B} disable")
        user.ok(f"{TPG_A} enable")
        user.ok(f"{TPG_A} disable")
        user.ok(f"{TPG_B} enable")
        # Enables A, while B has its number.
        answer = user.ok("revert " + str(_number_of(user, f"{TPG_A} disable")))
    else:
        both_set(user)
        saved(user)
        if way == "apply":
            config = json.loads(SAVED.read_text().replace('"enable": false', '"enable": true'))
            config.pop("rtslib_ext", None)
            SAVED.write_text(json.dumps(config))
            answer = user.ok(f"apply {SAVED}", yes=True)
        else:
            answer = user.ok(f"{TPG_A} enable")
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, TPG_B), [0xFFFF, 7])
    note = f"Note: {TPG_A}: {TPG_B} has rtpi 0x7; this TPG gets 0xffff"
    assert answer.stderr.count(note) == int(HAS)


def _number_of(user: Shell, command: str) -> int:
    rows = [row for row in user.ok("history").rows if row.endswith(command)]
    return int(rows[0].split()[0])


def test_a_number_that_two_tpgs_of_a_file_want(user: Shell) -> None:
    saved(user, a=9, b=9)
    answer = again(user)
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, TPG_B), [9, 1])
    if HAS:
        note = f"Note: {TPG_B}: {TPG_A} has rtpi 0x9; this TPG gets another one"
        assert answer.asides == [note]
    else:
        assert answer.asides == [f"Note: {TPG_A} and 1 more: {LACKS}; it was skipped"]
    settled(user)


# -- apply ------------------------------------------------------------------------------------


def test_apply_gives_a_number_that_only_a_disabled_tpg_shows(user: Shell) -> None:
    saved(user, a=1)
    for line in (f"{TPG_A} disable", f"{TPG_B} disable"):
        user.ok(line)
    user.ok(f"/iscsi delete {A}")
    user.ok(f"{TPG_B} enable")
    user.ok(f"{TPG_B} disable")
    answer = user.ok(f"apply {SAVED}", yes=True)
    assert [row for row in answer.rows if row.startswith("Note")] == []
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, TPG_B), [1, 2])
    settled(user)


def test_apply_changes_the_number_of_an_enabled_tpg(user: Shell) -> None:
    saved(user, a=5)
    planned = user(f"diff {SAVED}")
    if HAS:
        line = f"~ {TPG_A}: would set rtpi: 0x1 -> 0x5"
        assert planned.rows == [line, "Plan: 1 to change."]
    else:
        assert planned.rows == ["No differences", f"Note: {TPG_A}: {LACKS}; it was skipped"]
    user.ok(f"apply {SAVED}", yes=True)
    assert same(numbers(TPG_A, TPG_B), [5, 2])
    assert enabled(TPG_A, TPG_B)
    settled(user)
    if HAS:
        user.ok("undo", yes=True)
    assert same(numbers(TPG_A, TPG_B), [1, 2])


def test_apply_takes_a_number_from_a_tpg_that_only_got_it(user: Shell) -> None:
    saved(user, b=1)
    answer = user.ok(f"apply {SAVED}", yes=True)
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, TPG_B), [2, 1])
    note = f"Note: {TPG_A}: its rtpi 0x1 goes to {TPG_B}; this TPG gets another one"
    assert answer.rows.count(note) == int(HAS)
    settled(user)


def test_apply_swaps_two_numbers(user: Shell) -> None:
    saved(user, a=5, b=6)
    user.ok(f"apply {SAVED}", yes=True)
    saved(user, a=6, b=5)
    user.ok(f"apply {SAVED}", yes=True)
    assert same(numbers(TPG_A, TPG_B), [6, 5])
    settled(user)
    if HAS:
        user.ok("undo", yes=True)
    assert same(numbers(TPG_A, TPG_B), [5, 6])
    assert enabled(TPG_A, TPG_B)


def test_restore_enables_tpgs_with_a_number_of_their_own_first(user: Shell) -> None:
    saved(user, b=1)
    assert again(user).asides == ([] if HAS else [f"Note: {TPG_B}: {LACKS}; it was skipped"])
    assert same(numbers(TPG_A, TPG_B), [2, 1])
    settled(user)


@pytest.mark.parametrize("text", ["65536", "-1", "x"])
def test_a_number_of_a_file_is_checked(user: Shell, text: str) -> None:
    config = saved(user)
    config["rtslib_ext"] = {"tpgs": {TPG_A: {"files": {"rtpi": text}}}}
    SAVED.write_text(json.dumps(config))
    user.ok("clearconfig confirm=true")
    answer = user(f"restoreconfig {SAVED}")
    assert answer.exit == int(HAS)
    assert ("rtpi takes a number from 1 to 65535" if HAS else LACKS) in answer.stderr
    assert enabled(TPG_A, TPG_B)


# -- persistent registrations ---------------------------------------------------------------------

SERIAL = "7b1ad3c2-0001"
KEPT = f"""\
PR_REG_START: 0
initiator_fabric=iSCSI
initiator_node=iqn.2003-01.org.example:node1
sa_res_key=2748
res_holder=0
res_all_tg_pt=0
mapped_lun=0
target_fabric=iSCSI
target_node={B}
tpgt=1
port_rtpi=9
target_lun=0
PR_REG_END: 0
"""


@pytest.mark.parametrize("way", ["restoreconfig", "apply"])
def test_a_tpg_gets_the_number_of_its_registrations(user: Shell, way: str) -> None:
    user.ok(f"/backstores/ramdisk create r1 1M wwn={SERIAL}")
    user.ok(f"{TPG_B}/luns create /backstores/ramdisk/r1")
    user.ok(f"{TPG_B}/acls create iqn.2003-01.org.example:node1")
    config = saved(user)
    user.ok("clearconfig confirm=true")
    kept = ETC / "pr" / f"aptpl_{SERIAL}"
    kept.write_text(KEPT)
    assert user.ok(f"{way} {SAVED}", yes=True).asides == []
    got = user.ok("/backstores/ramdisk/r1 get reservations registrants")
    assert "node1 key 0xabc" in got
    assert same(numbers(TPG_A, TPG_B), [1, 9])
    assert saved(user) == config
    kept.unlink()


# -- TPGs without enable --------------------------------------------------------------------------


def test_tpgs_without_enable_get_numbers_of_their_own(user: Shell) -> None:
    for wwn in (ONE, TWO):
        user.ok(f"/loopback create {wwn}")
    assert same(numbers(LOOP_1, LOOP_2), [0xFFFF, 0xFFFE])
    if not HAS:
        user.refuses(f"{LOOP_2} set port rtpi=21", LACKS)
    else:
        user.refuses(f"{LOOP_2} set port rtpi=65535", f"{LOOP_1} has rtpi 65535")
        user.refuses(f"{LOOP_2} set port rtpi=1", f"{TPG_A} has rtpi 1")
        user.ok(f"{LOOP_2} set port rtpi=21")
    config = saved(user)
    assert json.dumps(config).count("rtpi") == int(HAS)
    again(user)
    assert same(numbers(LOOP_1, LOOP_2), [0xFFFF, 21])
    assert saved(user) == config


def test_a_free_number_gives_way_to_one_that_was_set(user: Shell) -> None:
    user.ok(f"/loopback create {ONE}")
    saved(user, a=0xFFFF)
    user.ok(f"apply {SAVED}", yes=True)
    assert same(numbers(TPG_A, LOOP_1), [0xFFFF, 0xFFFE])
    settled(user)
    assert again(user).exit == 0
    assert same(numbers(TPG_A, LOOP_1), [0xFFFF, 0xFFFE])


def test_undo_of_a_deleted_loopback_target_gives_it_a_number(user: Shell) -> None:
    user.ok(f"/loopback create {ONE}")
    user.ok(f"/loopback delete {ONE}")
    user.ok("undo")
    assert same(numbers(LOOP_1), [0xFFFF])
    assert value(f"{FILES[LOOP_1]}/nexus").startswith("naa.")


@pytest.mark.parametrize("way", ["enable", "restoreconfig"])
def test_the_kernel_gives_no_number_of_a_tpg_without_enable(user: Shell, way: str) -> None:
    """It knows only those of enabled TPGs."""
    user.ok(f"/loopback create {ONE}")
    if HAS:
        user.ok(f"{TPG_A} disable")
        user.ok(f"{LOOP_1} set port rtpi=1")
    if way == "enable":
        answer = user.ok(f"{TPG_A} enable") if HAS else user.ok(f"{TPG_A} info")
    else:
        saved(user)
        SAVED.write_text(SAVED.read_text().replace('"enable": false', '"enable": true'))
        answer = again(user)
    assert enabled(TPG_A, TPG_B)
    assert same(numbers(TPG_A, LOOP_1), [0xFFFF, 1])
    note = f"Note: {TPG_A}: {LOOP_1} has rtpi 0x1; this TPG gets 0xffff"
    assert answer.stderr.count(note) == int(HAS)


# -- fragments of owners ----------------------------------------------------------------------


def test_a_fragment_gets_no_number_of_another_tpg(user: Shell, disks: Path) -> None:
    """The other TPG and its sessions are not the owner's: it keeps its number."""
    file = disks / "csi.json"

    def put(*numbers: int) -> str:
        tpgs = [{"tag": tag, "enable": True} for tag in range(1, len(numbers) + 1)]
        target = {"fabric": "iscsi", "wwn": f"{A}-of-csi", "tpgs": tpgs}
        files = {
            f"/iscsi/{A}-of-csi/tpg{tag}": {"files": {"rtpi": f"{number:#x}"}}
            for tag, number in enumerate(numbers, 1)
        }
        value = {"targets": [target], "rtslib_ext": {"tpgs": files}}
        file.write_text(json.dumps(value))
        return f"apply {file} --owner csi"

    texts = (f"/iscsi/{A}-of-csi/tpg2", "rtpi 0x4d", "/tpg1 has", "nothing was changed")
    user.refuses(put(77, 77), *texts, "such as 0xffff")
    if not HAS:
        user.ok(put(1))
        return
    user.refuses(put(78, 2), f"{TPG_B} has", "0x2", "such as 0xffff")
    # A number that was set counts while its TPG is disabled, too.
    for line in ("disable", "set port rtpi=0xffff"):
        user.ok(f"{TPG_A} {line}")
    user.refuses(put(0xFFFF), f"{TPG_A} has", "such as 0xfffe")
    user.ok(put(78, 79))
    assert user.ok(put(78, 79)).rows[-1] == "Nothing to change"
    # Its own ones may be exchanged.
    user.ok(put(79, 78))
    user.ok("apply --owner csi --remove")


def test_no_tpg_gets_a_number_by_itself_that_a_fragment_sets(user: Shell) -> None:
    """Of the save file, and of a fragment that is applied before that one."""
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    folder = ETC / "conf.d"
    folder.mkdir(exist_ok=True)
    wwns = [f"iqn.2003-01.org.example:{name}" for name in ("early", "first", "second")]
    for wwn, number in zip(wwns, (0, 1, 3), strict=True):
        target = {"fabric": "iscsi", "wwn": wwn, "tpgs": [{"tag": 1, "enable": True}]}
        own = {"tpgs": {f"/iscsi/{wwn}/tpg1": {"files": {"rtpi": f"{number:#x}"}}}}
        fragment = {"targets": [target], **({"rtslib_ext": own} if number else {})}
        (folder / f"{wwn.rpartition(':')[2]}.json").write_text(json.dumps(fragment))
    assert start.run(user.env(), 0) == 0
    for file in folder.glob("*.json"):
        file.unlink()
    found = [int(value(f"iscsi/{wwn}/tpgt_1/rtpi"), 0) for wwn in (*wwns, A, B) if HAS]
    assert found[1:3] == ([1, 3] if HAS else []) and len({*found}) == len(found)
    user.ok(f"saveconfig {SAVED}")
    own = json.loads(SAVED.read_text()).get("rtslib_ext", {}).get("tpgs", {})
    assert len(own) == (2 if HAS else 0), "the numbers of the others are not set on purpose"
