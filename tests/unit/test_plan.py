# SPDX-License-Identifier: Apache-2.0
"""Plans as values: what is equal is not touched, what differs is named."""

from __future__ import annotations

import os
import signal

import pytest

from rtslib_ext.config import merge
from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.plan import diff
from rtslib_ext.plan.builder import Plan
from rtslib_ext.steps import Context, Step, codec
from rtslib_ext.steps.operations import BestEffort, Fail, Mkdir, Write
from rtslib_ext.steps.step import Action
from rtslib_ext.transaction import executor, recovery
from rtslib_ext.transaction.journal import Journal, Unfinished, find

DISK = StorageObject("disk", RamDisk(1 << 20), wwn="1", attributes={"emulate_caw": "1"})
GROUPS = {
    "default_tg_pt_gp": AluaGroup("default_tg_pt_gp", 0, {"preferred": "0"}),
    "gold": AluaGroup("gold", 1, {"preferred": "1"}),
}
ACL = NodeAcl(
    "iqn.2003-01.org.example:host",
    mapped_luns={0: MappedLun(0, 0, alias="map")},
    auth=Auth("user", "secret", "", ""),
)
TPG = Tpg(
    1,
    enable=True,
    attributes={"authentication": "1", "login_timeout": "15"},
    parameters={"AuthMethod": "CHAP"},
    luns={0: Lun(0, DISK.key, alias="lun")},
    portals={"127.0.0.1:3260": Portal("127.0.0.1", 3260)},
    acls={ACL.wwn: ACL},
)
TARGET = Target("iscsi", "iqn.2003-01.org.example:store", {1: TPG})
HAVE = Config({DISK.key: DISK}, {TARGET.key: TARGET})
PATH = f"/iscsi/{TARGET.wwn}/tpg1"


def between(have: Config, want: Config) -> Plan:
    """A plan that asks no kernel."""
    return diff.plan(
        have, want, lambda key: f"core/home/{key[1]}", paths.HbaAllocator(ConfigFS("/nonexistent"))
    )


def texts(have: Config, want: Config) -> list[str]:
    """The steps in words."""
    return [str(step) for step in between(have, want).steps]


def with_disk(so: StorageObject) -> Config:
    """The same configuration on another storage object."""
    return replace(HAVE, storage_objects={so.key: so})


def with_tpg(tpg: Tpg) -> Config:
    """The same configuration with another TPG."""
    return replace(HAVE, targets={TARGET.key: replace(TARGET, tpgs={1: tpg})})


def test_equal_is_nothing_to_do() -> None:
    assert texts(HAVE, HAVE) == []
    assert not between(HAVE, HAVE)
    assert texts(Config(), Config()) == []


def test_what_is_left_open_stays() -> None:
    so = StorageObject("disk", RamDisk(1 << 20))
    tpg = replace(TPG, attributes={}, parameters={}, luns={0: Lun(0, DISK.key)})
    assert texts(HAVE, with_disk(so)) == []
    assert texts(HAVE, with_tpg(tpg)) == []


def test_a_live_value_is_one_step() -> None:
    so = replace(DISK, attributes={"emulate_caw": "0"})
    assert texts(HAVE, with_disk(so)) == ["~ /backstores/ramdisk/disk: set emulate_caw=0"]
    tpg = replace(TPG, attributes={**TPG.attributes, "login_timeout": "20"})
    assert texts(HAVE, with_tpg(tpg)) == [f"~ {PATH}: set login_timeout=20"]


def test_what_another_value_moves_is_written_after_it() -> None:
    tpg = replace(TPG, attributes={**TPG.attributes, "authentication": "0"})
    assert texts(HAVE, with_tpg(tpg)) == [
        f"~ {PATH}: set authentication=0",
        f"~ {PATH}: set AuthMethod=CHAP",
    ]


def test_a_value_that_needs_the_lun_away() -> None:
    found = between(HAVE, with_disk(replace(DISK, wwn="2")))
    assert [str(step) for step in found.steps] == [
        f"- {PATH}/acls/{ACL.wwn}/mapped_lun0: unmap LUN 0",
        f"- {PATH}/luns/lun0: delete LUN 0 (ramdisk/disk)",
        "~ /backstores/ramdisk/disk: set vpd_unit_serial=2",
        f"+ {PATH}/luns/lun0: create LUN 0 (ramdisk/disk)",
        f"+ {PATH}/acls/{ACL.wwn}/mapped_lun0: map LUN 0 as 0, read-write",
    ]
    assert found.replaced == {
        f"{PATH}/luns/lun0": "its unit serial number changes",
        f"{PATH}/acls/{ACL.wwn}/mapped_lun0": "its unit serial number changes",
    }


def test_a_storage_object_made_again() -> None:
    found = between(HAVE, with_disk(replace(DISK, backing=RamDisk(2 << 20))))
    assert found.replaced["/backstores/ramdisk/disk"] == "size: 1.0MiB -> 2.0MiB"
    signs = [step.action.value for step in found.steps if step.path == DISK.path]
    assert signs[:2] == ["-", "+"]


def test_a_file_grows_without_anybody_noticing() -> None:
    disk = StorageObject("disk", FileIO("/srv/disk", 1 << 20))
    have = Config({disk.key: disk})
    want = Config({disk.key: replace(disk, backing=FileIO("/srv/disk", 2 << 20))})
    assert texts(have, want) == ["~ /backstores/fileio/disk: set size=2097152"]
    assert between(want, have).replaced == {"/backstores/fileio/disk": "size: 2.0MiB -> 1.0MiB"}


def test_groups_that_nobody_mentions_stay() -> None:
    have = with_disk(replace(DISK, alua_groups=GROUPS))
    assert texts(have, HAVE) == []
    only_default = {"default_tg_pt_gp": GROUPS["default_tg_pt_gp"]}
    want = with_disk(replace(DISK, alua_groups=only_default))
    assert texts(have, want) == [
        "- /backstores/ramdisk/disk/alua/gold: delete target port group gold"
    ]


def test_credentials_that_nobody_mentions_go() -> None:
    acl = replace(ACL, auth=Auth())
    found = texts(HAVE, with_tpg(replace(TPG, acls={acl.wwn: acl})))
    assert found == [
        f"~ {PATH}/acls/{ACL.wwn}: set userid=",
        f"~ {PATH}/acls/{ACL.wwn}: set password=",
    ]


def test_laid_over_removes_nothing() -> None:
    tpg = Tpg(1, attributes={"login_timeout": "20"}, luns={1: Lun(1, DISK.key)})
    above = Config(targets={TARGET.key: Target("iscsi", TARGET.wwn, {1: tpg})})
    assert texts(HAVE, merge.merge(HAVE, above)) == [
        f"~ {PATH}: set login_timeout=20",
        f"+ {PATH}/luns/lun1: create LUN 1 (ramdisk/disk)",
    ]
    assert texts(HAVE, merge.merge(HAVE, Config())) == []


# -- steps on disk ----------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(HAVE, Config()), (Config(), HAVE)])
def test_steps_as_json_and_back(pair: tuple[Config, Config]) -> None:
    for step in between(*pair).steps:
        assert codec.decode(codec.encode(step)) == step


def test_operations_within_operations_as_json_and_back() -> None:
    step = Step(Action.CREATE, "/x", "try", "", (BestEffort(Mkdir("x"), "/x"),), undo=())
    assert codec.decode(codec.encode(step)) == step
    refuse = Step(Action.UPDATE, "/x", "no", "", (Fail(NotImplementedError("why")),))  # type: ignore[arg-type]
    assert "why" in str(codec.encode(refuse))


def journal_of(path: str, begun: int, undone: tuple[int, ...] = ()) -> Unfinished:
    """What is found of a change that was cut off there."""
    steps = [
        Step(Action.CREATE, "/a", "one", "", (Mkdir("a"), Write("a/x", "1"))),
        Step(Action.CREATE, "/b", "two", "", (Mkdir("b"),)),
    ]
    journal = Journal(path, {"command": "apply"})
    journal.open(steps)
    for _ in range(begun):
        journal.begin()
    for number in undone:
        journal.undone(number)
    found = find(path)
    journal.close(keep=True)
    assert found is not None
    assert list(found.steps) == steps
    assert found.about["command"] == "apply"
    return found


@pytest.mark.parametrize(
    ("begun", "position"), [(0, (0, 0)), (1, (0, 1)), (2, (0, 2)), (3, (1, 1))]
)
def test_where_a_change_was_cut_off(
    tmp_path: object, begun: int, position: tuple[int, int]
) -> None:
    assert journal_of(f"{tmp_path}/run/journal", begun).position() == position


def test_what_was_taken_back_already(tmp_path: object) -> None:
    path = f"{tmp_path}/journal"
    found = journal_of(path, 3, (1, 0))
    assert found.undone == 0
    # Nothing is left to do: this kernel would refuse everything.
    assert recovery.undo(Context(ConfigFS("/nonexistent")), found) == []
    assert find(path) is None


def test_what_is_stuck_keeps_what_was_done_before_it(tmp_path: object) -> None:
    path = f"{tmp_path}/journal"
    os.makedirs(f"{tmp_path}/tree/a")
    os.makedirs(f"{tmp_path}/tree/b/more")
    context = Context(ConfigFS(f"{tmp_path}/tree"))
    told, before = recovery.undo(context, journal_of(path, 3))
    assert "/b: two" in told and before == "earlier steps, to be rolled back after it: 1"
    assert os.path.exists(f"{tmp_path}/tree/a")


def test_taking_back_goes_on_where_it_was(tmp_path: object) -> None:
    path = f"{tmp_path}/journal"
    os.makedirs(f"{tmp_path}/tree/a/more")
    os.makedirs(f"{tmp_path}/tree/b")
    context = Context(ConfigFS(f"{tmp_path}/tree"))
    (told,) = recovery.undo(context, journal_of(path, 3))
    assert "/a: one" in told and not os.path.exists(f"{tmp_path}/tree/b")
    found = find(path)
    assert found is not None and found.undone == 1
    os.rmdir(f"{tmp_path}/tree/a/more")
    assert recovery.undo(context, found) == []
    assert find(path) is None and os.listdir(f"{tmp_path}/tree") == []


def test_what_cannot_be_noted_is_not_done(tmp_path: object) -> None:
    """A full file system: the change fails as any other, and taking it back goes on."""
    journal = Journal(f"{tmp_path}/journal", {"command": "apply"})
    journal.open([])
    with open("/dev/full", "wb", buffering=0) as full:
        os.dup2(full.fileno(), journal._handle or -1)
    with pytest.raises(LioError, match="cannot write the journal .*: no"):
        journal.begin()
    journal.undone(0)
    journal.close()


def test_an_interrupt_that_comes_too_late_changes_nothing() -> None:
    with executor.held_interrupts() as let_through:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            let_through()
        os.kill(os.getpid(), signal.SIGINT)
