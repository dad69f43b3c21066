# SPDX-License-Identifier: Apache-2.0
"""systemd as the init of a PID namespace, with a /run of its own and no units but those of a test.

No service of the host runs: each wants sysinit.target, and Debian's empties /tmp.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]

BOOT = """
units=/usr/lib/systemd/system
cp $units/modprobe@.service /root
for folder in /run /etc/systemd/system $units /usr/lib/udev/rules.d; do
    mount -t tmpfs none $folder
done
cp /root/modprobe@.service $units
mkdir -p /sys/fs/cgroup
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
for target in sysinit basic shutdown local-fs; do
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
{before}
exec env container=lxc /lib/systemd/systemd --system --unit=job.target --log-target=null
"""

# The units run the program by its installed paths.
PROGRAMS = """
for name in targetcli targetcli-boot; do
    module=${{name/-/.}}
    printf '#!/bin/sh\\nPYTHONPATH={root} exec {python} -m %s "$@"\\n' $module >/usr/bin/$name
    chmod 755 /usr/bin/$name
done
mkdir -p /etc/systemd/system-generators /etc/udev/rules.d
cp {root}/systemd/*.service $units
cp {root}/systemd/target-generator /etc/systemd/system-generators
cp {root}/systemd/*.rules /etc/udev/rules.d
"""


def run(folder: Path, job: str, *, installed: bool = False, seconds: float = 120.0) -> list[str]:
    """Boot, run the lines of a job in bash, and return what they print.

    ``installed``: with this program and its units, as a package installs them.
    """
    out, file = folder / "out", folder / "job"
    file.write_text(f"exec >{out} 2>&1\ncd {ROOT}\n{job}\necho over\n")
    before = PROGRAMS.format(root=ROOT, python=sys.executable) if installed else ""
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    boot = ["bash", "-ec", BOOT.format(job=file, before=before)]
    systemd = subprocess.Popen([*command, *boot], stdin=subprocess.DEVNULL)
    try:
        return _until_over(out, time.monotonic() + seconds)
    finally:
        systemd.kill()
        systemd.wait()


def _until_over(out: Path, end: float) -> list[str]:
    said: list[str] = []
    while time.monotonic() < end:
        time.sleep(0.2)
        said = out.read_text(errors="replace").splitlines() if out.exists() else []
        if "over" in said:
            return said
    raise TimeoutError("\n".join(said))
