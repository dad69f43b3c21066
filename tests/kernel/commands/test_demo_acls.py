# SPDX-License-Identifier: Apache-2.0
"""ACLs of initiators that the kernel knows from demo mode: logged in without one, or cached."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rtslib_ext.config.model import NodeAcl
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.steps import Context, acls

from .harness import TARGET, Shell, value
from .initiator import Connected, Refused, logged_in, until

NAME = "iqn.2003-01.org.example"
IQN, GUEST = f"{NAME}:t", f"{NAME}:guest"
TPG, FOLDER = f"/iscsi/{IQN}/tpg1", f"iscsi/{IQN}/tpgt_1"
ACL = f"{TPG}/acls/{GUEST}"


def is_listed() -> bool:
    return GUEST in value(f"{FOLDER}/dynamic_sessions")


def shown() -> dict[int, str]:
    """The mapped LUNs of the ACL, with their write protection."""
    folders = (TARGET / FOLDER / "acls" / GUEST).glob("lun_*")
    found = {int(path.name.removeprefix("lun_")): path for path in folders}
    return {number: (path / "write_protect").read_text().strip() for number, path in found.items()}


def behind() -> list[int]:
    """The LUNs that the ACL has without a mapped LUN: the kernel says so of an empty one."""
    found = []
    for number in range(3):
        path = TARGET / FOLDER / "acls" / GUEST / f"lun_{number}"
        if not path.exists():
            path.mkdir()
            if (path / "write_protect").read_text():
                found.append(number)
            path.rmdir()
    return found


@pytest.fixture(params=["logged in", "cached"])
def guest(demo: Shell, request: pytest.FixtureRequest) -> Iterator[Connected | None]:
    """An initiator that came in without an ACL."""
    with logged_in(GUEST, IQN) as connection:
        until(is_listed)
        assert connection.luns() == [0, 1, 2]
        if request.param == "logged in":
            yield connection
            return
        connection.log_out()
    until(lambda: not is_listed())
    yield None


def sees(guest: Connected | None) -> list[int]:
    """What the initiator sees: in its session, or when it logs in again."""
    if guest is not None:
        return guest.luns()
    with logged_in(GUEST, IQN) as connection:
        return connection.luns()


def test_an_acl_without_luns_gives_none(demo: Shell, guest: Connected | None) -> None:
    demo.ok(f"{TPG}/acls create {GUEST} add_mapped_luns=false")
    assert (shown(), behind()) == ({}, [])
    # REPORT LUNS has LUN 0 where nothing is mapped (target_core_spc.c, spc_emulate_report_luns).
    assert sees(guest) == [0]
    # A number that was held from demo mode takes another LUN, and a new LUN is mapped.
    demo.ok(f"{ACL} create 1 lun2")
    demo.ok("/backstores/ramdisk create r3 1M")
    demo.ok(f"{TPG}/luns create /backstores/ramdisk/r3")
    assert sees(guest) == [0, 1]


def test_mapped_luns_are_writable_as_asked(demo: Shell, guest: Connected | None) -> None:
    for attribute in ("demo_mode_write_protect=1", "demo_mode_write_protect=0"):
        demo.ok(f"{TPG} set attribute {attribute}")
    demo.ok(f"{TPG}/acls create {GUEST}")
    assert (shown(), behind()) == ({0: "0", 1: "0", 2: "0"}, [])
    assert sees(guest) == [0, 1, 2]


def test_an_undone_deletion_gives_what_the_acl_showed(demo: Shell) -> None:
    demo.ok(f"{TPG}/acls create {GUEST} add_mapped_luns=false")
    demo.ok(f"{ACL} create 2 lun2 true")
    demo.ok(f"{TPG}/acls delete {GUEST}")
    with logged_in(GUEST, IQN) as connection:
        until(is_listed)
        assert connection.luns() == [0, 1, 2]
        # One for the ACL, with its mapped LUN.
        demo.ok("undo", yes=True)
        assert (shown(), behind(), connection.luns()) == ({2: "1"}, [], [2])


def test_apply_takes_away_what_the_file_does_not_have(demo: Shell, tmp_path: object) -> None:
    file = f"{tmp_path}/wanted.json"
    demo.ok(f"{TPG}/acls create {GUEST} add_mapped_luns=false")
    demo.ok(f"{ACL} create 1 lun0")
    demo.ok(f"saveconfig {file}")
    demo.ok(f"{TPG}/acls delete {GUEST}")
    with logged_in(GUEST, IQN) as connection:
        until(is_listed)
        demo.ok(f"apply {file}", yes=True)
        assert (shown(), behind(), connection.luns()) == ({1: "0"}, [], [1])


def test_a_number_that_another_program_left_held_is_mapped(demo: Shell) -> None:
    with logged_in(GUEST, IQN) as connection:
        until(is_listed)
        # As a program does that knows nothing of demo mode.
        (TARGET / FOLDER / "acls" / GUEST).mkdir()
        assert behind() == [0, 1, 2]
        demo.ok(f"{ACL} create 1 lun0")
        assert 1 in shown() and behind() == [0, 2]
        assert connection.luns() == [0, 1, 2]


def test_pin_keeps_the_luns_as_they_are(demo: Shell) -> None:
    with logged_in(GUEST, IQN) as connection:
        until(is_listed)
        demo.ok(f"{TPG} set attribute demo_mode_write_protect=1")
        demo.ok(f"{TPG}/acls pin")
        assert (shown(), behind(), connection.luns()) == (
            dict.fromkeys(range(3), "0"),
            [],
            [0, 1, 2],
        )


@pytest.mark.parametrize(
    "name",
    [
        f"{GUEST} {NAME}:b",
        f"../../../{NAME}:b/tpgt_1/acls/{NAME}:c",
        f"{GUEST}\n{NAME}:b",
        f"{NAME}:$(id)",
    ],
)
def test_pin_takes_names_of_initiators_only(demo: Shell, name: str) -> None:
    with logged_in(name, IQN), logged_in(GUEST, IQN):
        until(is_listed)
        until(lambda: name in value(f"{FOLDER}/dynamic_sessions"))
        answer = demo.ok(f"{TPG}/acls pin")
        assert f"{name!r} is not a name of type iqn or naa or eui: it gets no ACL" in answer
        assert [path.name for path in (TARGET / FOLDER / "acls").iterdir()] == [GUEST]
        assert [path.name for path in (TARGET / "iscsi").iterdir() if "iqn" in path.name] == [IQN]
        demo.refuses(f'{TPG}/acls pin "{GUEST} x"', "WWN not valid")
        listed = demo.ok("sessions")
        assert len(listed.rows) == 2
        demo.ok(f"{TPG}/acls delete {GUEST}")


def test_an_alias_is_shown_escaped(demo: Shell) -> None:
    demo.ok(f"{TPG}/acls create {GUEST}")
    alias = "a\x1b[1m\nLIO Session ID: 99   SessionType: Discovery"
    with logged_in(GUEST, IQN, InitiatorAlias=alias):
        until(lambda: "alias" in demo.ok("sessions"))
        (line,) = demo.ok("sessions").rows
        assert line.startswith(r"alias: a\x1b[1m\nLIO Session ID: 99") and "\x1b" not in line
        assert "sid: 99 " not in line and "type: Normal " in line
        (session,) = demo.ok("sessions", json=True).result.data()["sessions"]  # type: ignore[union-attr, misc, index]
        assert session["alias"] == alias and session["type"] == "Normal"


def test_strangers_stay_out(demo: Shell) -> None:
    demo.ok(f"{TPG} set attribute generate_node_acls=0")
    with pytest.raises(Refused), logged_in(GUEST, IQN):
        pass


def test_a_change_that_was_killed_is_rolled_back_or_finished(demo: Shell) -> None:
    """As it is left when a mapped LUN was just created to look behind it."""
    folder = TARGET / FOLDER / "acls" / GUEST
    for back in (True, False):
        with logged_in(GUEST, IQN) as connection:
            until(is_listed)
            (step, *_) = acls.create_acl(TpgPath.of(FABRICS["iscsi"], IQN, 1), NodeAcl(GUEST))
            make, drop = step.operations
            context = Context(demo.fs)
            make.do(context)
            (folder / "lun_1").mkdir()
            if back:
                assert step.roll_back(context, [make, drop]) == []
                assert not folder.exists()
            else:
                drop.do(context)
                assert (shown(), behind(), connection.luns()) == ({}, [], [0])


def caching() -> tuple[str, str]:
    """The attributes of demo mode."""
    names = ("generate_node_acls", "cache_dynamic_acls")
    return (value(f"{FOLDER}/attrib/{names[0]}"), value(f"{FOLDER}/attrib/{names[1]}"))


def may_log_in(name: str) -> bool:
    """Whether an initiator is let in; it logs out again."""
    try:
        with logged_in(name, IQN) as connection:
            until(lambda: name in value(f"{FOLDER}/dynamic_sessions"))
            connection.log_out()
    except Refused:
        return False
    until(lambda: name not in value(f"{FOLDER}/dynamic_sessions"))
    return True


def test_closed_demo_mode_is_closed(demo: Shell, tmp_path: object) -> None:
    assert caching() == ("1", "1")
    demo.refuses(
        f"{TPG} set attribute cache_dynamic_acls=0",
        "the kernel keeps cache_dynamic_acls=1 while generate_node_acls=1",
    )
    demo.refuses(f"{TPG} set attribute cache_dynamic_acls=0 generate_node_acls=1", "keeps")
    live, kept = f"{NAME}:live", f"{NAME}:kept"
    assert may_log_in(kept) and may_log_in(GUEST)
    with logged_in(live, IQN):
        until(lambda: live in value(f"{FOLDER}/dynamic_sessions"))
        # In this order the kernel would keep it.
        answer = demo.ok(f"{TPG} set attribute cache_dynamic_acls=0 generate_node_acls=0")
        assert caching() == ("0", "0")
        assert "can log in once more" in answer.stderr
        assert f"{live} stays logged in; disable and enable" in answer.stderr
        demo.ok(f"{TPG} disable")
        demo.ok(f"{TPG} enable")
    assert not may_log_in(live)
    # As the note says: once more, and not after the ACL was created and deleted.
    assert [may_log_in(kept) for _ in range(2)] == [True, False]
    demo.ok(f"{TPG}/acls create {GUEST}")
    demo.ok(f"{TPG}/acls delete {GUEST}")
    assert not may_log_in(GUEST)


def test_every_way_of_closing_demo_mode_closes_it(demo: Shell, tmp_path: object) -> None:
    whole, part = f"{tmp_path}/whole.json", f"{tmp_path}/part.json"
    answer = demo.ok(f"{TPG} set attribute generate_node_acls=0")
    assert "cache_dynamic_acls is 0 now" in answer.stderr and caching() == ("0", "0")
    demo.ok(f"saveconfig {whole}")
    target = {"fabric": "iscsi", "wwn": IQN}
    tpg = {"tag": 1, "enable": True, "attributes": {"generate_node_acls": 0}}
    with open(part, "w") as file:
        json.dump({"targets": [{**target, "tpgs": [tpg]}]}, file)
    for line in ("undo", f"apply {whole}", f"apply {part} --merge"):
        answer = demo.ok(f"{TPG} set attribute generate_node_acls=1")
        assert "cache_dynamic_acls is 1 now" in answer.stderr and caching() == ("1", "1")
        demo.ok(line, yes=True)
        assert caching() == ("0", "0"), line
    # A closed one that another program left half open.
    (TARGET / FOLDER / "attrib/cache_dynamic_acls").write_text("1")
    demo.ok(f"{TPG} set attribute generate_node_acls=0")
    assert caching() == ("0", "0")


def test_a_value_that_the_kernel_does_not_keep_is_explained(demo: Shell, tmp_path: object) -> None:
    file = f"{tmp_path}/wanted.json"
    demo.ok(f"saveconfig {file}")
    with open(file) as saved:
        whole = json.load(saved)
    whole["targets"][0]["tpgs"][0]["attributes"]["cache_dynamic_acls"] = 0
    with open(file, "w") as saved:
        json.dump(whole, saved)
    for line in (f"apply {file}", f"restoreconfig {file} clear_existing=true"):
        answer = demo.ok(line, yes=True)
        assert "cache_dynamic_acls=0 has no effect: the kernel keeps" in answer + answer.stderr
        assert caching() == ("1", "1")
    assert "No differences" in demo.ok(f"diff {file}")
    # It is kept while demo mode is off, where the file says so.
    demo.ok(f"{TPG} set attribute generate_node_acls=0 cache_dynamic_acls=1")
    assert (
        "it stays open to initiators"
        in demo.ok(f"{TPG} set attribute generate_node_acls=1").stderr
        + demo.ok("undo", yes=True).stderr
    )
