# SPDX-License-Identifier: Apache-2.0
"""--batch: lines of a file, all of them or none."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import batch

from .harness import ASIDES, ETC, Answer, Shell, differences, files, tree
from .test_faults import Broken

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
I1, I2 = "iqn.2003-01.org.example:i1", "iqn.2003-01.org.example:i2"

BASE = f"""
/backstores/fileio create d1 DISKS/d1.img 1M wwn=w1
/backstores/ramdisk create r1 1M wwn=w2
/iscsi create {IQN}
{TPG}/luns create /backstores/fileio/d1
{TPG}/acls create {I1}
"""

# They build on each other: objects that an earlier line makes are named, set, deleted.
TEN = f"""
/backstores/fileio create d2 DISKS/d2.img 1M wwn=w3
/backstores/fileio/d2 set attribute emulate_caw=0 is_nonrot=1
/backstores/fileio/d2/alua create g1 16
{TPG}/luns create /backstores/fileio/d2
{TPG}/luns/lun1 set alua alua_tg_pt_gp_name=g1
{TPG}/acls create {I2}
{TPG}/acls/{I2} set auth userid=u password=secret
{TPG} set attribute login_timeout=20 generate_node_acls=1
{TPG}/luns delete 0
/backstores/fileio delete d1
"""

THIRTY = f"""
# What a comment says is no line.
/backstores/ramdisk create r2 2M wwn=w4
/backstores/ramdisk create r3 2M nullio=true wwn=w5
/backstores/block create b1 /dev/ram0 wwn=w6

/backstores/lu_gps create left 7
/backstores/ramdisk/r2 set device alua_lu_gp=left alias=red
/backstores/ramdisk/r2/alua create gold 5
/backstores/ramdisk/r2/alua/gold set alua alua_access_type=3 preferred=1
/backstores/ramdisk/r2/alua/gold set alua alua_access_state=1
/backstores/ramdisk/r3 set attribute emulate_caw=0 block_size=4096
/iscsi create {IQN}2
/iscsi/{IQN}2/tpg1/portals delete ::0 3260
/iscsi/{IQN}2/tpg1/portals create 127.0.0.1 3270
/iscsi/{IQN}2/tpg1/luns create /backstores/ramdisk/r2 3
/iscsi/{IQN}2/tpg1/luns create /backstores/block/b1
/iscsi/{IQN}2/tpg1/luns/lun3 set alua alua_tg_pt_gp_name=gold
/iscsi/{IQN}2/tpg1/acls create {I1}
/iscsi/{IQN}2/tpg1/acls create {I2} add_mapped_luns=false
/iscsi/{IQN}2/tpg1/acls/{I2} create 9 lun3 write_protect=true
/iscsi/{IQN}2/tpg1/acls tag {I2} web
/iscsi/{IQN}2/tpg1/acls/web set attribute dataout_timeout=7
/iscsi/{IQN}2/tpg1/acls/{I1} set auth userid=a password=b mutual_userid=c mutual_password=d
/iscsi/{IQN}2/tpg1/acls/{I1} delete 0
/iscsi/{IQN}2/tpg1 set parameter MaxConnections=4
/iscsi/{IQN}2/tpg1 disable
/iscsi/{IQN}2/tpg1 enable
/iscsi/{IQN}2 create 2
/iscsi/{IQN}2/tpg2 set auth userid=x password=y
/iscsi/{IQN}2 delete 2
/loopback create naa.5001405000000001
/loopback/naa.5001405000000001/luns create /backstores/ramdisk/r2
/iscsi set discovery_auth userid=u password=p enable=1
{TPG}/acls delete {I1}
{TPG}/luns delete 0
/backstores/fileio delete d1
/iscsi delete {IQN}
"""


@pytest.fixture
def user(shell: Shell, disks: Path, ram: list[str]) -> Shell:
    """A user of a disk that one host sees."""
    run(shell, BASE, disks)
    return shell


def run(shell: Shell, text: str, disks: Path) -> None:
    """Run lines one by one."""
    for line in lines(text, disks):
        shell.ok(line)


def lines(text: str, disks: Path) -> list[str]:
    return text.replace("DISKS", str(disks)).strip().splitlines()


def run_batch(shell: Shell, text: list[str], **options: object) -> Answer:
    """Run lines as a batch."""
    env = shell.env(**options)
    env.stdin = io.StringIO("\n".join(text))
    status = batch.run(env, "-")
    answer = Answer(env.stdout.getvalue())  # type: ignore[attr-defined]
    answer.exit, answer.stderr = status, env.stderr.getvalue()  # type: ignore[attr-defined]
    return answer


def test_lines_that_build_on_each_other(user: Shell, disks: Path) -> None:
    answer = run_batch(user, lines(TEN, disks))
    note = "Note: password has 6 characters; initiators on Windows accept only 12 to 16\n"
    assert (answer.exit, answer.stderr) == (0, note)
    assert answer.rows[0] == "Created fileio d2 with size 1048576"
    assert answer.rows[-1] == "Deleted storage object d1."
    assert user.ok(f"{TPG}/luns/lun1 status").endswith("(g1)\n")
    first = "; ".join(lines(TEN, disks)[:3])
    assert user.ok("history").rows[-1].endswith(f" / --batch -: {first}; and 7 more")
    with_role = ["ls", f"{TPG}/acls/{I2} set auth password=hush mutual_userid=m"]
    run_batch(user, with_role, role="provision")
    own = f"{TPG}/acls/{I2} set auth password=*** mutual_userid=m"
    assert user.ok("history").rows[-1].endswith(f" / --role provision --batch -: {own}")


def test_the_same_by_batch_and_one_by_one(user: Shell, disks: Path) -> None:
    run(user, THIRTY, disks)
    one_by_one = comparable()
    user.ok("/ clearconfig confirm=true")
    for file in disks.iterdir():
        file.unlink()
    run(user, BASE, disks)
    answer = run_batch(user, lines(THIRTY, disks))
    assert answer.exit == 0 and all(text.startswith(ASIDES) for text in answer.asides)
    assert differences(comparable(), one_by_one) == []


def comparable() -> dict[str, str]:
    """The tree without the names that are made up for links."""
    return {
        re.sub(r"(lun_\d+)/[0-9a-f]{10}$", r"\1/LINK", path): text
        for path, text in tree().items()
        if not path.endswith("/nexus")
    }


@pytest.mark.parametrize("how", ["refused", "interrupted"])
def test_a_fault_at_every_call(user: Shell, disks: Path, how: str) -> None:
    before = tree() | files(ETC, disks)
    for at in itertools.count(1):
        user.fs = broken = Broken(at, how)
        try:
            answer = run_batch(user, lines(TEN, disks))
        except KeyboardInterrupt:
            assert how == "interrupted"
        else:
            if broken.left > 0:
                assert answer.exit == 0
                break
            assert (answer.exit, answer) == (1, ""), at
            assert re.search(r"line \d+: ", answer.stderr), answer.stderr
            assert "not all earlier changes could be rolled back" not in answer.stderr
        user.fs = ConfigFS()
        assert differences(tree() | files(ETC, disks), before) == [], f"call {at}"
    assert at > 20


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("/backstores/fileio/d9 status", "No such path /backstores/fileio/d9"),
        (f"{TPG} set attribute login_timeout=x", "login_timeout takes"),
        ("/ clearconfig confirm=true", "takes effect at once"),
        ("/ restoreconfig ETC/saveconfig.json clear_existing=true", "takes effect at once"),
        ("/ nosuchcommand", "Command not found"),
        (f"{TPG} set parameter MaxConnections='x", "quote"),
        (f"{TPG}/luns delete 0", "Invalid LUN"),
    ],
)
def test_an_error_in_the_last_line(user: Shell, disks: Path, last: str, why: str) -> None:
    user.ok("/ saveconfig")
    before = tree() | files(ETC, disks)
    answer = run_batch(user, [*lines(TEN, disks), last.replace("ETC", str(ETC))])
    assert (answer.exit, answer) == (1, "")
    assert "line 11: " in answer.stderr and why in answer.stderr, answer.stderr
    assert differences(tree() | files(ETC, disks), before) == []


def test_a_save_that_fails_leaves_the_changes(user: Shell) -> None:
    """They are made by then; who reads this has to know."""
    answer = run_batch(
        user,
        [
            "/backstores/ramdisk create r9 1M",
            "/ saveconfig /proc/nothing/x.json",
            "/backstores/ramdisk create r8 1M",
        ],
    )
    assert answer.exit == 1
    assert "line 2: the changes were applied, but this failed: " in answer.stderr
    assert answer.rows == ["Created ramdisk r9 with size 1M.", "Created ramdisk r8 with size 1M."]
    assert "r8" in user.ok("ls /backstores/ramdisk")


def test_what_the_kernel_refuses_names_its_line(user: Shell, disks: Path) -> None:
    before = tree()
    answer = run_batch(
        user,
        [
            "/backstores/ramdisk create r9 1M",
            "/backstores/ramdisk/r9 set attribute emulate_tpu=1",
            "/backstores/ramdisk create r8 1M",
        ],
    )
    assert answer.exit == 1
    assert "line 2: " in answer.stderr
    assert differences(tree(), before) == []
