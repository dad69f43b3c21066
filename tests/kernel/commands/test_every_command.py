# SPDX-License-Identifier: Apache-2.0
"""Every command of the table is run with every parameter that it takes, by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from targetcli.command_table.rows import every_row
from targetcli.command_table.table import Command
from targetcli.language import binding

from .. import nft_family
from .harness import ETC, Shell

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
I1, I2 = "iqn.2003-01.org.example:i1", "iqn.2003-01.org.example:i2"
PORTAL = f"{TPG}/portals/127.0.0.1:3261"
# Those of /backstores/user are in test_user_backed.py.
USER = ("user",)

LINES = f"""
/backstores/fileio create name=d1 file_or_dev=DISKS/d1 size=1M write_back=true sparse=true wwn=w1
/ revert number=1 dry_run=true
/backstores/block create name=b1 dev=/dev/ram0 readonly=false wwn=w2 exclusive=true
/backstores/pscsi create name=p1 dev=SCSI
/backstores/ramdisk create name=r1 size=1M nullio=false wwn=w3
/backstores/ramdisk/r1/alua create name=g1 tag=7
/backstores/ramdisk/r1/alua delete name=g1
/backstores/lu_gps create name=g1 number=7
/backstores/lu_gps delete name=g1
/backstores/lu_gps create name=g1 number=7
/backstores/lu_gps delete name=g1
/backstores/fileio/d1 version
/iscsi create wwn={IQN} tag=1 default_portal=true enable=true
/iscsi version
/iscsi/{IQN} create tag=2 default_portal=false enable=false
/iscsi/{IQN} delete tag=2
{TPG} disable
{TPG} enable
{TPG}/luns create storage_object=/backstores/fileio/d1 lun=0 add_mapped_luns=false
{TPG}/luns create storage_object=/backstores/ramdisk/r1 lun=1 add_mapped_luns=false
{TPG}/luns drain lun=0 timeout=5s dry_run=true other_paths=true
/backstores/fileio drain name=d1 timeout=5s dry_run=true other_paths=true
/iscsi drain wwn={IQN} timeout=5s dry_run=true other_paths=true
{TPG}/acls pin dry_run=true
{TPG}/luns delete lun=1
{TPG}/acls create wwn={I1} add_mapped_luns=false
{TPG}/acls create wwn={I2} add_mapped_luns=true profile=linux
{TPG}/acls/{I1} create mapped_lun=3 tpg_lun_or_backstore=lun0 write_protect=true
{TPG}/acls/{I1} delete mapped_lun=3
{TPG}/acls tag wwn_or_tag={I1} new_tag=web
/ group action=map name=web item=/backstores/ramdisk/r1 lun=7 write_protect=true dry_run=false
/ group action=create name=db item={I2} target={IQN} replace=true dry_run=true
/ group action=leave name=web item={I1} keep_luns=true dry_run=true
/ group action=unmap name=web item=7
/ groups name=web
/iscsi/{IQN}/tpg1/portals identity namespace=pool1 identity_node=1
/ hosts host=web
{TPG}/acls untag wwn_or_tag=web
{TPG}/acls delete wwn={I2}
{TPG}/portals create ip_address=127.0.0.1 ip_port=3261
{PORTAL} enable_iser boolean=false
{PORTAL} enable_offload boolean=false
{PORTAL} allow 127.0.0.0/8
{PORTAL} allow any
/ firewall action=apply file=ETC/networks.json dry_run=true
{TPG}/portals delete ip_address=127.0.0.1 ip_port=3261
{TPG} set group=attribute login_timeout=20
/ undo dry_run=true
/ undo dry_run=false
/ redo dry_run=true
/ redo dry_run=false
/ history number=1
/ history last=true
{TPG} get group=attribute
{TPG} get attribute login_timeout
/backstores/fileio/d1 resize size=2M dry_run=false
/backstores/fileio/d1 rescan dry_run=false
/backstores/block/b1 replace dev=/dev/ram1 smaller=true dry_run=false
/backstores/fileio rename name=d1 new_name=d2 dry_run=false
/backstores/fileio/d2 rename new_name=d1 dry_run=false
{TPG}/acls rename wwn={I1} new_wwn={I2} dry_run=false
{TPG}/acls/{I2} rename new_wwn={I1} dry_run=false
{TPG}/acls clone wwn={I1} new_wwn={I2} credentials=true dry_run=false
{TPG}/acls delete wwn={I2}
{TPG}/acls/{I1} clone new_wwn={I2} credentials=false dry_run=false
{TPG}/acls delete wwn={I2}
/iscsi clone wwn={IQN} new_wwn={IQN}2 dry_run=false
/iscsi/{IQN} clone new_wwn={IQN}3 dry_run=false
/iscsi delete wwn={IQN}2
/iscsi delete wwn={IQN}3
/backstores/fileio/d1 saveconfig savefile=ETC/one.json
/ saveconfig savefile=ETC/all.json drop_missing=false
/ logins
/ reservations
/ paths
/ stats path=/iscsi interval=1s sort=path kind=lun count=1 csv=true
/ map file=DISKS/map.svg format=svg
/ what word=r1
/ sessions action=list initiator=* target=* address=* format=table
/ report file=DISKS/report.html
/ ensure_absent path=/iscsi/{IQN}2
/ recipe system=windows initiator={I1}
{TPG} set attribute authentication=0
/ verify target={IQN} portal=127.0.0.1:3260 initiator={I1}
/ exporter textfile=ETC/lio.prom address=127.0.0.1 port=10860 drift=true
/ isns action=show file=DISKS/isns.conf
/ version
/ ls path=/iscsi depth=1
/ cd path=/iscsi
/ pwd
/ backups
/ saveconfig
/ backups name=saveconfig.json
/ status
/iscsi status
/ refresh
/ help topic=create
/ help search timeout
/ bookmarks action=add bookmark=x
{TPG} info
/backstores/fileio delete name=d1 save=false
/iscsi delete wwn={IQN}
/ diff file=ETC/all.json other=ETC/all.json
/ export file=DISKS/all.sh format=script savefile=ETC/all.json secrets=DISKS/secrets
/ check path=/iscsi file=ETC/all.json severity=error ignore=no-portal format=text host=true
/ check file=ETC/all.json peer=ETC/all.json
/ apply file=ETC/all.json merge=false target={IQN} storage_object=r1 dry_run=false
{TPG} set attribute login_timeout=25
/ apply file=ETC/all.json confirm_within=60s
/ confirm action=status
/ confirm action=keep
/ apply file=ETC/fragment.json owner=csi adopt=true
/ owners name=csi
/ saveconfig savefile=ETC/csi.json owner=csi
/ saveconfig savefile=ETC/target.json target={IQN}
/ diff file=ETC/csi.json owner=csi
/ apply owner=csi remove=true
/ takeover owner=csi file=ETC/fragment.json wait=1s pr=ETC peer=ssh:none force=true dry_run=true
/ takeover owner=csi file=ETC/fragment.json standby=false dry_run=true
/ release owner=csi timeout=1s standby=true dry_run=true
/ recover action=undo
/ clearconfig confirm=true
/ import file=ETC/ietd.conf format=ietd keep=serial dry_run=false
/ import file=ETC/ietd.conf save=ETC/imported.json
/ clearconfig confirm=true
/ restoreconfig savefile=ETC/all.json clear_existing=true keep_existing=false create_missing=true
/ clearconfig confirm=true savefile=ETC/all.json
/ restoreconfig ETC/all.json target={IQN} storage_object=r1
/ restore_pending savefile=ETC/all.json partial=true
/ exit
"""


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """The parameters that were given to each command."""
    found: dict[str, set[str]] = {}
    real = binding.bind

    def bind(command: Command, *arguments: Any) -> dict[str, Any]:
        values = real(command, *arguments)
        given = {name for name in values if values[name] not in ([], {})}
        found.setdefault(command.run, set()).update(given)
        return values

    monkeypatch.setattr(binding, "bind", bind)
    yield found


def give_files(disks: Path) -> None:
    """Write the files that the lines name."""
    (ETC / "ietd.conf").write_text(f"Target {IQN}\nLun 0 Path={disks}/d1\n")
    entry = {"name": "owned", "plugin": "ramdisk", "size": 4096}
    (disks / "isns.conf").write_text("isns_server = 192.0.2.9\nentity = san1\n")
    (ETC / "networks.json").write_text('{"storage_objects": []}')
    (ETC / "fragment.json").write_text(json.dumps({"storage_objects": [entry]}))


def test_every_parameter(
    shell: Shell,
    disks: Path,
    ram: list[str],
    scsi_disk: tuple[str, str],
    bound: dict[str, set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nft_family.use(disks / "bin", monkeypatch)
    give_files(disks)
    for line in LINES.strip().splitlines():
        for word, text in (("DISKS", str(disks)), ("SCSI", scsi_disk[0]), ("ETC", str(ETC))):
            line = line.replace(word, text)
        if "topic" in line:
            shell.cwd = "/iscsi"
            line = line.removeprefix("/ ")
        shell.ok(line)
        if " create " in line:
            assert "already exists" in shell.ok(line.replace(" create ", " ensure "))
    # Each of these lines stands alone.
    assert "Transaction started: changes wait for" in shell.ok("/ begin")
    shell.refuses("/ commit", "no transaction is in progress")
    shell.refuses("/ rollback", "no transaction is in progress")
    shell.refuses("/ browse", "browse needs a terminal")
    shell.refuses("/ peer", "standard input has no key")
    shell.refuses("/ top interval=1s", "top needs a terminal")
    shell.refuses("/ sessions action=detail sid=7", "no session found with sid 7")
    for name in ("sessions", "logins"):
        assert shell(f"/ {name} watch=2s", json=True).exit == 1
    shell.refuses(f"{TPG}/acls pin wwn={I1}", f"{I1} is not logged in without an ACL")
    known = {}
    for row in every_row():
        if row.on == USER:
            continue
        names = {item.name for item in row.parameters} | {row.more, row.keywords} - {""}
        known.setdefault(row.run, set()).update(names)
    missing = {
        run: names - bound.get(run, set())
        for run, names in known.items()
        if run not in bound or names - bound[run]
    }
    assert missing == {}
