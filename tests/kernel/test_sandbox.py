# SPDX-License-Identifier: Apache-2.0
"""The sandbox from inside: what a program finds there, and that the target can be cleared."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import targetcli
from targetcli.sandbox.guest import INSIDE

from .conftest import clear

NAME = "iqn.2003-01.org.example:sandbox"


def mounts() -> dict[str, str]:
    """Type of file system by place."""
    lines = Path("/proc/mounts").read_text().splitlines()
    return {line.split()[1]: line.split()[2] for line in lines}


def test_we_are_root_on_a_kernel_of_our_own() -> None:
    assert os.environ[INSIDE] == "1"
    assert os.getuid() == 0
    assert os.uname().nodename == "sandbox"
    assert Path(sys.executable).exists()


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/", "overlay"),
        ("/proc", "proc"),
        ("/sys", "sysfs"),
        ("/sys/kernel/config", "configfs"),
        ("/dev", "devtmpfs"),
        ("/dev/pts", "devpts"),
        ("/dev/shm", "tmpfs"),
        ("/run", "tmpfs"),
        ("/tmp", "tmpfs"),
        ("/etc/target", "hostfs"),
        ("/disks", "hostfs"),
    ],
)
def test_mounts(place: str, kind: str) -> None:
    assert mounts()[place] == kind


def test_only_the_state_is_of_the_host() -> None:
    state = os.environ["TARGETCLI_SANDBOX_STATE"]
    places = {place for place, kind in mounts().items() if kind == "hostfs"}
    home = Path.home() / ".targetcli"
    assert places == {state, "/etc/target", "/disks", str(home)}


def test_the_checkout_is_the_hosts() -> None:
    package = Path(targetcli.__file__).parent
    assert (package.parent / "setup.cfg").exists() or package.parent.name == "site-packages"
    assert Path.cwd().is_dir()


@pytest.mark.parametrize("name", ["fd", "stdin", "stdout", "stderr", "ptmx", "null", "kmsg"])
def test_usual_devices(name: str) -> None:
    assert Path("/dev", name).exists()


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_loopback_interface(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        with socket.create_connection(server.getsockname()[:2]):
            pass


def test_modules_can_be_loaded() -> None:
    subprocess.run(["modprobe", "brd", "rd_nr=1", "rd_size=1024"], check=True)
    assert Path("/sys/module/brd").is_dir()


def test_the_interrupt_is_not_ignored() -> None:
    ignored = next(
        int(line.split()[1], 16)
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("SigIgn")
    )
    assert not ignored & 0b110  # SIGINT and SIGQUIT, 1 << number - 1


def test_database_root(configfs: Path) -> None:
    assert (configfs / "dbroot").read_text().strip() == "/etc/target"
    assert {path.name for path in Path("/etc/target").iterdir()} == {"pr", "alua"}


def test_targetcli_is_the_same_as_outside() -> None:
    """A user of ``--exec bash`` types its name."""
    program = shutil.which("targetcli")
    assert program == f"{os.environ['TARGETCLI_SANDBOX_STATE']}/run/bin/targetcli"
    code = "import targetcli; print(targetcli.__file__)"
    ours = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert ours.strip() == targetcli.__file__
    assert sys.executable in Path(program).read_text()
    done = subprocess.run(["targetcli", "pwd"], capture_output=True, text=True, check=True)
    assert done.stdout == "/\n"


def test_files_in_tmp() -> None:
    """They are the sandbox's own: the host's are hidden, except what the program needs."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        file.write(b"x")
    assert os.stat("/tmp").st_mode & 0o7777 == 0o1777


def test_clear(configfs: Path) -> None:
    """A target with everything goes, with its discovery's password."""
    disk = configfs / "core/rd_mcp_0/disk"
    disk.mkdir(parents=True)
    (disk / "control").write_text("rd_pages=256")
    (disk / "enable").write_text("1")
    (disk / "alua/group").mkdir()
    (configfs / "core/alua/lu_gps/group").mkdir()
    tpg = configfs / "iscsi" / NAME / "tpgt_1"
    (configfs / "iscsi").mkdir()
    tpg.parent.mkdir()
    tpg.mkdir()
    (tpg / "np/127.0.0.1:3260").mkdir()
    lun, acl = tpg / "lun/lun_0", tpg / "acls" / f"{NAME}-initiator"
    lun.mkdir()
    (lun / "disk").symlink_to(disk)
    acl.mkdir()
    (acl / "lun_0").mkdir()
    (acl / "lun_0/disk").symlink_to(lun)
    (tpg / "enable").write_text("1")
    (configfs / "iscsi/discovery_auth/userid").write_text("user")

    clear(configfs)

    assert [path.name for path in configfs.iterdir() if path.is_dir()] == ["core"]
    assert [path.name for path in (configfs / "core").iterdir()] == ["alua"]
    (configfs / "iscsi").mkdir()
    assert (configfs / "iscsi/discovery_auth/userid").read_text().strip() == "NULL"
