# SPDX-License-Identifier: Apache-2.0
"""Misspelled words: the error proposes the closest known one, and nothing is guessed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .harness import Shell

IQN = "iqn.2003-01.org.example:disks"
TPG = f"/iscsi/{IQN}/tpg1"
INITIATOR = "iqn.2003-01.org.example:host"
RAMDISK = "/backstores/ramdisk"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a storage object, a target and an ACL."""
    for line in (
        f"{RAMDISK} create disk1 1M",
        f"/iscsi create {IQN}",
        f"{TPG}/luns create {RAMDISK}/disk1",
        f"{TPG}/acls create {INITIATOR}",
    ):
        shell.ok(line)
    return shell


# A line, and what its error says.
PROPOSALS = {
    "/backstores/block create name=x dve=/dev/null": (
        "Unexpected keyword parameter 'dve'. (did you mean dev=?)"
    ),
    f"{RAMDISK} create name=y size=1M nulio=true": "did you mean nullio=?",
    "saveconfg": "Command not found saveconfg (did you mean saveconfig?; available: ",
    f"{RAMDISK} creat x 1M": "(did you mean create?; available: ",
    f"{RAMDISK} saveconfig": "(run it at the root: / saveconfig)",
    f"{RAMDISK} enable": "(it is a command of TPG)",
    f"{TPG} create x": "(run it one level down: ",
    f"{TPG}/lun ls": f"No such path {TPG}/lun (did you mean {TPG}/luns?)",
    "targetcli ls": "Command not found targetcli (this is its shell: type only what follows ",
    f"{TPG}/acls {INITIATOR} ls": f"({INITIATOR} is a path; write it with a slash: {INITIATOR}/ ",
    f"{TPG}/acls iqn.*:host ls": "(iqn.*:host is a path; write it with a slash: ./iqn.*:host ",
    f"{TPG}/acls iqn.*:host/ ls": "write it with a slash: ./iqn.*:host/ COMMAND)",
    f"{TPG}/acls iqn.*:nobody ls": "Command not found iqn (did you mean pin?; ",
    f"{TPG}/acls/iqn.example:host[1-2] ls": "(a path takes no range: use iqn.example:host*)",
    "ls /backstore": "No such path /backstore (did you mean /backstores?)",
    f"cd {RAMDISK}/dsk1": f"did you mean {RAMDISK}/disk1?",
    f"{RAMDISK} delete dsk1": "No storage object named dsk1. (did you mean disk1?)",
    f"{RAMDISK} rename dsk1 x": "did you mean disk1?",
    f"/iscsi delete {IQN[:-1]}": f"did you mean {IQN}?",
    f"{TPG}/acls delete {INITIATOR}s": f"did you mean {INITIATOR}?",
    f"{TPG}/luns create disk1": f"storage object or path not valid (did you mean {RAMDISK}/disk1?)",
    f"{TPG}/luns create {RAMDISK}/dsk1": f"did you mean {RAMDISK}/disk1?",
    f"{TPG}/acls/{INITIATOR} create 5 dsk1": f"did you mean {RAMDISK}/disk1?",
    "set global auto_cd_after_creat=true": "did you mean auto_cd_after_create?; available: ",
    "set globl auto_cd_after_create=true": "did you mean global?; available groups: ",
    f"{TPG} set attribute authentification=1": "did you mean authentication?; available: ",
    f"{TPG} get attribute authentification": "did you mean authentication?; available: ",
    f"{TPG}/acls/{INITIATOR} set auth user=x": "(did you mean userid?; available: userid ",
    f"{TPG}/acls/{INITIATOR} get auth pasword": "(did you mean password?; available: userid ",
    "/iscsi set discovery_auth enabled=1": "(did you mean enable?; available: userid ",
    "set global auto_cd=true": "(did you mean auto_cd_after_create?; available: ",
    "drain disk1": "(it is a command of /backstores/KIND, /FABRIC, TPG/luns)",
    "create x": "/backstores/pscsi and 10 more; help create lists them)",
    "/backstores delete x": "(run it one level down: block/ delete, fileio/ delete, pscsi/ delete ",
    f"/iscsi/{IQN} set attribute authentication=1": (
        f"group: attribute ({TPG} has it; available groups: "
    ),
    f"{RAMDISK} create y 1M --confirm-within 2": (
        "there is no option --confirm-within here (it is an option of apply; '--confirm-within' in "
    ),
    f"{TPG} get atribute": "did you mean attribute?; available groups: ",
    "apply --mrge": "there is no option --mrge here (did you mean --merge?; available: ",
    "/ help saveconfg": "did you mean saveconfig?; help search saveconfg",
}


@pytest.mark.parametrize("line", PROPOSALS)
def test_the_closest_word_is_proposed(user: Shell, line: str) -> None:
    user.refuses(line, PROPOSALS[line])


@pytest.mark.parametrize("line", ["frobnicate", "ls /zzz", f"{RAMDISK} delete zzz", "cd 12345"])
def test_nothing_is_proposed_where_nothing_is_alike(user: Shell, line: str) -> None:
    assert "did you mean" not in user.refuses(line).stderr


def test_an_option() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "targetcli", "--dryrun", "ls"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "there is no option --dryrun (did you mean --dry-run?; --help shows the options)\n"
    )


def test_aliases(user: Shell) -> None:
    assert user.ok("?") == user.ok("help")
    assert user.ok("? ls") == user.ok("help ls")
    user.ok(f"{TPG}/luns remove 0")
    user.ok(f"{RAMDISK} rm disk1")
    assert user.ok("/ undo")
    user.cwd = TPG
    user.ok("..")
    assert user.cwd == f"/iscsi/{IQN}"
    result = user.ok("quit").result
    assert result is not None and result.leave
    assert "exit" in user.ok("help quit")


# How a portal may be written, and its node.
PORTALS = {
    "[::1]:3261": "[::1]:3261",
    "127.0.0.1:3261": "127.0.0.1:3261",
    "ip_address=127.0.0.1:3262": "127.0.0.1:3262",
}


@pytest.mark.parametrize("text", PORTALS)
def test_portals_as_ls_shows_them(user: Shell, text: str) -> None:
    user.ok(f"{TPG}/portals delete [::0]:3260")
    user.ok(f"{TPG}/portals create {text}")
    user.ok(f"{TPG}/portals/{PORTALS[text]} status")
    user.ok(f"{TPG}/portals ensure {text}")
    user.ok(f"{TPG}/portals delete {text}")
    assert user.ok(f"{TPG}/portals status").endswith("Portals: 0\n")


def test_a_command_that_succeeds_imports_no_difflib() -> None:
    code = (
        "import sys; from targetcli.cli import main; status = main(['/', 'ls']); "
        "assert 'difflib' not in sys.modules and 'targetcli.closest' not in sys.modules; "
        "sys.exit(status)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
