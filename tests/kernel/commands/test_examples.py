# SPDX-License-Identifier: Apache-2.0
"""Every example that help shows is run as it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.host import system
from targetcli.command_table.command import Command
from targetcli.command_table.rows import every_row

from .. import nft_family
from ..fabrics.table import has_module
from .harness import Shell

BASE = "iqn.2003-01.org.example:base"
NEW = "iqn.2003-01.org.example:disks"
DISKS = "iqn.2003-01.org.example:disks"
HOST = "iqn.1994-05.com.example:host1"
TPG = f"/iscsi/{BASE}/tpg1"
DISK = "/backstores/block/disk1"
BUSCTL = """#!/bin/bash
case "$*" in
    *CheckConfig*) echo '{"data":[true,"success"]}' ;;
    *ChangeMedium*) echo '{"data":[0,"success"]}' ;;
esac
"""

EXPORT = ("/backstores/block create disk1 /dev/ram0", f"{TPG}/luns create {DISK}")
ADMIT = (f"{TPG}/acls create {HOST}",)
# By what runs the command: where it is run, and what is done before.
PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "absent:run": ("/", (f"/iscsi create {NEW}",)),
    "export:export": ("/", EXPORT),
    "acls:create": (f"{TPG}/acls", ()),
    "acls:delete": (f"{TPG}/acls", ADMIT),
    "acls:tag": (f"{TPG}/acls", ADMIT),
    "acls:untag": (f"{TPG}/acls", (*ADMIT, f"{TPG}/acls tag {HOST} web")),
    "acls:create_mapped_lun": (f"{TPG}/acls/{HOST}", (EXPORT[0], *ADMIT)),
    "acls:delete_mapped_lun": (f"{TPG}/acls/{HOST}", (*EXPORT, *ADMIT)),
    "alua:create": (f"{DISK}/alua", EXPORT[:1]),
    "alua:delete": (f"{DISK}/alua", (EXPORT[0], f"{DISK}/alua create standby 16")),
    "backups:backups": ("/", (*EXPORT, "/ saveconfig")),
    "transaction:begin": ("/", ()),
    "transaction:commit": ("/", ()),
    "transaction:rollback": ("/", ()),
    "browse:browse": ("/", ()),
    "clear:clearconfig": ("/", EXPORT),
    "restoreconfig:restoreconfig": ("/", (*EXPORT, "/ saveconfig")),
    "pending:restore_pending": ("/", EXPORT),
    "save_object:save_storage_object": (DISK, EXPORT),
    "saveconfig:saveconfig": ("/", EXPORT),
    "version:version": ("/", ()),
    "replace:replace_device": (DISK, EXPORT),
    "resize:rescan": (DISK, EXPORT),
    "resize:resize": ("/backstores/fileio/f1", ("/backstores/fileio create f1 /srv/disk1.img 1M",)),
    "history:history": ("/", ()),
    "history:revert": ("/", ()),
    "history:redo": ("/", (f"{TPG} set attribute login_timeout=20", "undo")),
    "history:undo": ("/", ()),
    "group:group": ("/", (EXPORT[0], f"/ group create web {HOST} target={BASE}")),
    "hosts:show_groups": ("/", ("/ group create web",)),
    "hosts:show_hosts": ("/", ADMIT),
    "identity:identity": ("/", (f"{TPG} disable",)),
    "lu_groups:create": ("/backstores/lu_gps", ()),
    "lu_groups:delete": ("/backstores/lu_gps", ("/backstores/lu_gps create cluster1",)),
    "luns:create": (f"{TPG}/luns", EXPORT[:1]),
    "luns:delete": (f"{TPG}/luns", EXPORT),
    "clone:clone_acl": (f"{TPG}/acls", ADMIT),
    "clone:clone_target": ("/iscsi", (f"/iscsi create {NEW}",)),
    "clone:clone_this_acl": (f"{TPG}/acls/{HOST}", ADMIT),
    "clone:clone_this_target": (f"/iscsi/{BASE}", ()),
    "rename:rename_acl": (f"{TPG}/acls", ADMIT),
    "rename:rename_object": ("/backstores/block", EXPORT),
    "rename:rename_this_acl": (f"{TPG}/acls/{HOST}", ADMIT),
    "rename:rename_this_object": (DISK, EXPORT),
    "import_:run": ("/", ()),
    "apply:apply": ("/", (*EXPORT, "/ saveconfig")),
    "owners:owners": ("/", EXPORT),
    "peer:peer": ("/", EXPORT),
    "takeover:release": ("/", ()),
    "takeover:takeover": ("/", ()),
    "diff:diff": ("/", (*EXPORT, "/ saveconfig")),
    "recover:recover": ("/", ()),
    "confirm:confirm": ("/", ()),
    "drain:lun": (f"{TPG}/luns", EXPORT),
    "drain:storage_object": ("/backstores/block", EXPORT),
    "drain:target": ("/iscsi", (f"/iscsi create {DISKS}",)),
    "pin:pin": (TPG, ()),
    "portals:create": (f"{TPG}/portals", ()),
    "portals:delete": (f"{TPG}/portals", (f"{TPG}/portals create 192.0.2.10",)),
    "portals:enable_iser": (
        f"{TPG}/portals/127.0.0.1:3261",
        (f"{TPG}/portals create 127.0.0.1 3261",),
    ),
    "portals:enable_offload": (
        f"{TPG}/portals/127.0.0.1:3261",
        (f"{TPG}/portals create 127.0.0.1 3261",),
    ),
    "check:check": ("/", (f"{TPG} disable",)),
    "sessions:sessions": ("/", ()),
    "logins:logins": ("/", ()),
    "reservations:reservations": ("/", ()),
    "paths:paths": ("/", EXPORT),
    "stats:stats": ("/", EXPORT),
    "exporter:exporter": ("/", EXPORT),
    "isns:isns": ("/", EXPORT),
    "firewall:allow": (
        f"{TPG}/portals/127.0.0.1:3261",
        (f"{TPG}/portals create 127.0.0.1 3261",),
    ),
    "firewall:firewall": ("/", EXPORT),
    "settings:get": (TPG, ()),
    "settings:set_values": (TPG, ()),
    "map:map_path": ("/", EXPORT),
    "map:what": ("/", ("/backstores/block create disk1 /dev/vg0/disk1",)),
    "report:report": ("/", EXPORT),
    "recipe:recipe": ("/", (*EXPORT, *ADMIT)),
    "verify:verify": (
        TPG,
        (
            *EXPORT,
            *ADMIT,
            f"{TPG}/portals create 127.0.0.1",
            f"{TPG} set attribute authentication=0",
        ),
    ),
    "navigation:bookmarks": ("/backstores", ()),
    "navigation:cd": ("/", ()),
    "navigation:info": (TPG, ()),
    "navigation:leave": ("/", ()),
    "navigation:ls": ("/", EXPORT),
    "navigation:pwd": ("/backstores", ()),
    "navigation:refresh": ("/", ()),
    "help:show_help": ("/", ()),
    "navigation:status": (TPG, ()),
    "status:root": ("/", (f"{TPG}/portals create",)),
    "storage:change_medium": (
        "/backstores/user:rbd",
        ("/backstores/user:rbd create vol1 10G pool/vol1",),
    ),
    "devices:create_block": ("/backstores/block", ()),
    "devices:create_fileio": ("/backstores/fileio", ()),
    "devices:create_pscsi": ("/backstores/pscsi", ()),
    "storage:create_ramdisk": ("/backstores/ramdisk", ()),
    "storage:create_user": ("/backstores/user:rbd", ()),
    "delete_storage:storage_object": ("/backstores/block", EXPORT),
    "storage:version": (DISK, EXPORT),
    "top:top": ("/", ()),
    "targets:create": ("/iscsi", ()),
    "targets:create_tpg": (f"/iscsi/{BASE}", ()),
    "targets:delete": ("/iscsi", (f"/iscsi create {NEW}",)),
    "targets:delete_tpg": (f"/iscsi/{BASE}", (f"/iscsi/{BASE} create 2",)),
    "targets:disable": (TPG, ()),
    "targets:enable": (TPG, (f"{TPG} disable",)),
    "targets:version": ("/iscsi", ()),
}
# What only hardware or a terminal gives; and what is about the lines before and after it.
REFUSED = {
    "browse:browse": "browse needs a terminal",
    "top:top": "top needs a terminal",
    "peer:peer": "standard input has no key",
    "takeover:takeover": "there is no fragment /etc/target/pairs/pool1.json",
    "transaction:commit": "no transaction is in progress",
    "transaction:rollback": "no transaction is in progress",
    "portals:enable_offload": f"{TPG}/portals/127.0.0.1:3261",
}
if not has_module("ib_isert"):
    REFUSED["portals:enable_iser"] = f"{TPG}/portals/127.0.0.1:3261"


@pytest.fixture
def devices(
    ram: list[str], scsi_disk: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """What the examples name: a volume, a SCSI device, a folder for files, a handler."""
    volumes, tape = [Path("/dev/vg0/disk1"), Path("/dev/vg0/disk2")], Path("/dev/st0")
    volumes[0].parent.mkdir()
    for volume, device in zip(volumes, ram, strict=False):
        volume.symlink_to(device)
    tape.symlink_to(scsi_disk[0])
    Path("/srv").mkdir(exist_ok=True)
    other = Path("/etc/iet/ietd.conf")
    other.parent.mkdir(exist_ok=True)
    other.write_text(f"Target {NEW}\nLun 0 Path=/dev/vg0/disk1,Type=blockio\n")
    program = tmp_path / "bin/busctl"
    program.parent.mkdir()
    program.write_text(BUSCTL)
    program.chmod(0o755)
    monkeypatch.setattr(system, "PATH", f"{program.parent}:{system.PATH}")
    nft_family.use(program.parent, monkeypatch)
    bus = Path("/run/dbus/system_bus_socket")
    bus.parent.mkdir(exist_ok=True)
    bus.touch()
    yield
    nft_family.run("nft", "flush", "ruleset")
    for volume in volumes:
        volume.unlink()
    volumes[0].parent.rmdir()
    other.unlink()
    tape.unlink()
    Path("/srv/disk1.img").unlink(missing_ok=True)


def place(row: Command) -> tuple[str, tuple[str, ...]]:
    """Where an example is run, and after what; one of ensure as that of its create."""
    if row.run == "ensure:run":
        (row,) = (found for found in every_row() if found.name == "create" and found.on == row.on)
    return PLACES[row.run]


def test_every_row_has_its_place() -> None:
    assert {row.run for row in every_row()} - {"ensure:run"} == set(PLACES)


@pytest.mark.parametrize("row", every_row(), ids=lambda row: f"{row.run}-{row.on[0]}")
def test_example(shell: Shell, devices: None, row: Command) -> None:
    path, before = place(row)
    shell.ok("set global auto_add_default_portal=false")
    for line in (f"/iscsi create {BASE}", *before):
        shell.ok(line)
    shell.cwd = path
    example = row.text.rpartition("\n\nExample: ")[2]
    if row.run in REFUSED:
        shell.refuses(example, REFUSED[row.run])
    else:
        shell.ok(example)
