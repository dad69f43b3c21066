# SPDX-License-Identifier: Apache-2.0
"""apply --confirm-within where systemd runs: a service of its own takes the change back.

systemd is the init of a PID namespace in the sandbox, with a /run of its own and no units but
those of the test: each service wants sysinit.target, and Debian's empties /tmp.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import ETC, Shell, tree

WANTED = ETC / "wanted.json"
ROOT = Path(__file__).parents[3]

BOOT = """
units=/usr/lib/systemd/system
for folder in /run /etc/systemd/system $units; do mount -t tmpfs none $folder; done
mkdir -p /sys/fs/cgroup
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
for target in sysinit basic shutdown; do
    printf '[Unit]\\nDefaultDependencies=no\\n' >$units/$target.target
done
printf '[Unit]\\nDefaultDependencies=no\\nWants=job.service\\n' >$units/job.target
cat >$units/job.service <<END
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/bash {job}
END
exec env container=lxc /lib/systemd/systemd --system --unit=job.target --log-target=null
"""

# Somebody is logged in, as a scope that ends with everything in it.
JOB = """
exec >{out} 2>&1
cd {root}
systemd-run --quiet --scope --unit=login bash -c {login} &
for _ in $(seq 300); do [ -e {folder}/applied ] && break; sleep 0.1; done
systemctl list-units --no-pager --plain --no-legend --type=service | grep 'Roll back'
systemctl kill --signal=KILL login.scope
sleep 1
echo "session: $(systemctl is-active login.scope)"
for _ in $(seq 300); do [ -d {old} ] && break; sleep 0.1; done
sleep 1
{python} -m targetcli confirm
echo over
"""


@pytest.fixture
def user(shell: Shell) -> Iterator[Shell]:
    """A user with a file that says something else than what runs."""
    shell.ok("/backstores/ramdisk create old 1M")
    shell.ok(f"saveconfig {WANTED}")
    wanted = json.loads(WANTED.read_text())
    wanted["storage_objects"][0]["name"] = "new"
    WANTED.write_text(json.dumps(wanted))
    yield shell
    WANTED.unlink()


def test_it_outlives_the_session(user: Shell, disks: Path) -> None:
    before = tree()
    old = next(path for path in before if path.endswith("/old"))
    login = (
        f"{sys.executable} -m targetcli apply {WANTED} --confirm-within 6s && touch {disks}/applied"
    )
    words = {
        "out": disks / "out",
        "root": ROOT,
        "login": shlex.quote(f"{login}; sleep 1000"),
        "folder": disks,
        "old": f"/sys/kernel/config/target/{old}",
        "python": sys.executable,
    }
    (disks / "job").write_text(JOB.format(**words))
    boot = BOOT.format(job=disks / "job")
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    systemd = subprocess.Popen([*command, "bash", "-ec", boot], stdin=subprocess.DEVNULL)
    try:
        said = _until_over(disks / "out")
    finally:
        systemd.kill()
        systemd.wait()
    service, text = said[0], " ".join(said)
    assert service.startswith("run-") and "Roll back unless targetcli confirm is run" in service
    assert "session: inactive" in text or "session: failed" in text
    assert "rolled back at" in text
    assert tree() == before


def _until_over(file: Path) -> list[str]:
    """What the job said, from the service that was found on."""
    for _ in range(120):
        subprocess.run(["sleep", "0.5"], check=True)
        said = file.read_text().splitlines() if file.exists() else []
        if "over" in said:
            first = [n for n, line in enumerate(said) if ".service" in line]
            assert first, said
            return said[first[0] :]
    raise TimeoutError(said)
