# SPDX-License-Identifier: Apache-2.0
"""target.service under systemd: arrivals that come late, or never; it is killed, or runs twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import MODULES, clear_all
from . import service_manager
from .harness import Shell
from .service_job import ADDRESS, HOST, IQN, LOOP, MANY

ALL = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 1}
Seen = dict[str, Any]


@pytest.fixture(scope="module")
def seen(_fresh_module: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What service_job.py saw in one boot."""
    folder = Path("/var/tmp/service")
    proc = folder / "proc"
    proc.mkdir(parents=True)
    save(folder / "mounted", Shell(tmp_path_factory.mktemp("home")))
    # The kernel's threads are not in the PID namespace of the test's systemd.
    subprocess.run(["mount", "--bind", "/proc", proc], check=True)
    output = folder / "seen.json"
    job = f"{sys.executable} -m tests.kernel.commands.service_job {folder}/mounted {output}"
    said = service_manager.run(folder, job, installed=True, seconds=600)
    yield json.loads(output.read_text()) if output.exists() else {"said": "\n".join(said)}
    clear_all()
    subprocess.run(["umount", proc], check=True)
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    subprocess.run(["modprobe", "-a", *MODULES], check=True)
    subprocess.run(["ip", "address", "del", f"{ADDRESS}/32", "dev", "lo"], check=True)


def save(mounted: Path, shell: Shell) -> None:
    """Save five targets, and let everything disappear that they need."""
    mounted.mkdir()
    image = mounted.parent / "image"
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
        f"/iscsi/{IQN}c/tpg1/acls create {HOST}",
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


def test_nothing_failed_on_the_way(seen: Seen) -> None:
    assert "end" in seen, seen.get("error", "") + seen["said"]


def test_starts_after_its_mounts_and_devices(seen: Seen) -> None:
    """By the generator; a mount that fails does not fail the service, so it is only wanted."""
    after, wants = (seen["generated"][name].split() for name in ("After", "Wants"))
    assert {"var-tmp-service-mounted.mount", "dev-ram0.device"} <= {*after}
    assert "var-tmp-service-mounted.mount" in wants and "dev-ram0.device" not in wants
    assert "remote-fs.target" not in after


def test_restores_what_is_ready_and_says_what_it_waits_for(seen: Seen) -> None:
    text = seen["waiting"]["StatusText"]
    assert text.startswith("Waiting: /backstores/block/a: /dev/ram0 does not exist; ")
    assert "mounted is not mounted" in text or " more" in text
    assert seen["waiting"]["ActiveState"] == "activating"
    assert seen["waiting luns"] == {"c": 1}, "the others are not complete"


def test_late_mount_address_and_devices_complete_it(seen: Seen) -> None:
    assert seen["mounted"]["ActiveState"] == "activating"
    assert seen["mounted luns"] == {"b": 1, "c": 1}
    assert seen["complete luns"] == ALL
    done = seen["complete"]
    assert (done["ActiveState"], done["SubState"]) == ("active", "exited")
    assert (done["ExecMainStatus"], done["StatusText"]) == ("0", "Everything is restored")
    assert seen["pending"]["ActiveState"] == "inactive", "it has nothing to do"


def test_stop_gives_initiators_time(seen: Seen) -> None:
    """Until they send nothing; the status names their target."""
    assert seen["stopping"]["ActiveState"] == "deactivating"
    assert seen["stopping"]["StatusText"] == f"Waiting for initiators: /iscsi/{IQN}c"
    assert (seen["stopping luns"], seen["stopping sessions"]) == (ALL, "1\n")


def test_stop_releases_everything(seen: Seen) -> None:
    assert seen["umount while exported"], "an export is in use for the host"
    assert (seen["stopped"]["ActiveState"], seen["stopped"]["Result"]) == ("inactive", "success")
    assert (seen["stopped luns"], seen["stopped objects"]) == ({}, 0)
    assert seen["threads"] == [], "removing a module is safe when the unit has stopped"


def test_shutdown_stops_it_before_its_file_systems(seen: Seen) -> None:
    """One that is exported cannot be unmounted."""
    assert (seen["shutdown"], seen["still mounted"]) == (0, False)
    assert (seen["released"]["ActiveState"], seen["released"]["Result"]) == ("inactive", "success")


def test_missing_disk_does_not_fail_the_service(seen: Seen) -> None:
    """So it is stopped at shutdown, and a second start is no error."""
    assert (seen["start"], seen["again"]) == (0, 0)
    unit = seen["partial"]
    assert (unit["ActiveState"], unit["SubState"], unit["ExecMainStatus"]) == (
        "active",
        "exited",
        "1",
    )
    assert unit["StatusText"].startswith("Incomplete: ")
    assert f"/backstores/block/e: {LOOP} is not the device that was saved" in unit["StatusText"]
    assert seen["partial luns"] == {"a": 1, "b": 0, "c": 1, "d": 1, "e": 0}


def test_mount_after_the_limit_completes_it(seen: Seen) -> None:
    """Nobody runs a command: a service of its own waits for what is missing, and says for what."""
    assert seen["watching"]["ActiveState"] == "active"
    assert "mounted is not mounted" in seen["watching"]["StatusText"]
    assert seen["mounted later"] == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 0}


def test_udev_completes_it_later(seen: Seen) -> None:
    assert seen["udev luns"] == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}


def test_watch_ends_when_nothing_is_missing(seen: Seen) -> None:
    assert (seen["watched"]["ActiveState"], seen["watched"]["Result"]) == ("inactive", "success")
    assert (seen["watched luns"], seen["recorded"]) == (ALL, False)


def test_reload_applies_the_file(seen: Seen) -> None:
    assert (seen["reload"], seen["unsaved"]) == (0, [])


def test_a_start_that_is_killed_is_completed(seen: Seen) -> None:
    """systemd starts it again."""
    assert 0 < seen["killed at"] < MANY
    assert seen["restarted luns"] == {f"m{number}": 1 for number in range(MANY)}
    assert seen["restarted"]["SubState"] == "exited"


def test_a_module_that_comes_late_completes_it(seen: Seen) -> None:
    assert "this kernel has no module tcm_loop" in seen["restarted"]["StatusText"]
    assert "this kernel has no module tcm_loop" in seen["no module"]["StatusText"]
    assert seen["module there"] and seen["module"]["Result"] == "success"


def test_a_second_start_changes_nothing(seen: Seen) -> None:
    assert (seen["twice"], seen["changed"]) == (0, False)


def test_of_two_starts_at_once_both_end_in_the_whole(seen: Seen) -> None:
    assert (seen["two"], seen["two difference"]) == ([0, 0], 0)
    assert seen["two luns"] == {f"m{number}": 1 for number in range(MANY)}
    assert (seen["end"]["ActiveState"], seen["end luns"]) == ("inactive", {})


def test_all_kinds_of_devices_are_permitted(seen: Seen) -> None:
    """Disks of several drivers, SCSI generic; systemd limits devices in the sandbox, too."""
    assert len(seen["opened"]) == 4 and seen["permitted"], seen["said"]
    assert seen["rules"] == [
        "DevicePolicy=closed",
        "DeviceAllow=block-* rw",
        "DeviceAllow=char-* rw",
    ]
    assert not seen["without rules"]


def test_the_sandbox_forbids_nothing_that_it_needs(seen: Seen) -> None:
    assert "EPERM" not in seen["said"] and "not permit" not in seen["said"]
