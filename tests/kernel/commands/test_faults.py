# SPDX-License-Identifier: Apache-2.0
"""A fault at any system call of any change: what was there before is back."""

from __future__ import annotations

import errno
import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS, explain

from .harness import ASIDES, ETC, Shell, differences, files, tree

IQN = "iqn.2003-01.org.example:a"
TARGET = f"/iscsi/{IQN}"
TPG = f"{TARGET}/tpg1"
I1, I2, I3 = (f"iqn.2003-01.org.example:i{number}" for number in (1, 2, 3))
NAA = "naa.5001405000000001"


class Broken(ConfigFS):
    """A tree in which the change number ``at`` goes wrong: "refused", or "interrupted" after it."""

    def __init__(self, at: int, how: str, number: int = errno.EIO) -> None:
        super().__init__()
        self.left = at
        self.how = how
        self.number = number

    def _before(self, operation: str, path: str) -> None:
        self.left -= 1
        if self.left == 0 and self.how == "refused":
            raise explain(operation, path, OSError(self.number, os.strerror(self.number)))

    @contextmanager
    def _followed(self) -> Iterator[None]:
        """An interrupt comes after a call, also after one that the kernel refused."""
        try:
            yield
        finally:
            self._after()

    def _after(self) -> None:
        if self.left == 0 and self.how == "interrupted":
            os.kill(os.getpid(), signal.SIGINT)

    def write(self, path: str, value: str) -> None:
        self._before("write", path)
        with self._followed():
            super().write(path, value)

    def mkdir(self, path: str) -> None:
        self._before("mkdir", path)
        with self._followed():
            super().mkdir(path)

    def rmdir(self, path: str) -> None:
        self._before("rmdir", path)
        with self._followed():
            super().rmdir(path)

    def symlink(self, target: str, path: str) -> None:
        self._before("symlink", path)
        with self._followed():
            super().symlink(target, path)

    def unlink(self, path: str) -> None:
        self._before("unlink", path)
        with self._followed():
            super().unlink(path)


SETUP = f"""
/backstores/fileio create d1 DISKS/d1.img 1M
/backstores/fileio/d1 set attribute emulate_caw=0 is_nonrot=1
/backstores/fileio/d1/alua create g1 16
/backstores/fileio/d1/alua/g1 set alua alua_access_type=1 alua_access_state=2 preferred=1
/backstores/ramdisk create r1 1M wwn=abc
/backstores/ramdisk create r2 1M
/backstores/block create b1 /dev/ram0 readonly=true
/iscsi create {IQN}
{TPG}/luns create /backstores/fileio/d1
{TPG}/luns create /backstores/ramdisk/r1 5
{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g1 alua_tg_pt_offline=1
{TPG}/acls create {I1}
{TPG}/acls create {I2} add_mapped_luns=false
{TPG}/acls create {I3} add_mapped_luns=false
{TPG}/acls/{I1} set auth userid=u password=p mutual_userid=m mutual_password=q
{TPG}/acls/{I1} set attribute dataout_timeout=7
{TPG}/acls/{I1} create 9 lun0 write_protect=true
{TPG}/acls tag {I1} web
{TPG}/acls tag {I2} web
{TPG} set auth userid=u password=p
{TPG} set attribute generate_node_acls=1 login_timeout=20
{TPG} set parameter MaxConnections=4
{TARGET} set parameter cmd_completion_affinity=-2
/loopback create {NAA}
/loopback/{NAA}/luns create /backstores/fileio/d1
"""

CHANGES = [
    "/backstores/fileio create d2 DISKS/d2.img 1M",
    "/backstores/fileio create d2 DISKS/d2.img 1M sparse=false write_back=false",
    "/backstores/fileio create d2 /dev/ram1",
    "/backstores/block create b2 /dev/ram1",
    "/backstores/ramdisk create r3 1M",
    "/backstores/fileio delete d1",
    "/backstores/ramdisk delete r1",
    "/backstores/block delete b1",
    "/backstores/fileio/d1 set attribute emulate_caw=1 is_nonrot=0 emulate_3pc=0",
    "/backstores/fileio/d1/alua create g2 17",
    "/backstores/fileio/d1/alua delete g1",
    "/backstores/fileio/d1/alua/g1 set alua alua_access_state=0 alua_access_type=3 preferred=0",
    "/iscsi create iqn.2003-01.org.example:b",
    f"/iscsi delete {IQN}",
    "/iscsi set discovery_auth userid=u password=p enable=1",
    "/loopback create naa.5001405000000002",
    f"/loopback delete {NAA}",
    f"{TARGET} create 2",
    f"{TARGET} delete 1",
    f"{TARGET} set parameter cmd_completion_affinity=-1",
    f"{TPG} disable",
    f"{TPG} set attribute login_timeout=10 generate_node_acls=0",
    f"{TPG} set parameter MaxConnections=2 InitialR2T=No",
    f"{TPG} set auth userid=u2 password=p2 mutual_userid=m",
    f"{TPG}/luns create /backstores/ramdisk/r2",
    f"{TPG}/luns create /dev/ram1 lun=7",
    f"{TPG}/luns delete 0",
    f"{TPG}/luns/lun0 set alua alua_tg_pt_offline=0 alua_tg_pt_gp_name=default_tg_pt_gp",
    f"{TPG}/acls create iqn.2003-01.org.example:i4",
    f"{TPG}/acls delete {I1}",
    f"{TPG}/acls delete web",
    f"{TPG}/acls tag {I3} web",
    f"{TPG}/acls untag web",
    f"{TPG}/acls/web create 3 lun5 write_protect=true",
    f"{TPG}/acls/web create 3 /backstores/ramdisk/r2",
    f"{TPG}/acls/web delete 9",
    f"{TPG}/acls/web set auth userid=u3 password=p3",
    f"{TPG}/portals create 127.0.0.1 3261",
    f"{TPG}/portals delete ::0 3260",
]
# These read the whole configuration each time.
LONG = [f"group join web {I3}", f"group leave web {I1},{I2}"]


@pytest.fixture
def user(shell: Shell, disks: Path, ram: list[str]) -> Shell:
    """A user of a target in which everything is set."""
    for line in SETUP.strip().splitlines():
        shell.ok(line.replace("DISKS", str(disks)))
    return shell


def breaks(user: Shell, line: str, at: int, how: str) -> bool:
    """Run a line with one fault in it; False when it had fewer changes than that."""
    user.fs = broken = Broken(at, how)
    try:
        answer = user(line)
    except KeyboardInterrupt:
        assert how == "interrupted"
        return True
    finally:
        user.fs = ConfigFS()
    if broken.left > 0:
        assert answer.exit == 0 and all(text.startswith(ASIDES) for text in answer.asides)
        return False
    if "Default portal not created" in answer:
        user.ok(f"{TARGET} delete 2" if line.startswith(TARGET) else f"/iscsi delete {line[14:]}")
        return True
    assert how == "refused" and (answer.exit, answer) == (1, ""), (at, answer)
    assert "input/output error" in answer.stderr.lower(), answer.stderr
    assert "not all earlier changes could be rolled back" not in answer.stderr, answer.stderr
    return True


@pytest.mark.parametrize(
    "line", [*CHANGES, *(pytest.param(line, marks=pytest.mark.long) for line in LONG)]
)
def test_fault_leaves_what_was_there(user: Shell, disks: Path, line: str) -> None:
    line = line.replace("DISKS", str(disks))
    before = tree() | files(ETC, disks)
    for at in itertools.count(1):
        for how in ("interrupted", "refused"):
            if not breaks(user, line, at, how):
                assert at > 1 and tree() | files(ETC, disks) != before
                return
            now = tree() | files(ETC, disks)
            assert differences(now, before) == [], f"{how} at change {at}"
