# SPDX-License-Identifier: Apache-2.0
"""check on the kernel: the commands of its findings mend them, and status counts the broken ones.

The rules themselves are in tests/unit/test_checks.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import Json, checked

from rtslib_ext.kernel.configfs import ConfigFS

from .conftest import Loop
from .harness import ETC, TARGET, Shell
from .initiator import logged_in, until

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HOST, OTHER = "iqn.2003-01.org.example:host1", "iqn.2003-01.org.example:host2"
SECRET, MUTUAL = "aZ3kLm9QxT4pRs7v", "Qw8nBv5CtY2hJk6d"
# No initiator is logged in.
ALONE = "ignore=no-session"


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A good configuration: a file that one host may use, with a secret, saved."""
    for line in (
        f"/backstores/fileio create f1 {disks}/f1 1M write_back=false wwn=1a",
        f"/iscsi create {IQN}",
        f"{TPG}/portals delete ::0 3260",
        f"{TPG}/portals create 127.0.0.1 3260",
        f"{TPG}/luns create /backstores/fileio/f1",
        f"{TPG}/acls create {HOST}",
        f"{TPG}/acls/{HOST} set auth userid=anna password={SECRET} "
        f"mutual_userid=store mutual_password={MUTUAL}",
        f"{TPG} set attribute authentication=1",
        "/ saveconfig",
    ):
        shell.ok(line)
    return shell


def findings(user: Shell, line: str = f"/ check {ALONE}") -> list[Json]:
    """What check finds, as the document of --json."""
    return list(checked(user(line, json=True))["data"]["findings"])


def names(user: Shell, line: str = f"/ check {ALONE}") -> list[str]:
    return [one["rule"] for one in findings(user, line)]


def mend(user: Shell, rule: str) -> None:
    """Run the commands of the findings of a rule, which must then find nothing."""
    found = [one for one in findings(user) if one["rule"] == rule]
    assert found and all(one["commands"] for one in found), rule
    for line in (line for one in found for line in one["commands"]):
        if line.startswith("targetcli "):
            user.ok(line.removeprefix("targetcli "))
        else:
            subprocess.run(line, shell=True, check=True)
    assert rule not in names(user), rule


def test_a_good_configuration(user: Shell) -> None:
    answer = user.ok(f"/ check {ALONE}")
    assert answer.startswith("nothing found (") and answer.stderr == ""
    assert user.ok(f"/ check file={ETC}/saveconfig.json").startswith("nothing found (")
    (note,) = findings(user, "/ check")
    assert (note["rule"], note["path"]) == ("no-session", f"{TPG}/acls/{HOST}")
    assert user("/ check").exit == 0, "a note is no reason for an alarm"
    assert names(user, f"/ check ignore=no-session:{TPG}") == []
    assert names(user, f"/ check ignore=weak-secret,no-session:{TPG}2") == ["no-session"]
    nagios = user.ok(f"/ check {ALONE} format=nagios")
    assert nagios.startswith("TARGETCLI OK - nothing found | errors=0;")


def test_access(user: Shell) -> None:
    user.ok(f"{TPG}/portals delete 127.0.0.1 3260")
    user.ok(f"{TPG}/portals create")
    user.ok(f"{TPG}/acls create {OTHER}")
    user.ok(f"{TPG} set attribute authentication=0 generate_node_acls=1 demo_mode_write_protect=0")
    found = names(user)
    assert {"writable-demo-mode", "no-authentication"} <= set(found)
    mend(user, "writable-demo-mode")
    mend(user, "no-authentication")
    user.ok(f"{TPG}/acls/{OTHER} set auth password=''")
    assert user("/ check severity=error").exit == 2
    mend(user, "no-credentials")
    user.ok(f"{TPG}/acls/{OTHER} set auth password={SECRET}")
    mend(user, "reused-secret")
    user.ok(f"{TPG}/acls/{OTHER} set auth password=short")
    assert user("/ check severity=warning").exit == 1 or "shared-writers" in names(user)
    mend(user, "weak-secret")
    mend(user, "shared-writers")


def test_portals(user: Shell) -> None:
    user.ok(f"{TPG}/portals create 192.0.2.1 3261")
    assert names(user, f"{TPG}/portals check") == ["portal-address"]
    assert names(user, "/backstores check") == []
    mend(user, "portal-address")
    user.ok(f"{TPG}/portals delete 127.0.0.1 3260")
    mend(user, "no-portal")


def test_storage(user: Shell, disks: Path, loop: Loop) -> None:
    device = loop()
    user.ok(f"/backstores/fileio create f2 {disks}/f2 1M wwn=1A")
    user.ok(f"{TPG}/luns create /backstores/fileio/f2")
    user.ok("/backstores/fileio/f2 set attribute emulate_write_cache=0 emulate_caw=0")
    os.chmod(f"{disks}/f2", 0o666)
    user.ok(f"/backstores/fileio create f3 {device} wwn=3")
    answer = user(f"/ check {ALONE}")
    assert answer.exit == 2 and "[same-identifier]" in answer
    for rule in ("same-identifier", "hidden-cache", "open-backing-file"):
        mend(user, rule)
    before = user.ok(f"{TPG} ls")
    mend(user, "volatile-cache")
    assert user.ok("/backstores/fileio/f2 get attribute emulate_caw") == "emulate_caw=0 \n"
    assert user.ok(f"{TPG} ls") == before.replace("write-back", "write-thru")
    subprocess.run(["mkfs.ext4", "-q", device], check=True)
    subprocess.run(["mount", device, "/mnt"], check=True)
    try:
        (one,) = (one for one in findings(user) if one["rule"] == "used-here")
        assert one["path"] == "/backstores/fileio/f3"
        assert one["text"].endswith(f"uses {device} too: it is mounted on /mnt")
        assert one["help"] == "umount /mnt"
    finally:
        subprocess.run(["umount", "/mnt"], check=True)
    assert "used-here" not in names(user)
    words = ["dmsetup", "create", "vg0-lv1", "--uuid", "LVM-x", "--noudevsync"]
    subprocess.run([*words, "--table", f"0 2048 linear {device} 0"], check=True)
    try:
        (one,) = (one for one in findings(user) if one["rule"] == "used-here")
        assert one["text"].endswith(f"uses {device} too: the LVM volume vg0/lv1 uses it")
    finally:
        subprocess.run(["dmsetup", "remove", "--noudevsync", "vg0-lv1"], check=True)


def test_file_used_as_a_loop_device(user: Shell, disks: Path) -> None:
    subprocess.run(["modprobe", "loop"], check=True)
    words = ["losetup", "--find", "--show", f"{disks}/f1"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    mend(user, "used-here")


def test_status_counts_what_does_not_work(user: Shell) -> None:
    assert user.ok("/ status").rows == ["Status for /: healthy"]
    user.ok(f"{TPG}/acls/{HOST} set auth userid='' password=''")
    answer = user("/ status")
    assert answer.exit == 1 and answer.rows[0].startswith("Status for /: NOT HEALTHY: 1 problem")
    assert "CHAP is required, and neither userid nor password is set: it cannot log in" in answer
    assert f"({TPG}/acls/{HOST} set auth userid={HOST} password=@new)" in answer
    mend(user, "no-credentials")
    # As a program that was killed between its calls leaves them.
    (TARGET / "iscsi" / IQN / "tpgt_1/lun/lun_7").mkdir()
    (TARGET / "iscsi" / IQN / f"tpgt_1/acls/{HOST}/lun_9").mkdir()
    answer = user("/ status")
    assert answer.rows[0].startswith("Status for /: NOT HEALTHY: 2 problems")
    assert f"{TPG}/luns/lun7: its link to a storage object is missing" in answer
    assert f"{TPG}/acls/{HOST}/mapped_lun9: its link to a LUN is missing" in answer
    mend(user, "broken-link")
    assert user.ok("/ status").rows[0].startswith("Status for /: healthy")


def test_saved_file(user: Shell, disks: Path) -> None:
    file = ETC / "saveconfig.json"
    file.chmod(0o644)
    mend(user, "file-mode")
    user.ok(f"{TPG} set attribute login_timeout=20")
    (one,) = findings(user)
    assert one["text"] == "1 change is not saved: the next boot restores the file"
    mend(user, "unsaved-changes")
    file.unlink()
    mend(user, "unsaved-changes")
    with open(f"{disks}/f1", "ab") as data:
        data.truncate(4 << 20)
    user.ok("/ saveconfig")
    with open(f"{disks}/f1", "ab") as data:
        data.truncate(2 << 20)
    (one,) = findings(user)
    assert one["rule"] == "another-device" and "its size is 2097152 bytes" in one["text"]
    mend(user, "another-device")
    os.rename(f"{disks}/f1", f"{disks}/away")
    assert "missing-backing" in names(user)
    os.rename(f"{disks}/away", f"{disks}/f1")
    os.rmdir(ETC / "pr")
    try:
        mend(user, "missing-folder")
    finally:
        (ETC / "pr").mkdir(exist_ok=True)


def test_reservation(user: Shell) -> None:
    """While one host has registered a key, two writers are no finding."""
    user.ok(f"{TPG}/acls create {OTHER}")
    user.ok(f"{TPG}/acls/{OTHER} set auth userid=otto password=Mp4dFz7GsX9rTc3w")
    assert names(user, "/backstores check") == ["shared-writers"]
    subprocess.run(["modprobe", "-a", "sd_mod", "sg"], check=True)
    before = set(Path("/sys/class/scsi_generic").iterdir())
    user.ok("/loopback create naa.5001405000000001")
    user.ok("/loopback/naa.5001405000000001/luns create /backstores/fileio/f1")
    until(lambda: set(Path("/sys/class/scsi_generic").iterdir()) - before)
    (disk,) = set(Path("/sys/class/scsi_generic").iterdir()) - before
    words = ["sg_persist", "--out", "--register", "--param-sark=1", f"/dev/{disk.name}"]
    subprocess.run(words, check=True, capture_output=True)
    assert names(user, "/backstores check") == []


def test_paths_of_hosts(user: Shell) -> None:
    """Two portals, of which a host uses none, one, both; ends of connections are counted."""
    user.ok(f"{TPG} set attribute authentication=0")
    user.ok(f"{TPG}/portals create 127.0.0.1 3261")

    def paths() -> list[tuple[str, str]]:
        found = findings(user, f"{TPG} check ignore=no-authentication,unsaved-changes")
        return [(one["rule"], one["text"]) for one in found]

    none = f"{HOST} is not logged in: it has none of its 2 paths"
    assert paths() == [("no-session", none)]
    with logged_in(HOST, IQN):
        until(lambda: paths() != [("no-session", none)])
        lacking = f"{HOST} has 1 of 2 paths: none from {HOST} to 127.0.0.1:3261"
        assert paths() == [("partial-paths", lacking)]
        with logged_in(HOST, IQN, 3261, isid=2):
            until(lambda: not paths())
        until(lambda: paths() == [("partial-paths", lacking)])
        second = IQN.replace(":a", ":b")
        user.ok("set global auto_add_default_portal=false")
        user.ok(f"/iscsi create {second}")
        user.ok(f"/iscsi/{second}/tpg1/luns create /backstores/fileio/f1")
        user.ok(f"/iscsi/{second}/tpg1/acls create {HOST}")
        for port in (3260, 3261):
            user.ok(f"/iscsi/{second}/tpg1/portals create 127.0.0.1 {port}")
        ((_, text),) = paths()
        assert text.startswith(f"{HOST} has 1 of 4 paths: ")
        assert text.endswith(f"; {HOST} has no session with /iscsi/{second}/tpg1")
        # The targets share their portals: three connections are for four paths.
        with logged_in(HOST, second), logged_in(HOST, second, 3261, isid=2):
            text = f"{HOST} has 3 of 4 paths: none from {HOST} to 127.0.0.1:3261"
            until(lambda: paths() == [("partial-paths", text)])


def test_other_states(user: Shell) -> None:
    user.ok(f"{TPG}/luns/lun0 set alua alua_tg_pt_offline=1")
    mend(user, "no-usable-path")
    assert user("/ check", is_root=False).exit == 3


def test_a_file(user: Shell, disks: Path) -> None:
    """Without the kernel: it is not read."""

    class Absent(ConfigFS):
        def is_dir(self, path: object) -> bool:
            raise AssertionError(path)

    document = json.loads((ETC / "saveconfig.json").read_text())
    (target,) = document["targets"]
    target["tpgs"][0]["portals"] = []
    so = document["storage_objects"][0]
    so["dev"] = f"{disks}/nosuch"
    so["attributes"]["nosuch"] = {}
    file = ETC / "other.json"
    file.write_text(json.dumps(document))
    file.chmod(0o600)
    user.fs = Absent()
    found = names(user, f"/ check file={file}")
    assert sorted(found) == ["missing-backing", "no-portal", "not-understood"]
    assert "missing-backing" not in names(user, f"/ check file={file} host=false")
    assert names(user, f"/ check {TPG} {file}") == ["no-portal"]
    answer = user(f"/ check file={ETC}/nosuch.json")
    assert (answer.exit, answer) == (3, "")
    answer = user(f"/ check file={ETC}/nosuch.json format=nagios")
    assert answer.exit == 3 and answer.startswith("TARGETCLI UNKNOWN - Restore file ")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("check severity=fatal", "severity takes one of error, warning, note, not 'fatal'"),
        ("check ignore=weak-secrt", "did you mean weak-secret?"),
        ("check format=xml", "format takes text or nagios"),
        ("check ignore=nosuch:/", "there is no rule nosuch"),
        ("check /nosuch", "No such path"),
    ],
)
def test_wrong_words(shell: Shell, line: str, text: str) -> None:
    answer = shell(line)
    assert answer.exit == 3 and text in answer.stderr


def test_rules(shell: Shell) -> None:
    answer = shell.ok("check rules")
    assert answer.startswith("interrupted-change (error)\n")
    document = checked(shell.ok("check rules", json=True))
    assert {"name", "severity", "needs", "meaning", "cure", "in_status"} == set(
        document["data"]["rules"][0]
    )


def made(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def thin(disks: Path) -> Iterator[str]:
    """A thin volume of 64 MiB in a pool of 32 MiB of device mapper, as LVM makes them."""
    made("modprobe", "-a", "loop", "dm-thin-pool")
    loops = []
    for name, size in (("metadata", 4 << 20), ("data", 32 << 20)):
        (disks / name).touch()
        os.truncate(disks / name, size)
        loops.append(made("losetup", "--find", "--show", str(disks / name)))
    made("dmsetup", "create", "tpool", "--table", f"0 65536 thin-pool {' '.join(loops)} 128 0")
    # Without udev, nobody else makes the names.
    made("dmsetup", "mknodes")
    made("dmsetup", "message", "tpool", "0", "create_thin 0")
    made("dmsetup", "create", "tvolume", "--table", "0 131072 thin /dev/mapper/tpool 0")
    made("dmsetup", "mknodes")
    yield "/dev/mapper/tvolume"
    for name in ("tvolume", "tpool"):
        made("dmsetup", "remove", name)
    for loop in loops:
        made("losetup", "--detach", loop)


@pytest.mark.long
def test_a_pool_of_thin_volumes_that_is_nearly_full(user: Shell, thin: str) -> None:
    user.ok(f"/backstores/block create thin {thin}")
    assert "full-thin-pool" not in names(user)
    with open(thin, "r+b", buffering=0) as device:
        for _ in range(30):
            device.write(bytes(1 << 20))
        os.fsync(device.fileno())
    (found,) = (one for one in findings(user) if one["rule"] == "full-thin-pool")
    assert found["path"] == "/backstores/block/thin"
    assert "has 2 of 32 MiB free, and its volumes may grow by 34 MiB" in found["text"]
    user.ok("/backstores/block delete thin")
