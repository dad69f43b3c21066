# SPDX-License-Identifier: Apache-2.0
"""What was wrong with the tools before, each with what would fail if it came back.

``held`` are facts of rows and forms, or names of tests in test_defects and test_terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from .row import (
    ACL,
    DISKS,
    EMPTY,
    FILEIO,
    INITIATOR,
    IQN,
    K_ACL,
    K_DISK,
    K_TPG,
    TPG,
    Row,
    like,
)

FILE = f"{DISKS}/save.json"
NEW = f"{DISKS}/new.img"


def _file(luns: str = "", node_acls: str = "") -> dict[str, str]:
    text = f"""{{"storage_objects": [{{"name": "r1", "plugin": "ramdisk", "size": 1048576}}],
    "targets": [{{"fabric": "iscsi", "wwn": "{IQN}", "tpgs": [{{"tag": 1, "enable": true,
    "luns": [{luns}], "node_acls": [{node_acls}],
    "portals": [{{"ip_address": "0.0.0.0", "port": 3260}}]}}]}}]}}"""
    return {FILE: text}


MISSING = '{"index": 1, "storage_object": "/backstores/fileio/nosuch"}'
THERE = '{"index": 0, "storage_object": "/backstores/ramdisk/r1"}'
CPUS = '"fabric_modules": [{"name": "iscsi", "cpus_allowed_list": "7"}]'  # there is one CPU
CHAP = f'{{"node_wwn": "{INITIATOR}", "userid": "u", "password": "p"}}'

ROWS = (
    Row("manual's names of credentials are taken", f"restoreconfig {FILE}",
        f"Configuration restored from {FILE}", world=EMPTY, files=_file(node_acls=CHAP),
        kernel={f"{K_ACL}/auth/userid": "u", f"{K_ACL}/auth/password": "p"},
        differs="`userid`, `password` … as in targetcli-fb's manual"),
    Row("a LUN that cannot be restored leaves the rest", f"restoreconfig {FILE}",
        err="recoverable errors", world=EMPTY, files=_file(f"{MISSING}, {THERE}"),
        kernel={f"{K_TPG}/lun/lun_0": "/", f"{K_TPG}/lun/lun_1": None, f"{K_TPG}/enable": "1"}),
    Row("the CPUs of a save file are set", f"restoreconfig {FILE}",
        err="Configuration restored, 1 recoverable errors:\n/iscsi: ", world=EMPTY,
        files={FILE: _file()[FILE].replace('"targets"', f'{CPUS}, "targets"')}),
    Row("a LUN's group that does not exist", f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=nosuch",
        err="there is no target port group nosuch",
        differs="a LUN's `alua_tg_pt_gp_name` that does not exist"),
    Row("set: all or nothing", f"{TPG} set attribute login_timeout=20 nosuch=1",
        err="Unknown parameter nosuch in group 'attribute'.",
        kernel={f"{K_TPG}/attrib/login_timeout": "15"}, differs="`set a=1 nosuch=1`"),
    Row("set: all or nothing where the kernel refuses",
        f"{FILEIO}/d1 set attribute emulate_tpu=1 block_size=4096",
        err="Cannot set attribute block_size: [Errno 22] Invalid argument",
        kernel={f"{K_DISK}/attrib/emulate_tpu": "0"}, differs="`set a=1 nosuch=1`"),
    Row("set: a group is needed", f"{FILEIO}/d1 set emulate_tpu=1",
        err="there is no group before emulate_tpu= (available groups: global attribute",
        kernel={f"{K_DISK}/attrib/emulate_tpu": "0"}, differs="`set NAME=VALUE` without a group"),
    Row("info: a password is not shown", f"{ACL} info", like(r"^chap_password: \*\*\*$"),
        given=(f"{ACL} set auth userid=u password=hush",), differs="passwords in `info`"),
    Row("naa.6 stays", "/loopback create naa.6001405000000001",
        "Created target naa.6001405000000001.", world=EMPTY,
        kernel={"loopback/naa.6001405000000001": "/"}, differs="`naa.6…` with 16 digits"),
    Row("a portal on a foreign address", f"{TPG}/portals create 192.0.2.77 3261",
        "Created network portal 192.0.2.77:3261.",
        aside="Note: no interface of this host has the address 192.0.2.77 now\n",
        differs="a portal on an address that this host does not have; the last portal of an "
        "enabled TPG"),
    *(Row(f"size: {text}", f"{FILEIO} create d2 {NEW} {text}",
          like(rf"^Created fileio d2 with size {count}$"), world=EMPTY, differs="sizes")
      for text, count in (("1.5M", 3 << 19), ("0.5GiB", 1 << 29), ("2P", 2 << 50))),
    Row("summary: size in PiB", f"{FILEIO}/d2 status", like(r"\(2\.0PiB\)"), world=EMPTY,
        given=(f"{FILEIO} create d2 {NEW} 2P",)),
    Row("summary: size in EiB", f"{FILEIO}/d2 status", like(r"\(2\.0EiB\)"), world=EMPTY,
        given=(f"{FILEIO} create d2 {NEW} 2E",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defect:
    """What was wrong, and where it is held not to be."""

    what: str
    held: tuple[str, ...]


DEFECTS = (
    Defect("quotes, braces and letters beyond ASCII cut a value off",
           ("a value with { is kept", "a value with ' is kept", "a value with ä is kept",
            "what no line can begin with")),
    Defect("the daemon's exit status was 0 and % parted commands",
           ("auto_use_daemon: failures are told", "a value with %")),
    Defect("an open shell blocked all others", ("terminal: an open shell is in nobody's way",)),
    Defect("a script's failures left no trace", ("standard input: failures are counted",)),
    Defect("/iscsi version ended the shell",
           ("version of a fabric", "standard input: /iscsi version does not end it")),
    Defect("backups could not be restored", ("test_backup_is_restored",)),
    Defect("ALUA groups and target parameters were lost", ("test_nothing_is_lost",)),
    Defect("the manual's names of credentials were ignored",
           ("manual's names of credentials are taken",)),
    Defect("one LUN ended the whole restore", ("a LUN that cannot be restored leaves the rest",)),
    Defect("a partial restore had exit status 0",
           ("restoreconfig: errors", "a LUN that cannot be restored leaves the rest")),
    Defect("a LUN's missing group had exit status 0", ("a LUN's group that does not exist",)),
    Defect("set did one half",
           ("set: all or nothing", "set: all or nothing where the kernel refuses")),
    Defect("passwords were in the log, info and get",
           ("info: a password is not shown", "log: none by itself",
            "terminal: passwords are hidden, and in no history")),
    Defect("ls loaded modules and enabled targets", ("test_ls_changes_nothing",)),
    Defect("/path/* COMMAND did nothing", ("*: the children of a path", "*: changes all")),
    Defect("naa.6 became naa.5", ("naa.6 stays",)),
    Defect("the order in a save file was not stable", ("test_same_state_same_bytes",)),
    Defect("nexus, queue depth and CPUs were not saved",
           ("test_nothing_is_lost", "the CPUs of a save file are set")),
    Defect("sessions without an ACL were not listed", ("test_dynamic_sessions",)),
    Defect("refused writes were made twice", ("test_refused_writes_are_made_once",)),
    Defect("a portal on a foreign address was made without a word",
           ("a portal on a foreign address",)),
    Defect("color_mode changed messages", ("color_mode=false changes no message",)),
    Defect("an error in mounting configfs named a variable", ("test_configfs_is_not_mounted",)),
    Defect("deleting a storage object took LUNs away without a word",
           ("a storage object goes with its LUNs",)),
    Defect("sizes from 1 EiB on were None, and none had decimals",
           ("size: 1.5M", "size: 2P", "summary: size in EiB")),
)  # fmt: skip
