# SPDX-License-Identifier: Apache-2.0
"""The session that the LIO wiki teaches, in its own spelling, and its example in Python."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rtslib_ext import restore
from rtslib_ext.config.backing import Block
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from targetcli import session

from .harness import ASIDES, ETC, TARGET, Shell, value

INITIATOR = "iqn.1991-05.com.microsoft:ibm-t410s"
SESSION = f"""\
# the page is older than the portal that new targets have now
set global auto_add_default_portal=false
iscsi/ info
ls
set global auto_cd_after_create=false
cd backstores/
iblock/ create name=my_disk dev=/dev/ram0
/backstores/iblock/create my_disk2 /dev/ram1
set global auto_cd_after_create=true
/iscsi create
luns/ create /backstores/iblock/my_disk
cd <
portals/ create 192.168.1.139
cd <
set attribute authentication=0 demo_mode_write_protect=0 generate_node_acls=1 cache_dynamic_acls=1
set global auto_cd_after_create=false
acls/ create {INITIATOR}
cd acls/{INITIATOR}
set auth userid={INITIATOR}
set auth password=mytargetsecret
get auth
set auth userid={INITIATOR} password=mytargetsecret userid_mutual=mymutualuserid \
password_mutual=mymutualsecret
cd ../..
set auth userid=rts-user password=b492785e-bc91-4710 userid_mutual=mutual-rts-user \
password_mutual=aeae2e26-f043-42a7
/iscsi set discovery_auth enable=1 userid=mytargetuid password=mytargetsecret
/iscsi set discovery_auth enable=1 userid=mytargetuid password=mytargetsecret \
mutual_userid=mymutualuid mutual_password=mymutualsecret
/iscsi get discovery_auth
ls
cd /
saveconfig
exit
"""
CREATED = "Entering new node /iscsi/iqn.2003-01.org.linux-iscsi."


@pytest.fixture
def wiki(shell: Shell, ram: list[str]) -> Shell:
    """A user with the page's devices."""
    assert os.path.exists(ram[1])
    return shell


def by_line(user: Shell) -> str:
    """Line by line, at a shell."""
    return "".join(user.ok(line) for line in SESSION.splitlines())


def as_script(user: Shell) -> str:
    """On standard input."""
    env = user.env()
    env.stdin = io.StringIO(SESSION)
    assert session.run_script(env) == 0
    said: str = env.stderr.getvalue()  # type: ignore[attr-defined]
    assert all(row.startswith(ASIDES) for row in said.splitlines()), said
    text: str = env.stdout.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("run", [by_line, as_script])
def test_session(wiki: Shell, run: Callable[[Shell], str]) -> None:
    said = run(wiki)
    assert CREATED in said
    wwn = said.partition("Created target ")[2].partition(".\n")[0]
    tpg = f"iscsi/{wwn}/tpgt_1"
    check_kernel(tpg)
    assert "password=mytargetsecret\n" in said
    rows = wiki.ok(f"/iscsi/{wwn} ls").rows
    check_tree(wwn, rows)
    saved = json.loads((ETC / "saveconfig.json").read_text())
    assert [so["plugin"] for so in saved["storage_objects"]] == ["block", "block"]
    assert saved["targets"][0]["wwn"] == wwn
    assert saved["targets"][0]["tpgs"][0]["node_acls"][0]["node_wwn"] == INITIATOR
    assert "mutual disc auth, Targets: 1" in wiki.ok("/iscsi status")


def check_kernel(tpg: str) -> None:
    """What the page says is so."""
    attributes = {
        "authentication": "0",
        "demo_mode_write_protect": "0",
        "generate_node_acls": "1",
        "cache_dynamic_acls": "1",
    }
    assert {name: value(f"{tpg}/attrib/{name}") for name in attributes} == attributes
    assert value(f"{tpg}/enable") == "1"
    assert [path.name for path in (TARGET / tpg / "np").iterdir()] == ["192.168.1.139:3260"]
    link = next(path for path in (TARGET / tpg / "lun/lun_0").iterdir() if path.is_symlink())
    assert Path(os.path.realpath(link)).name == "my_disk"
    acl = f"{tpg}/acls/{INITIATOR}"
    assert value(f"{acl}/lun_0/write_protect") == "0"
    for folder, names in (
        (f"{acl}/auth", (INITIATOR, "mytargetsecret", "mymutualuserid", "mymutualsecret")),
        (
            f"{tpg}/auth",
            ("rts-user", "b492785e-bc91-4710", "mutual-rts-user", "aeae2e26-f043-42a7"),
        ),
        (
            "iscsi/discovery_auth",
            ("mytargetuid", "mytargetsecret", "mymutualuid", "mymutualsecret"),
        ),
    ):
        files = ("userid", "password", "userid_mutual", "password_mutual")
        assert tuple(value(f"{folder}/{name}") for name in files) == names
    assert value("iscsi/discovery_auth/enforce_discovery_auth") == "1"


def check_tree(wwn: str, rows: list[str]) -> None:
    """The tree as the page shows it, with today's names."""
    shown = [" ".join(row.replace("." * 4, "").split()) for row in rows]
    names = [row.split(" o- ")[-1].removeprefix("o- ").split()[0] for row in rows]
    assert names == [
        wwn, "tpg1", "acls", INITIATOR, "mapped_lun0", "luns", "lun0", "portals",
        "192.168.1.139:3260",
    ]  # fmt: skip
    for text in (
        "[TPGs: 1]", "[gen-acls, no-auth]", "[ACLs: 1]", "[Mapped LUNs: 1]",
        "[lun0 block/my_disk (rw)]", "[LUNs: 1]", "[block/my_disk (/dev/ram0) (default_tg_pt_gp)]",
        "[Portals: 1]", "[no interface has this address]",
    ):  # fmt: skip
        assert sum(row.endswith(text) for row in shown) == 1, text


def test_wildcard_portal_is_in_the_way_of_the_pages(shell: Shell) -> None:
    shell.ok("/iscsi create iqn.2003-01.org.example:a")
    shell.refuses(
        "/iscsi/iqn.2003-01.org.example:a/tpg1/portals create 192.168.1.139",
        "the portal [::0]:3260 already listens on every address; delete it first: "
        "/iscsi/iqn.2003-01.org.example:a/tpg1/portals delete ::0 3260",
    )


def test_example_in_python(configfs: object, ram: list[str]) -> None:
    """A block device, a target, TPG 1, a portal, LUN 0, an ACL with a mapped LUN."""
    disk = StorageObject("my_disk", Block(ram[0]))
    initiator = "iqn.2003-01.org.example:initiator"
    tpg = Tpg(
        tag=1,
        enable=True,
        luns={0: Lun(0, disk.key)},
        portals={"127.0.0.1:3260": Portal("127.0.0.1", 3260)},
        acls={initiator: NodeAcl(initiator, {0: MappedLun(0, 0)})},
    )
    target = Target("iscsi", "iqn.2003-01.org.example:target", {1: tpg})
    fs = ConfigFS()
    outcome = restore.restore(fs, Config({disk.key: disk}, {target.key: target}))

    assert (outcome.failures, outcome.skipped, outcome.notes) == ([], [], [])
    found = Reader(fs).config()
    assert [so.backing for so in found.storage_objects.values()] == [Block(ram[0])]
    running = found.targets[target.key].tpgs[1]
    assert running.enable is True and running.portals == tpg.portals
    assert running.luns[0].storage_object == ("block", "my_disk")
    assert running.acls[initiator].mapped_luns[0].tpg_lun == 0
