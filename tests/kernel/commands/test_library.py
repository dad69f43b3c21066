# SPDX-License-Identifier: Apache-2.0
"""The library as a storage driver uses it, beside the shell: System and what it returns."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtslib_ext import (
    Action,
    Block,
    Change,
    Config,
    Exists,
    FileIO,
    InUse,
    InvalidValue,
    LioError,
    Locked,
    Lun,
    MappedLun,
    NodeAcl,
    NotFound,
    Outdated,
    Portal,
    RamDisk,
    StorageObject,
    System,
    Target,
    Tpg,
)
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.transaction import confirmed_commit
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Journal
from rtslib_ext.transaction.lock import JOURNAL, LastChange, change_lock, holder

from .harness import Shell, tree
from .initiator import logged_in

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.1994-05.com.example:host1"
KEY = ("iscsi", IQN)
RAM = ("ramdisk", "d1")


def exported(*disks: StorageObject) -> Config:
    """Return a target that exports some disks to one initiator."""
    luns = {index: Lun(index, disk.key) for index, disk in enumerate(disks)}
    portal = Portal("127.0.0.1", 3260)
    acl = NodeAcl(HOST, {index: MappedLun(index, index) for index in luns})
    attributes = {"authentication": "0"}
    acls, portals = {acl.wwn: acl}, {portal.name: portal}
    tpg = Tpg(1, True, attributes, luns=luns, portals=portals, acls=acls)
    return Config({disk.key: disk for disk in disks}, {KEY: Target("iscsi", IQN, {1: tpg})})


def ramdisk(name: str) -> StorageObject:
    return StorageObject(name, RamDisk(1 << 20))


def without_luns(config: Config) -> Config:
    tpg = config.targets[KEY].tpgs[1]
    acls = {HOST: replace(tpg.acls[HOST], mapped_luns={})}
    tpg = replace(tpg, luns={}, acls=acls)
    return replace(config, targets={KEY: replace(config.targets[KEY], tpgs={1: tpg})})


@pytest.fixture
def system(configfs: object) -> System:
    return System()


def test_a_plan_that_is_applied_leaves_nothing_to_do(system: System) -> None:
    want = exported(ramdisk("d1"), ramdisk("d2"))
    change = system.plan(want)
    assert change and system.read().is_empty and change.have.is_empty
    assert [step.path for step in change.steps if step.action is Action.CREATE][:2] == [
        "/backstores/ramdisk/d1",
        "/backstores/ramdisk/d2",
    ]
    outcome = system.apply(change)
    assert (len(outcome.done), outcome.remaining) == (len(change.steps), [])
    tpg = system.read().targets[KEY].tpgs[1]
    assert tpg.luns[1].storage_object == ("ramdisk", "d2")
    assert tpg.acls[HOST].mapped_luns[0].tpg_lun == 0 and tpg.enable
    assert not system.plan(want)
    assert system.apply(system.plan(want)).done == []


def test_a_merge_deletes_nothing_and_an_exact_plan_does(system: System) -> None:
    system.apply(system.plan(exported(ramdisk("d1"))))
    system.apply(system.plan(Config({("ramdisk", "d2"): ramdisk("d2")})))
    assert list(system.read().storage_objects) == [("ramdisk", "d1"), ("ramdisk", "d2")]
    only = Config({("ramdisk", "d2"): ramdisk("d2")})
    change = system.plan(only, exact=True)
    assert Action.DELETE in {step.action for step in change.steps}
    assert Action.CREATE not in {step.action for step in change.steps}
    system.apply(change)
    assert list(system.read().storage_objects) == [("ramdisk", "d2")]
    assert not system.read().targets


def test_a_file_is_created_only_where_that_is_asked_for(system: System, disks: Path) -> None:
    file = disks / "d1.img"
    want = exported(StorageObject("d1", FileIO(str(file), size=1 << 20)))
    before = tree()
    with pytest.raises(NotFound, match=str(file)):
        system.apply(system.plan(want))
    assert tree() == before and not file.exists()
    change = system.plan(want, create_files=True)
    assert str(change.steps[0]).endswith(", a new file") and not file.exists()
    system.apply(change)
    assert file.stat().st_size == 1 << 20
    assert not system.plan(want, create_files=True)


def test_all_or_nothing(system: System, shell: Shell, disks: Path) -> None:
    other = "/iscsi/iqn.2003-01.org.example:other"
    shell.ok("set global auto_add_default_portal=false")
    shell.ok(f"/iscsi create {other.rpartition('/')[2]}")
    shell.ok(f"{other}/tpg1/portals create 0.0.0.0 3260")
    file = disks / "d1.img"
    disk = StorageObject("d1", FileIO(str(file), size=1 << 20))
    before = tree()
    change = system.plan(exported(disk), create_files=True)
    with pytest.raises(LioError) as failed:
        system.apply(change)
    assert failed.value.path == f"/iscsi/{IQN}/tpg1/portals/127.0.0.1:3260"
    assert tree() == before and not file.exists() and not os.path.exists(JOURNAL)
    again = pickle.loads(pickle.dumps(failed.value))
    assert (type(again), str(again), again.path) == (
        type(failed.value),
        str(failed.value),
        failed.value.path,
    )


@pytest.mark.parametrize(
    ("want", "kind", "text"),
    [
        (
            Config(targets={("fcoe", IQN): Target("fcoe", IQN)}),
            InvalidValue,
            "unknown fabric fcoe",
        ),
        (without_luns(exported(StorageObject("d", Block("/dev/nosuch")))), LioError, "/dev/nosuch"),
        (
            replace(exported(ramdisk("d1")), storage_objects={}),
            NotFound,
            "there is no storage object /backstores/ramdisk/d1",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    system: System, want: Config, kind: type[LioError], text: str
) -> None:
    before = tree()
    with pytest.raises(LioError, match=text) as refused:
        system.apply(system.plan(want))
    assert isinstance(refused.value, kind) and refused.value.path
    assert tree() == before


def test_a_plan_that_no_longer_holds_is_refused(system: System, shell: Shell) -> None:
    want = exported(ramdisk("d1"))
    change = system.plan(want)
    shell.ok("set global auto_add_default_portal=false")
    shell.ok("/backstores/ramdisk create other 1M")
    shell.ok(f"/iscsi create {IQN}")
    before = tree()
    with pytest.raises(Outdated, match="changed after this change was planned"):
        system.apply(change)
    assert tree() == before
    system.apply(system.plan(want))
    names = [key[1] for key in system.read().storage_objects]
    assert names == ["d1", "other"]


def test_what_others_do_elsewhere_does_not_matter(system: System, shell: Shell) -> None:
    change = system.plan(exported(ramdisk("d1")))
    shell.ok("/backstores/ramdisk create other 1M")
    shell.ok("/loopback create")
    system.apply(change)
    assert len(system.read().storage_objects) == 2 and len(system.read().targets) == 2


def test_an_exact_plan_does_not_delete_what_is_new(system: System, shell: Shell) -> None:
    change = system.plan(exported(ramdisk("d1")), exact=True)
    shell.ok("/backstores/ramdisk create other 1M")
    with pytest.raises(Outdated):
        system.apply(change)
    assert list(system.read().storage_objects) == [("ramdisk", "other")]


def test_several_changes_under_one_lock(system: System) -> None:
    with system.changing("driver: attach") as same, system.changing("inner"):
        assert same is system
        assert (found := holder()) and found.command == "driver: attach"
        for name in ("d1", "d2"):
            system.apply(system.plan(Config({("ramdisk", name): ramdisk(name)})))
        two = [system.plan(exported(ramdisk("d1"))), system.plan(exported(ramdisk("d2")))]
        system.apply(two[0])
        # It was planned before the other one was applied.
        with pytest.raises(Outdated):
            system.apply(two[1])
        assert holder() is not None
    assert holder() is None
    assert len(system.read().storage_objects) == 2


def test_a_thread_waits_for_the_block_of_another(system: System) -> None:
    told: list[bool] = []

    def run() -> None:
        system.apply(system.plan(Config({("ramdisk", "d1"): ramdisk("d1")})))
        told.append(inside)

    other = threading.Thread(target=run)
    with system.changing("driver"):
        inside = True
        other.start()
        time.sleep(1)
        assert not told and system.read().is_empty
        inside = False
    other.join()
    assert told == [False] and not system.read().is_empty


def test_a_forked_process_is_not_in_the_block_of_its_parent(system: System) -> None:
    with System(wait=0.1).changing("driver") as held:
        child = os.fork()
        if child == 0:
            try:
                held.apply(held.plan(Config({("ramdisk", "d1"): ramdisk("d1")})))
            except Locked:
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert system.read().is_empty


def test_the_lock_is_that_of_the_shell(system: System, shell: Shell) -> None:
    with system.changing("driver: attach disk1"):
        answer = shell("/backstores/ramdisk create r1 1M", wait=0.2)
    assert answer.exit == 1 and ": driver: attach disk1)" in answer.stderr
    with change_lock("/ saveconfig"), pytest.raises(Locked, match=": / saveconfig"):
        System(wait=0.2).apply(system.plan(exported(ramdisk("d1"))))
    assert system.read().is_empty


def test_a_change_that_was_cut_off_is_in_the_way_of_both(system: System, shell: Shell) -> None:
    change = system.plan(exported(ramdisk("d1")))
    cut_off = Journal(JOURNAL, {"command": "attach", "path": "/", "since": time.time()})
    cut_off.open(change.steps)
    for _ in change.steps[0].operations:
        cut_off.begin()
    cut_off.close(keep=True)
    with pytest.raises(InUse, match="attach on /, started ") as refused:
        system.apply(change)
    assert str(refused.value) in shell("/backstores/ramdisk create r1 1M").stderr
    shell.ok("recover")
    system.apply(change)


def test_a_killed_driver_is_recovered_by_the_shell(system: System, shell: Shell) -> None:
    shell.ok("set global auto_add_default_portal=false")
    shell.ok("/iscsi create iqn.2003-01.org.example:other")
    before = tree()
    program = (
        "import os, rtslib_ext as lio\n"
        "from rtslib_ext.kernel.configfs import ConfigFS\n"
        "class Deadly(ConfigFS):\n"
        "    def symlink(self, target, link):\n"
        "        os.kill(os.getpid(), 9)\n"
        "from tests.kernel.commands.test_library import exported, ramdisk\n"
        "system = lio.System(Deadly())\n"
        "system.apply(system.plan(exported(ramdisk('d1'))), 'attach d1')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -9 and tree() != before
    refused = shell("/backstores/ramdisk create r1 1M")
    assert "attach d1 on /, started" in refused.stderr
    assert "attach d1 on /" in shell.ok("recover")
    assert tree() == before
    system.apply(system.plan(exported(ramdisk("d1"))))


def test_a_change_that_waits_for_confirmation(system: System, shell: Shell) -> None:
    change = system.plan(exported(ramdisk("d1")))
    pending = PendingCommit.of((), {"command": "apply", "path": "/"}, 600)
    with change_lock("apply") as held:
        confirmed_commit.write(confirmed_commit.beside(JOURNAL), pending)
        held.leaves = LastChange.UNCONFIRMED
    for _ in range(2):
        with pytest.raises(InUse, match="apply on / is waiting for confirmation"):
            system.apply(change)
    # The next command still reports it.
    answer = shell.ok("/backstores/ramdisk create r1 1M")
    assert "apply on / is rolled back automatically at" in answer.stderr
    shell.ok("confirm")
    system.apply(change)


def test_sessions_and_what_would_interrupt_them(system: System) -> None:
    assert system.sessions() == [] == system.dynamic_sessions()
    want = exported(ramdisk("d1"), ramdisk("d2"))
    system.apply(system.plan(want))
    with logged_in(HOST, IQN):
        (session,) = system.sessions()
        assert (session.initiator, session.target, session.tpg) == (HOST, IQN, 1)
        assert session.connections[0].address.startswith("127.0.0.1")
        assert not system.plan(want).interrupts
        change = system.plan(without_luns(want), exact=True)
        assert {item.initiator for item in change.interrupts} == {HOST}
        before = tree()
        with pytest.raises(InUse, match=f"nothing was changed: {HOST}"):
            system.apply(change)
        assert tree() == before
        system.apply(change, interrupt=True)
    assert system.read().targets[KEY].tpgs[1].luns == {}


def test_a_session_that_began_after_the_plan_counts(system: System) -> None:
    want = exported(ramdisk("d1"))
    system.apply(system.plan(want))
    change = system.plan(without_luns(want), exact=True)
    assert not change.interrupts
    with logged_in(HOST, IQN), pytest.raises(InUse):
        system.apply(change)
    while system.sessions():
        time.sleep(0.1)
    system.apply(change)


def test_an_initiator_without_an_acl(system: System) -> None:
    want = exported(ramdisk("d1"))
    tpg = want.targets[KEY].tpgs[1]
    tpg = replace(tpg, attributes={"authentication": "0", "generate_node_acls": "1"}, acls={})
    system.apply(system.plan(replace(want, targets={KEY: Target("iscsi", IQN, {1: tpg})})))
    with logged_in(HOST, IQN):
        (dynamic,) = system.dynamic_sessions()
    assert (dynamic.initiator, dynamic.target, dynamic.tpg) == (HOST, IQN, 1)


def test_changes_are_values(system: System) -> None:
    change = system.plan(exported(ramdisk("d1")))
    again: Change = pickle.loads(pickle.dumps(change))
    assert again == change and again.steps == change.steps
    system.apply(again)
    with pytest.raises(Outdated):
        system.apply(change)


def test_what_the_kernel_makes_something_else_of_is_told(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.apply(system.plan(exported(ramdisk("d1"))))
    tpg = system.read().targets[KEY].tpgs[1]
    tpg = replace(tpg, attributes={"login_timeout": "20"})
    wanted = Config(targets={KEY: Target("iscsi", IQN, {1: tpg})})
    write: Callable[[str, str], None] = system.fs.write

    def deaf(path: str, value: str) -> None:
        write(path, "15" if path.endswith("/login_timeout") else value)

    monkeypatch.setattr(system.fs, "write", deaf)
    outcome = system.apply(system.plan(wanted))
    assert [step.path for step in outcome.remaining] == [f"/iscsi/{IQN}/tpg1"]


def test_the_same_object_twice(system: System, shell: Shell) -> None:
    """An object of the same name that differs is not replaced by a merge without a word."""
    shell.ok("/backstores/ramdisk create d1 2M")
    change = system.plan(Config({("ramdisk", "d1"): ramdisk("d1")}))
    assert list(change.plan.replaced) == ["/backstores/ramdisk/d1"]
    assert not issubclass(Exists, InUse)


# -- owners -----------------------------------------------------------------------------------


def test_a_fragment_changes_what_its_owner_has(system: System, shell: Shell) -> None:
    """As apply --owner: the shell and the library have one record."""
    shell.ok("/backstores/ramdisk create mine 1M")
    plan = system.plan(exported(ramdisk("d1"), ramdisk("d2")), owner="csi")
    assert [step.path for step in plan.steps if "mine" in step.path] == []
    assert system.owners() == {} and plan.owner == "csi"
    outcome = system.apply(plan)
    assert len(outcome.done) == len(plan.steps) and outcome.remaining == []
    names = ("/backstores/ramdisk/d1", "/backstores/ramdisk/d2", f"/iscsi/{IQN}")
    assert system.owners() == dict.fromkeys(names, "csi")
    assert "/backstores/ramdisk/d2" in shell.ok("owners csi")
    assert not system.plan(exported(ramdisk("d1"), ramdisk("d2")), owner="csi")
    # Deleted is what it had, and nothing else.
    with system.changing("shrink"):
        system.apply(system.plan(exported(ramdisk("d1")), owner="csi"))
    assert list(system.read().storage_objects) == [("ramdisk", "d1"), ("ramdisk", "mine")]
    # An exact plan of others keeps it, and names it.
    exact = system.plan(Config(), exact=True)
    assert any("it belongs to csi" in text for _, text in exact.plan.notes)
    system.apply(exact)
    assert list(system.read().storage_objects) == [("ramdisk", "d1")]
    system.apply(system.plan(Config(), owner="csi"))
    assert system.read().is_empty and system.owners() == {}


def test_a_fragment_is_refused_what_others_have(system: System, shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create d1 1M")
    disk = StorageObject("d1", RamDisk(1 << 20), wwn=system.read().storage_objects[RAM].wwn)
    only = Config({disk.key: disk})
    with pytest.raises(Exists, match="has no owner"):
        system.plan(only, owner="csi")
    # Nothing to do but the record.
    change = system.plan(only, owner="csi", adopt=True)
    assert not change and change.part and dict(change.part.adopted) == {disk.path: ""}
    assert system.apply(change).done == []
    assert system.owners() == {disk.path: "csi"}
    with pytest.raises(InUse, match="belongs to csi"):
        system.plan(only, owner="pool")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"/iscsi/{IQN}/tpg1/luns create {disk.path}")
    with pytest.raises(InUse, match="exported by"):
        system.plan(Config(), owner="csi")
    for wrong in ({"adopt": True}, {"owner": "csi", "exact": True}, {"owner": "no name"}):
        with pytest.raises(InvalidValue):
            system.plan(only, **wrong)  # type: ignore[arg-type]


def test_the_record_follows_failures_and_deletions(system: System, shell: Shell) -> None:
    system.apply(system.plan(exported(ramdisk("d1")), owner="csi"))
    known, before = system.owners(), tree()
    broken = exported(ramdisk("d1"), ramdisk("d2"))
    del broken.storage_objects["ramdisk", "d2"]  # type: ignore[attr-defined]
    with pytest.raises(LioError):
        system.apply(system.plan(broken, owner="csi"))
    assert (tree(), system.owners()) == (before, known)
    # Planned before another change: the part of its owner is what counts.
    change = system.plan(exported(ramdisk("d1"), ramdisk("d2")), owner="csi")
    shell.ok("/backstores/ramdisk create other 1M")
    system.apply(change)
    assert "/backstores/ramdisk/d2" in system.owners()
    change = system.plan(exported(ramdisk("d1")), owner="csi")
    shell.ok(f"/iscsi delete {IQN}")
    with pytest.raises(Outdated):
        system.apply(change)
    assert f"/iscsi/{IQN}" not in system.owners()
