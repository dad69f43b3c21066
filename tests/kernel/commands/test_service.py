# SPDX-License-Identifier: Apache-2.0
"""target.service under systemd: devices, a mount and an address that come late, or never."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import clear_all
from . import service_manager
from .harness import Shell

IQN = "iqn.2003-01.org.example:"
ADDRESS = "10.99.0.1"
LOOP = "/dev/loop5"

JOB = """
show() {{ systemctl show -p "$2" --value target.service | sed "s/^/$1 $2: /"; }}
luns() {{
    for one in $(ls /sys/kernel/config/target/iscsi | grep iqn); do
        echo $1 ${{one##*:}} $(ls /sys/kernel/config/target/iscsi/$one/tpgt_1/lun | wc -w)
    done
}}
target() {{ until_there "/sys/kernel/config/target/iscsi/*:$1/tpgt_1/lun/lun_0"; }}
until_there() {{ for _ in $(seq 200); do compgen -G "$1" >/dev/null && return; sleep 0.1; done; }}
until_is() {{
    for _ in $(seq 100); do
        [[ "$(systemctl show -p $1 ${{3-target.service}})" == $2 ]] && return
        sleep 0.1
    done
}}
limit() {{
    mkdir -p /etc/systemd/system/target.service.d
    printf '[Service]\\nEnvironment=BOOT_WAIT=%s\\nStandardError=append:/run/said\\n' $1 \\
        >/etc/systemd/system/target.service.d/wait.conf
    systemctl daemon-reload
}}
mkdir -p /etc/systemd/system/target-pending.service.d
printf '[Service]\\nStandardError=append:/run/said\\n' \\
    >/etc/systemd/system/target-pending.service.d/said.conf
limit 60
show generated After; show generated Wants
systemctl start --no-block target.service
until_is StatusText '*Waiting*'
show waiting StatusText; show waiting ActiveState; luns waiting
losetup {image_device} {image} && mount {image_device} {folder}
target b; luns mounted; show mounted ActiveState
ip address add {address}/32 dev lo
modprobe brd rd_nr=4 rd_size=16384
target a
truncate -s 1M {folder}/shrunk
losetup {loop} {folder}/late
until_is ActiveState '*=active'; luns complete
for name in ActiveState SubState ExecMainStatus StatusText; do show complete $name; done
umount {folder} 2>&1
systemctl stop target.service; echo stop $?
ls /sys/kernel/config/target/iscsi | grep iqn
echo objects $(ls -d /sys/kernel/config/target/core/*_*/* 2>/dev/null | grep -vc hba_info)
echo threads $(ps -e -o comm= | grep -c '^iscsi_\\(np\\|trx\\|ttx\\)')
losetup --detach {loop}
truncate -s 0 {folder}/shrunk
limit 0.5
systemctl start target.service; echo start $?
for name in ActiveState SubState ExecMainStatus StatusText; do show partial $name; done
luns partial
systemctl start target.service; echo again $?
/lib/systemd/systemd-udevd --daemon
losetup {loop} {folder}/late
target e; luns udev
until_is ActiveState '*=inactive' target-pending.service
systemctl show -p Result --value target-pending.service | sed 's/^/udev /'
truncate -s 1M {folder}/shrunk
targetcli restore_pending
luns mended
[ -e /run/targetcli/unrestored.json ] || echo nothing is pending
cp /etc/target/saveconfig.json /run/saved
targetcli /backstores/ramdisk create unsaved 1M >/dev/null
cp /run/saved /etc/target/saveconfig.json
systemctl reload target.service; echo reload $?
ls -d /sys/kernel/config/target/core/*/unsaved 2>/dev/null
systemctl stop target.service
losetup --detach {loop}
umount {folder} && losetup --detach {image_device}; echo umount $?
show stopped ActiveState
pkill systemd-udevd
sed 's/^/said: /' /run/said
"""


@pytest.fixture(scope="module")
def said(_fresh_module: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What one boot printed, in which a device never came as it was saved."""
    shell = Shell(tmp_path_factory.mktemp("home"))
    folder = Path("/var/tmp/service")
    mounted = folder / "mounted"
    mounted.mkdir(parents=True)
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    subprocess.run(["modprobe", "loop"], check=True)
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    subprocess.run(["mount", image, mounted], check=True)
    (mounted / "late").write_bytes(bytes(1 << 20))
    subprocess.run(["losetup", LOOP, mounted / "late"], check=True)
    for line in (
        "/backstores/block create a /dev/ram0",
        f"/backstores/fileio create b {mounted}/b 1M",
        "/backstores/ramdisk create c 1M",
        f"/backstores/fileio create d {mounted}/shrunk 1M",
        f"/backstores/block create e {LOOP}",
        *(f"/iscsi create {IQN}{name}" for name in "abcde"),
        *(
            f"/iscsi/{IQN}{name}/tpg1/luns create /backstores/{kind}/{name}"
            for name, kind in zip("abcde", "block fileio ramdisk fileio block".split(), strict=True)
        ),
        f"/iscsi/{IQN}c/tpg1/portals create {ADDRESS} 3270",
        f"/iscsi/{IQN}d/tpg1/luns create /backstores/ramdisk/c",
        "/iscsi set discovery_auth enable=1 userid=me password=secret",
        "saveconfig",
    ):
        shell.ok(line)
    shell.ok("clearconfig confirm=true")
    (mounted / "shrunk").write_bytes(b"")
    subprocess.run(["losetup", "--detach", LOOP], check=True)
    subprocess.run(["umount", mounted], check=True)
    subprocess.run(["modprobe", "-r", "brd"], check=True)
    words = {"image": image, "image_device": "/dev/loop6", "folder": mounted}
    job = JOB.format(**words, address=ADDRESS, loop=LOOP)
    yield service_manager.run(folder, job, installed=True)
    clear_all()
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    subprocess.run(["ip", "address", "del", f"{ADDRESS}/32", "dev", "lo"], check=True)


def of(said: list[str], word: str) -> list[str]:
    """The rest of the lines that begin with a word."""
    return [line.removeprefix(f"{word} ") for line in said if line.startswith(f"{word} ")]


def rest(said: list[str], word: str) -> str:
    """The rest of the line that begins with a word."""
    (found,) = of(said, word)
    return found


def test_starts_after_its_mounts_and_devices(said: list[str]) -> None:
    """By the generator; a mount that fails does not fail the service, so it is only wanted."""
    after, wants = (rest(said, f"generated {name}:").split() for name in ("After", "Wants"))
    assert {"var-tmp-service-mounted.mount", "dev-ram0.device"} <= {*after}
    assert "var-tmp-service-mounted.mount" in wants and "dev-ram0.device" not in wants
    assert "remote-fs.target" not in after


def test_restores_what_is_ready_and_says_what_it_waits_for(said: list[str]) -> None:
    text = rest(said, "waiting StatusText:")
    assert text.startswith("Waiting: /backstores/block/a: /dev/ram0 does not exist; ")
    assert "mounted is not mounted" in text or " more" in text
    assert rest(said, "waiting ActiveState:") == "activating"
    assert of(said, "waiting")[2:] == ["c 1"], "the others are not complete"


def test_late_mount_address_and_devices_complete_it(said: list[str]) -> None:
    mounted = dict(line.split() for line in of(said, "mounted") if ":" not in line)
    assert mounted["b"] == "1" and "a" not in mounted and "d" not in mounted
    assert of(said, "complete")[:5] == ["a 1", "b 1", "c 1", "d 2", "e 1"]
    assert of(said, "complete")[5:] == [
        "ActiveState: active",
        "SubState: exited",
        "ExecMainStatus: 0",
        "StatusText: Everything is restored",
    ]


def test_stop_releases_everything(said: list[str]) -> None:
    (busy, *_) = (line for line in said if line.startswith("umount: "))
    assert busy.endswith("target is busy."), "an export is in use for the host"
    assert (rest(said, "stop"), rest(said, "objects"), rest(said, "threads")) == ("0", "0", "0")
    assert rest(said, "umount") == "0"
    assert rest(said, "stopped ActiveState:") == "inactive"


def test_missing_disk_does_not_fail_the_service(said: list[str]) -> None:
    """So it is stopped at shutdown, and a second start is no error."""
    assert (rest(said, "start"), rest(said, "again")) == ("0", "0")
    assert of(said, "partial")[:3] == [
        "ActiveState: active",
        "SubState: exited",
        "ExecMainStatus: 1",
    ]
    text = rest(said, "partial StatusText:")
    assert text.startswith("Incomplete: ")
    assert f"/backstores/block/e: {LOOP} is not the device that was saved" in text
    assert "shrunk is not the file that was saved" in text
    assert of(said, "partial")[4:] == ["a 1", "b 1", "c 1", "d 1", "e 0"]


def test_udev_completes_it_later(said: list[str]) -> None:
    assert of(said, "udev") == ["a 1", "b 1", "c 1", "d 1", "e 1", "success"]
    assert of(said, "mended") == ["a 1", "b 1", "c 1", "d 2", "e 1"]
    assert "nothing is pending" in said


def test_reload_applies_the_file(said: list[str]) -> None:
    assert rest(said, "reload") == "0"
    assert not any(line.endswith("/unsaved") for line in said)


def test_the_sandbox_forbids_nothing_that_it_needs(said: list[str]) -> None:
    assert not any("EPERM" in line or "not permit" in line for line in said)
