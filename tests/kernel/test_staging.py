# SPDX-License-Identifier: Apache-2.0
"""The overlay shows a new object as the kernel shows it once it is created."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath, ReadFS
from rtslib_ext.staging import stage
from rtslib_ext.staging.tree import StagedFS
from rtslib_ext.steps.operations import Mkdir
from rtslib_ext.transaction import apply
from rtslib_ext.transaction.apply import Change

IQN = "iqn.2003-01.org.example:store"
HOST = "iqn.2003-01.org.example:host"
NAA = "naa.5001405000000001"
# What no command of a transaction looks at: counters, actions, the reservations of a new object,
# and the directories of fabrics that make no use of them.
NOT_SHOWN = {
    *("action", "statistics", "fabric_statistics"),
    *("res_aptpl_active", "res_holder", "res_type", "res_pr_all_tgt_pts", "res_pr_generation"),
    *("res_pr_holder_tg_port", "res_pr_registered_i_pts", "res_pr_type"),
}
UNUSED = {"auth", "acls", "np", "param"}


def wanted(backing: str) -> Config:
    """Return one object of each kind that needs no adapter."""
    objects = (
        StorageObject("f1", FileIO(backing, 1 << 20), "0001"),
        StorageObject("r1", RamDisk(1 << 20), "0002"),
    )
    luns = {n: Lun(n, so.key, f"link{n}") for n, so in enumerate(objects)}
    acl = NodeAcl(HOST, {5: MappedLun(5, 0, alias="mapped")})
    portal = Portal("127.0.0.1", 3260)
    tpg = Tpg(1, True, luns=luns, portals={portal.name: portal}, acls={HOST: acl})
    return Config(
        {so.key: so for so in objects},
        {
            ("iscsi", IQN): Target("iscsi", IQN, {1: tpg}),
            ("loopback", NAA): Target("loopback", NAA, {1: Tpg(1, luns=luns, nexus=NAA)}),
        },
    )


@pytest.mark.parametrize("child", ["lun/lun_7", "np/127.0.0.1:3261", f"acls/{HOST}"])
def test_a_tpg_with_children_stays(configfs: object, child: str) -> None:
    """As the kernel does, whichever kind of child there is."""
    staged, tpg = StagedFS(ConfigFS()), ConfigfsPath(f"iscsi/{IQN}/tpgt_1")
    for path in map(ConfigfsPath, ("iscsi", f"iscsi/{IQN}", tpg, f"{tpg}/{child}")):
        if not staged.is_dir(path):
            staged.mkdir(path)
    with pytest.raises(KernelRefused):
        staged.rmdir(tpg)
    staged.rmdir(ConfigfsPath(f"{tpg}/{child}"))
    staged.rmdir(tpg)


@pytest.mark.parametrize(
    ("target", "lun"), [("core/rd_mcp_0/none", "lun_0"), ("iscsi/" + IQN, "none/lun")]
)
def test_a_link_needs_both_ends(configfs: object, target: str, lun: str) -> None:
    staged, tpg = StagedFS(ConfigFS()), f"iscsi/{IQN}/tpgt_1"
    for path in map(ConfigfsPath, ("iscsi", f"iscsi/{IQN}", tpg, f"{tpg}/lun/lun_0")):
        if not staged.is_dir(path):
            staged.mkdir(path)
    with pytest.raises(KernelRefused):
        staged.symlink(ConfigfsPath(target), f"{tpg}/lun/{lun}/link")


def test_each_change_counts(configfs: object) -> None:
    """So that a transaction knows whether something was queued."""
    staged, target = StagedFS(ConfigFS()), ConfigfsPath(f"iscsi/{IQN}")
    if not staged.is_dir(ConfigfsPath("iscsi")):
        staged.mkdir(ConfigfsPath("iscsi"))
    tpg, link = ConfigfsPath(f"{target}/tpgt_1"), f"{target}/tpgt_1/acls/link"
    changes: tuple[Callable[[], object], ...] = (
        lambda: staged.mkdir(target),
        lambda: staged.mkdir(tpg),
        lambda: staged.symlink(target, link),
        lambda: staged.unlink(link),
        lambda: staged.write(f"{tpg}/enable", "1"),
        lambda: staged.rmdir(tpg),
    )
    for number, change in enumerate(changes, staged.changes + 1):
        change()
        assert staged.changes == number


def test_a_lun_leaves_its_group_by_null(configfs: object) -> None:
    staged, lun = StagedFS(ConfigFS()), f"iscsi/{IQN}/tpgt_1/lun/lun_0"
    for path in map(ConfigfsPath, ("iscsi", f"iscsi/{IQN}", f"iscsi/{IQN}/tpgt_1", lun)):
        if not staged.is_dir(path):
            staged.mkdir(path)
    for value, group in (("gold", "gold"), ("NULL", "default_tg_pt_gp")):
        staged.write(f"{lun}/alua_tg_pt_gp", value)
        assert f"TG Port Alias: {group}" in staged.read(f"{lun}/alua_tg_pt_gp")


@pytest.fixture
def change(configfs: object, tmp_path: Path) -> Change:
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    return apply.prepare(ConfigFS(), wanted(f"{tmp_path}/disk"))


def made(change: Change) -> Iterator[ConfigfsPath]:
    """Yield the directories that a change creates."""
    for step in change.plan.steps:
        for operation in step.operations:
            if isinstance(operation, Mkdir):
                yield operation.directory


def shown(fs: ReadFS, top: ConfigfsPath) -> Iterator[tuple[str, str]]:
    """Yield (path, kind) of everything below a directory that commands may look at."""
    unused = UNUSED if top.startswith("loopback/") else set()
    for entry in fs.scan(top):
        if entry.name not in NOT_SHOWN | unused:
            path = ConfigfsPath(f"{top}/{entry.name}")
            yield path, entry.kind
            if entry.kind == "dir":
                yield from shown(fs, path)


def test_new_objects_are_shown_as_the_kernel_shows_them(change: Change) -> None:
    fs, staged = ConfigFS(), StagedFS(ConfigFS())
    stage.stage(staged, change.plan.steps)
    expected = {path: dict(shown(staged, path)) for path in made(change)}
    assert len(expected) == 13
    apply.perform(fs, change)
    assert expected == {path: dict(shown(fs, path)) for path in expected}
