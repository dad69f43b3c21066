# SPDX-License-Identifier: Apache-2.0
"""docs/WALKTHROUGH.md: each step of the older guides is run as it stands there."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from targetcli import cli

from .conftest import INITIATOR, TARGET, Run, wait_for_disk

PAGE = Path(__file__).parents[2] / "docs/WALKTHROUGH.md"
STEP = re.compile(r"\| `(target#|host#|/>) (.+)` \|")
# Of the page -> of the sandbox.
HERE = {"192.0.2.10": "127.0.0.1", "/dev/vg0/lv1": "/dev/ram1"}


def steps(title: str) -> list[tuple[str, str]]:
    """Return (prompt, line) of each step of a section."""
    section = PAGE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = [(step[1], step[2]) for step in STEP.finditer(section)]
    # Each row of a table has one.
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert len(found) == len(rows) - 2 > 0
    return found


def in_sandbox(line: str, **more: str) -> str:
    for text, other in {**HERE, **more}.items():
        line = line.replace(text, other)
    return line


def run(line: str) -> str:
    words = shlex.split(line)
    if words[0] == "targetcli":
        # In this process: starting another one for each takes most of the time.
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.main(words[1:])
        assert status == 0, f"{line}: {err.getvalue()}"
        return out.getvalue()
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


OLD = {
    "/etc/iet/ietd.conf": "Target iqn.2003-01.org.example:iet\n"
    "  Lun 0 Path=/srv/old.img,Type=fileio\n",
    "/etc/tgt/targets.conf": "<target iqn.2003-01.org.example:tgt>\n"
    "  backing-store /srv/old.img\n</target>\n",
    "/srv/old.img": "\0" * 1024,
}
NEW = ("/srv/testlun1.img", "/srv/disk1.img", "/etc/target/groups.json")


@pytest.fixture
def files() -> Iterator[None]:
    """The files of other targets."""
    for name, text in OLD.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    yield
    for name in (*OLD, *NEW):
        Path(name).unlink(missing_ok=True)


def test_the_filer(target: Callable[..., str], iscsiadm: Run, files: None) -> None:
    said: dict[str, str] = {}
    disk = "/dev/sdb"
    for _, line in steps("A NetApp filer and a Linux host"):
        said[line] = run(in_sandbox(line, **{"/dev/sdb": disk}))
        if line.endswith("--login"):
            disk = wait_for_disk()
            size = Path(f"/sys/class/block/{Path(disk).name}/size").read_text()
            assert int(size) * 512 == 4 << 30
    assert said["targetcli groups"].splitlines()[1].split()[:3] == ["Debian2", "1", "0"]
    row = said["targetcli groups Debian2"].splitlines()[-1].split()
    assert row[:4] == ["0", "fileio/testlun1", "4.0GiB", "rw"]
    host = said["targetcli hosts"].splitlines()[1]
    assert host.startswith(f"{INITIATOR}  Debian2") and host.endswith("logged in")
    assert f"/iscsi/{TARGET}/tpg1" in host
    assert "LIO-ORG" in said["lsblk -S"]


@pytest.mark.long
def test_the_wiki(target: Callable[..., str]) -> None:
    subprocess.run(["modprobe", "brd", "rd_nr=2", "rd_size=16384"], check=True)
    lines = [
        in_sandbox(line, **{"/dev/sdb": "/dev/ram0"})
        for _, line in steps("The iSCSI page of the LIO wiki")
    ]
    preferences = "set global auto_add_default_portal=default auto_cd_after_create=default"
    said = target(
        "\n".join([*lines, f"/ {preferences}", "exit"]), note="has the address 192.168.1.139"
    )
    assert "Created Node ACL for iqn.1991-05.com.microsoft:ibm-t410s" in said
    assert "password=mytargetsecret" in said
    assert "Configuration saved to /etc/target/saveconfig.json" in said


def test_other_systems(target: Callable[..., str], files: None) -> None:
    said = {}
    for _, line in steps("The list of implementations, and other systems"):
        said[line] = run(in_sandbox(line))
    plans = [text for line, text in said.items() if " import " in line]
    assert all("+ /backstores/fileio/" in text for text in plans) and len(plans) == 2
    recipes = [text for line, text in said.items() if " recipe " in line]
    assert all(TARGET in text for text in recipes) and len(recipes) == 7


def test_the_overview() -> None:
    for _, line in steps("The overview of LIO"):
        run(line)
