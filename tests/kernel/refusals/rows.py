# SPDX-License-Identifier: Apache-2.0
"""The causes: how each is brought about, the command that is refused, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import expected

IQN = "iqn.2003-01.org.example:a"
TARGET = f"/iscsi/{IQN}"
TPG = f"{TARGET}/tpg1"
INITIATOR = "iqn.2003-01.org.example:i"
ACL = f"{TPG}/acls/{INITIATOR}"
NAA = "naa.5001405000000001"
LOOPBACK = f"/loopback/{NAA}"
D1, R1, B1, RBD = (
    f"/backstores/{name}" for name in ("fileio/d1", "ramdisk/r1", "block/b1", "user:rbd")
)
FILEIO, BLOCK, RAMDISK, PSCSI = (
    f"/backstores/{kind}" for kind in ("fileio", "block", "ramdisk", "pscsi")
)

D1_MADE = f"{FILEIO} create d1 DISKS/d1.img 1M"
R1_MADE = f"{RAMDISK} create r1 1M"
TARGET_MADE = f"/iscsi create {IQN}"
D1_OUT = (D1_MADE, TARGET_MADE, f"{TPG}/luns create {D1}")
G1_MADE = (D1_MADE, f"{D1}/alua create g1 5")
MOUNTED = ("!mkfs.ext4 -q -F /dev/ram0", "!mkdir -p DISKS/mnt", "!mount /dev/ram0 DISKS/mnt")
SMALL = ("!mkdir -p DISKS/small", "!mount -t tmpfs -o size=1m none DISKS/small")
# What another tool left half done: a storage object that was never enabled.
RAW = "!mkdir -p /sys/kernel/config/target/core/rd_mcp_7/raw"
# A configuration with one of everything, to restore with one value changed.
EVERYTHING = (
    D1_MADE,
    f"{D1}/alua create g1 5",
    R1_MADE,
    TARGET_MADE,
    f"{TPG}/luns create {D1}",
    f"{TPG}/acls create {INITIATOR}",
    f"/loopback create {NAA}",
)
Place = tuple[str | int, ...]
SO, FIRST_TPG = "storage_objects", ("targets", 0, "tpgs", 0)
OWN_D1 = ("rtslib_ext", SO, D1)


@dataclass(frozen=True)
class Row:
    """One cause.

    ``refusal`` is its name in the table, "" where something else than the table explains it.
    In ``setup`` and ``help`` a line that begins with ! is for the host, HOLD opens a device for
    itself, LISTEN listens on a port, UNNOTICED lets all devices look unused to the program.
    ``says`` must be in the message. What ``help`` names must be in it too, and once that was done
    the line works; ``then`` is what works where it is another line. ``change`` are values, by
    their place, changed in a saved configuration before the line restores it. ``advised`` is
    where the command itself knows better what helps.
    """

    refusal: str
    line: str
    says: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    then: str = ""
    change: tuple[tuple[Place, Any], ...] = ()
    advised: bool = False

    def __str__(self) -> str:
        return f"{self.refusal or 'other'}: {self.line}"[:90]


def restored(
    refusal: str, place: Place, value: Any, *says: str, also: tuple[tuple[Place, Any], ...] = ()
) -> Row:
    """A restore of everything with one value changed, ``also`` others that this takes."""
    line = "restoreconfig DISKS/changed.json clear_existing=true"
    return Row(refusal, line, says, EVERYTHING, change=((place, value), *also))


def exported(name: str, value: str) -> Row:
    """An attribute that cannot change while there is a LUN."""
    return Row(
        "attribute-exported",
        f"{D1} set attribute {name}={value}",
        (f"{D1}: Cannot set attribute {name}: [Errno 22] Invalid argument: {name} cannot change",),
        D1_OUT,
        help=(f"{TPG}/luns delete 0",),
    )


SHARED = (
    Row(
        "device-held",
        f"{BLOCK} create b1 /dev/ram0 exclusive=false",
        (f"{B1}: ", "it is mounted on DISKS/mnt"),
        MOUNTED,
        help=("!umount DISKS/mnt",),
    ),
)
if expected.value("exclusive=false opens a device that is in use"):
    SHARED = ()

DEVICES = (
    Row(
        "",
        f"{BLOCK} create b1 /dev/ram0",
        (
            f"{B1}: Cannot configure StorageObject because device /dev/ram0 is already in use: ",
            "it is mounted on DISKS/mnt",
        ),
        MOUNTED,
        help=("!umount DISKS/mnt",),
    ),
    Row(
        "",
        f"{BLOCK} create b1 /dev/ram1",
        ("it is swap space in use",),
        ("!mkswap /dev/ram1", "!swapon /dev/ram1"),
        help=("!swapoff /dev/ram1",),
    ),
    Row(
        "",
        f"{BLOCK} create b1 /dev/ram1",
        ("the device-mapper device held uses it",),
        ("!dmsetup create held --table '0 2048 linear /dev/ram1 0'",),
        help=("!dmsetup remove held",),
    ),
    Row(
        "",
        f"{BLOCK} create b2 /dev/ram1",
        (f"the storage object {B1} has it",),
        (f"{BLOCK} create b1 /dev/ram1",),
        help=(f"{BLOCK} delete b1",),
    ),
    Row(
        "",
        f"{BLOCK} create b1 /dev/ram2",
        ("the program ", "has it open", "kill "),
        ("HOLD /dev/ram2",),
    ),
    Row(
        "",
        f"{PSCSI} create p2 SDISK",
        ("(SCSI ", "is already in use: the storage object /backstores/pscsi/p1 has it"),
        (f"{PSCSI} create p1 SDISK",),
        help=(f"{PSCSI} delete p1",),
    ),
    Row(
        "device-held",
        f"{BLOCK} create b1 /dev/ram0",
        (f"{B1}: ", "it is mounted on DISKS/mnt"),
        (*MOUNTED, "UNNOTICED"),
        help=("!umount DISKS/mnt",),
    ),
    *SHARED,
    Row(
        "device-read-only",
        f"{BLOCK} create b1 LOOP readonly=false",
        (f"{B1}: ", "the device LOOP is read-only", "readonly=true"),
        ("!truncate -s 1M DISKS/loop.img", "READONLY DISKS/loop.img"),
        then=f"{BLOCK} create b1 LOOP readonly=true",
    ),
    Row(
        "scsi-device-read-only",
        f"{PSCSI} create p1 SDISK",
        ("/backstores/pscsi/p1: ",),
        ("!blockdev --setro SDISK",),
        help=("!blockdev --setrw SDISK",),
    ),
    Row(
        "scsi-generic-device",
        f"{PSCSI} create p1 SGENERIC",
        ("SGENERIC is the generic device", "(SDISK)"),
        then=f"{PSCSI} create p1 SDISK",
    ),
    Row(
        "",
        f"{BLOCK} create b1 /dev/nosuch",
        ("Could not open /dev/nosuch: no such file or directory",),
    ),
    Row(
        "device-gone",
        "restoreconfig DISKS/changed.json clear_existing=true",
        (f"{B1}: create block b1 on /dev/nosuch: the device /dev/nosuch does not exist (ENOENT)",),
        (*EVERYTHING, f"{BLOCK} create b1 /dev/ram1"),
        change=(((SO, 0, "dev"), "/dev/nosuch"),),
    ),
)

FILES = (
    Row(
        "file-immutable",
        f"{FILEIO} create f1 DISKS/mnt/f.img",
        ("/backstores/fileio/f1: ",),
        (*MOUNTED, "!truncate -s 1M DISKS/mnt/f.img", "!chattr +i DISKS/mnt/f.img"),
        help=("!chattr -ia DISKS/mnt/f.img",),
    ),
    Row(
        "file-system-read-only",
        f"{FILEIO} create f1 DISKS/mnt/f.img",
        ("/backstores/fileio/f1: ", "EROFS"),
        (*MOUNTED, "!truncate -s 1M DISKS/mnt/f.img", "!mount -o remount,ro DISKS/mnt"),
        help=("!mount -o remount,rw DISKS/mnt",),
    ),
    Row(
        "file-runs",
        f"{FILEIO} create f1 DISKS/program",
        ("/backstores/fileio/f1: ", "ETXTBSY"),
        ("!cp /bin/sleep DISKS/program", "RUN DISKS/program 1000"),
        help=("END",),
    ),
    Row(
        "",
        "restoreconfig DISKS/changed.json clear_existing=true",
        ("/nosuch/d1.img does not exist", "mount its file system"),
        EVERYTHING,
        change=(((SO, 0, "dev"), "/nosuch/d1.img"),),
    ),
    Row(
        "folder-missing",
        f"{FILEIO} create f1 DISKS/no/such/f.img 1M",
        ("Could not open DISKS/no/such/f.img: ",),
        help=("!mkdir -p DISKS/no/such",),
    ),
    Row(
        "folder-is-file",
        f"{FILEIO} create f1 DISKS/plain/f.img 1M",
        ("Could not open DISKS/plain/f.img: ", "namei DISKS/plain/f.img"),
        ("!touch DISKS/plain",),
    ),
    Row(
        "links-in-circle",
        f"{FILEIO} create f1 DISKS/a/f.img 1M",
        ("Could not open DISKS/a/f.img: ",),
        ("!ln -s a DISKS/b", "!ln -s b DISKS/a"),
    ),
    Row(
        "",
        f"{FILEIO} create f1 /srv/{'n' * 252} 1M",
        ("is longer than the 255 bytes that the kernel keeps", "symbolic link"),
    ),
    Row(
        "folder-read-only",
        f"{FILEIO} create f1 DISKS/small/f.img 4k",
        ("Could not open DISKS/small/f.img: ",),
        (*SMALL, "!mount -o remount,ro DISKS/small"),
        help=("!mount -o remount,rw DISKS/small",),
    ),
    Row(
        "folder-immutable",
        f"{FILEIO} create f1 DISKS/mnt/f.img 1M",
        ("Could not open DISKS/mnt/f.img: ",),
        (*MOUNTED, "!chattr +i DISKS/mnt"),
        help=("!chattr -ia DISKS/mnt",),
    ),
    Row(
        "no-room",
        f"{FILEIO} create f1 DISKS/small/f.img 4M sparse=false",
        ("Could not expand file to 4194304 bytes: 1048576 bytes are free", "DISKS/small"),
        SMALL,
        then=f"{FILEIO} create f1 DISKS/small/f.img 4M",
    ),
    Row(
        "file-too-large",
        f"{FILEIO} create f1 DISKS/mnt/f.img 100T",
        ("Could not expand file to 109951162777600 bytes: ", "DISKS/mnt"),
        MOUNTED,
        then=f"{FILEIO} create f1 DISKS/mnt/f.img 100G",
    ),
)

MODULES = (
    Row(
        "",
        f"/efct create {NAA}",
        ("the kernel module efct cannot be loaded: ", "does not include it"),
    ),
    Row(
        "",
        f"/efct create {NAA}",
        ("the kernel module efct cannot be loaded: ", "modprobe -n -v efct"),
        ("!echo install efct /bin/false >/etc/modprobe.d/keep-away.conf",),
    ),
    Row("", "/srpt create", ("no adapter of this host is free",)),
)

ATTRIBUTES = (
    Row(
        "storage-object-exported",
        "/ revert 1",
        (R1, "a LUN exports it"),
        (R1_MADE, TARGET_MADE, f"{TPG}/luns create {R1}"),
        (f"{TPG}/luns delete 0",),
    ),
    exported("block_size", "4096"),
    exported("queue_depth", "64"),
    exported("optimal_sectors", "8"),
    exported("emulate_model_alias", "0"),
    exported("emulate_tas", "0"),
    exported("emulate_ua_intlck_ctrl", "1"),
    exported("force_pr_aptpl", "1"),
    exported("pi_prot_type", "1"),
    exported("unmap_zeroes_data", "1"),
    Row("unmap-ramdisk", f"{R1} set attribute emulate_tpu=1", ("[Errno 38]",), (R1_MADE,)),
    Row("unmap-ramdisk", f"{R1} set attribute emulate_tpws=1", ("[Errno 38]",), (R1_MADE,)),
    Row(
        "unmap-device",
        f"{B1} set attribute emulate_tpu=1",
        ("the device SDISK does not support discard",),
        (f"{BLOCK} create b1 SDISK",),
    ),
    Row(
        "zeroes-without-unmap",
        f"{R1} set attribute unmap_zeroes_data=1",
        ("[Errno 38]",),
        (R1_MADE,),
    ),
    Row(
        "queue-too-deep",
        f"{R1} set attribute queue_depth=100000",
        ("accepts at most 128 commands at once",),
        (R1_MADE,),
        help=(f"{R1} set attribute queue_depth=128",),
        then=f"{R1} set attribute queue_depth=128",
    ),
    Row(
        "transfer-too-long",
        f"{D1} set attribute optimal_sectors=100000",
        ("the longest transfer, is 16384",),
        (D1_MADE,),
        help=(f"{D1} set attribute optimal_sectors=16384",),
        then=f"{D1} get attribute optimal_sectors",
    ),
    Row(
        "protection-backend",
        f"{B1} set attribute pi_prot_type=1",
        ("[Errno 38]",),
        (f"{BLOCK} create b1 /dev/ram1",),
    ),
    Row(
        "protection-not-configured",
        f"{RAMDISK}/raw set attribute pi_prot_type=1",
        ("[Errno 19]",),
        (RAW,),
        help=(f"{RAMDISK} delete raw",),
        then=f"{RAMDISK} create raw 1M",
    ),
    restored("attribute-fixed", (SO, 0, "attributes", "alua_support"), 0, f"{D1}: set alua_supp"),
    restored("attribute-read-only", (SO, 0, "attributes", "hw_queue_depth"), 5),
    restored("", (SO, 0, "attributes", "block_size"), 1000, "block_size takes 512, 1024, 2048"),
    restored("", (SO, 0, "attributes", "nosuch"), 1, "no known kernel has nosuch"),
)

USER = (
    Row(
        "user-number-zero",
        f"{RBD} create v1 1M pool/x hw_max_sectors=0",
        ("/backstores/user/v1: ",),
        ("HANDLER",),
        then=f"{RBD} create v1 1M pool/x",
    ),
    Row(
        "user-data-area",
        f"{RBD} create v1 1M pool/x control=max_data_area_mb=0",
        ("/backstores/user/v1: ",),
        ("HANDLER",),
        then=f"{RBD} create v1 1M pool/x control=max_data_area_mb=8",
    ),
    Row(
        "user-control",
        f"{RBD} create v1 1M pool/x control=dev_size=x",
        ("/backstores/user/v1: ",),
        ("HANDLER",),
    ),
    Row(
        "",
        f"{RBD} create v1 1M pool/x control=data_pages_per_blk=x",
        ("data_pages_per_blk takes a number from 1 to 2147483647, not 'x'",),
        ("HANDLER",),
    ),
    Row(
        "handler-missing",
        f"{RBD}/v1 set attribute emulate_write_cache=1",
        ("[Errno 3]", "systemctl start tcmu-runner"),
        ("HANDLER", f"{RBD} create v1 1M pool/x"),
    ),
    Row(
        "attribute-exported",
        f"{RBD}/v1 set attribute cmd_time_out=40",
        ("[Errno 22]",),
        ("HANDLER", f"{RBD} create v1 1M pool/x", TARGET_MADE, f"{TPG}/luns create {RBD}/v1"),
        help=(f"{TPG}/luns delete 0",),
    ),
    Row("", f"{RBD} create v1 1M pool/x", ("the handler rbd does not answer", "tcmu-runner")),
)

IDENTITY = (
    restored("serial-too-long", (SO, 0, "wwn"), "w" * 300, f"{D1}: create fileio d1"),
    restored("identity-too-long", (*OWN_D1, "identity"), {"vendor_id": "v" * 9}),
    restored("identity-too-long", (*OWN_D1, "identity"), {"product_id": "p" * 17}),
    restored("identity-characters", (*OWN_D1, "identity"), {"vendor_id": "b\u00e9"}),
    restored("company-too-large", (*OWN_D1, "identity"), {"company_id": "0x1234567"}),
    restored("alias-too-long", (*OWN_D1, "alias"), "a" * 600),
    restored("lu-group-missing", (*OWN_D1, "lu_group"), "nosuch", "no logical unit group nosuch"),
    restored("lba-map", (*OWN_D1, "lba_map"), "garbage"),
    # Of one that keeps what is written, the memory is looked at before.
    restored(
        "ramdisk-pages",
        (SO, 1, "size"),
        10**15,
        f"{R1}: create ramdisk r1",
        also=(((SO, 1, "nullio"), True),),
    ),
    restored("", (SO, 1, "size"), 10**15, f"{R1}: create ramdisk r1", "of free memory"),
)

ALUA = (
    Row(
        "alua-not-configured",
        f"{RAMDISK}/raw/alua/default_tg_pt_gp set alua alua_access_state=1",
        ("[Errno 19]",),
        (RAW,),
        help=(f"{RAMDISK} delete raw",),
        then=f"{RAMDISK} create raw 1M",
    ),
    Row(
        "alua-not-implicit",
        f"{D1}/alua/g1 set alua alua_access_state=1",
        ("[Errno 22]",),
        (*G1_MADE, f"{D1}/alua/g1 set alua alua_access_type=0"),
        help=(f"{D1}/alua/g1 set alua alua_access_type=1",),
    ),
    Row(
        "alua-lba-explicit",
        f"{D1}/alua/g1 set alua alua_access_state=4",
        ("[Errno 22]",),
        (*G1_MADE, f"{D1}/alua/g1 set alua alua_access_type=3"),
        help=(f"{D1}/alua/g1 set alua alua_access_type=1",),
        then=f"{D1}/alua/g1 set alua alua_support_lba_dependent=1 alua_access_state=4",
    ),
    Row(
        "alua-state-unsupported",
        f"{D1}/alua/g1 set alua alua_access_state=2",
        ("[Errno 22]",),
        (*G1_MADE, f"{D1}/alua/g1 set alua alua_support_standby=0"),
        help=(f"{D1}/alua/g1 set alua alua_support_standby=1",),
    ),
    Row(
        "alua-tag-taken",
        "restoreconfig DISKS/changed.json clear_existing=true",
        ("/backstores/fileio/d1/alua/g2: create target port group g2 with tag 6: ",),
        (*EVERYTHING, f"{D1}/alua create g2 6"),
        change=(((SO, 0, "alua_tpgs", 1, "tg_pt_gp_id"), 6),),
    ),
    Row("", f"{D1}/alua create g2 5", ("Cannot set id to 5: g1 has it",), G1_MADE),
    restored(
        "alua-group-missing",
        (*FIRST_TPG, "luns", 0, "alua_tg_pt_gp_name"),
        "nosuch",
        f"{TPG}/luns/lun0: set alua_tg_pt_gp_name=nosuch",
        f"{D1}/alua create nosuch TAG",
    ),
)

PORTALS = (
    Row(
        "portal-link-local",
        f"{TPG}/portals create fe80::1",
        ("Could not create NetworkPortal in configFS: [Errno 22] Invalid argument: '/sys/",),
        (TARGET_MADE, f"{TPG}/portals delete ::0 3260"),
        advised=True,
    ),
    Row(
        "portal-no-host-address",
        f"{TPG}/portals create ff02::1 3270",
        ("Could not create NetworkPortal in configFS: [Errno 22] Invalid argument: '/sys/",),
        (TARGET_MADE,),
    ),
    Row(
        "portal-port-taken",
        f"{TPG}/portals create 127.0.0.1 3299",
        ("(process ", "already listens on port 3299", "kernel_bind() failed: -98"),
        (TARGET_MADE, "LISTEN 3299"),
        help=("CLOSE",),
    ),
    Row(
        "portal-covered",
        f"{TPG}/portals create 127.0.0.1",
        ("another portal already listens on port 3260",),
        (TARGET_MADE,),
        help=(f"{TPG}/portals delete ::0 3260",),
        advised=True,
    ),
    Row(
        "portal-other-tpg",
        f"{TARGET}/tpg2/portals create 127.0.0.1 3261",
        ("Could not create NetworkPortal in configFS: [Errno 22] Invalid argument: '/sys/",),
        (TARGET_MADE, f"{TPG}/portals create 127.0.0.1 3261", f"{TARGET} create 2"),
        help=(f"{TPG}/portals delete 127.0.0.1 3261",),
        advised=True,
    ),
    Row(
        "iser-module",
        f"{TPG}/portals/[::0]:3260 enable_iser true",
        ("Cannot change iser: ",),
        (TARGET_MADE, "!modprobe -qr ib_isert || :", "!echo /bin/false >/proc/sys/kernel/modprobe"),
    ),
    Row(
        "offload-card",
        f"{TPG}/portals/[::0]:3260 enable_offload true",
        ("Cannot change offload: ",),
        (TARGET_MADE,),
    ),
    restored("portal-link-local", (*FIRST_TPG, "portals", 0, "ip_address"), "[fe80::1]"),
)

EXPORTS = (
    Row(
        "lun-not-configured",
        f"{TPG}/luns create {RAMDISK}/raw",
        (f"{TPG}/luns/lun0: ",),
        (TARGET_MADE, RAW),
        help=(f"{RAMDISK} delete raw",),
        then=f"{RAMDISK} create raw 1M",
    ),
    restored(
        "mapped-lun-missing",
        (*FIRST_TPG, "node_acls", 0, "mapped_luns", 0, "tpg_lun"),
        99,
        f"{ACL}/mapped_lun0: map LUN 99 as 0",
    ),
    Row(
        "tag-too-long",
        f"{TPG}/acls tag {INITIATOR} {'t' * 64}",
        (f"{ACL}: ",),
        (TARGET_MADE, f"{TPG}/acls create {INITIATOR}"),
        then=f"{TPG}/acls tag {INITIATOR} {'t' * 63}",
    ),
    restored("queue-depth-range", (*FIRST_TPG, "node_acls", 0, "tcq_depth"), 100000, f"{ACL}: "),
    Row(
        "completion-cpu",
        f"{TARGET} set parameter cmd_completion_affinity=7",
        ("no CPU 7 that is online", "use one of 0", "; or -1"),
        (TARGET_MADE,),
        then=f"{TARGET} set parameter cmd_completion_affinity=0",
    ),
    restored(
        "nexus-name", ("rtslib_ext", "tpgs", f"{LOOPBACK}/tpg1", "nexus"), "iqn.2003-01.org.x:z"
    ),
    restored(
        "parameter-value",
        (*FIRST_TPG, "parameters", "MaxConnections"),
        100000,
        f"{TPG}: set MaxConnections=100000: MaxConnections takes a number from 1 to 65535",
    ),
    restored(
        "parameter-value",
        (*FIRST_TPG, "parameters", "TargetAlias"),
        "x" * 300,
    ),
    restored(
        "",
        (*FIRST_TPG, "attributes", "login_timeout"),
        1,
        "login_timeout takes a number from 5",
        "smaller than minimum 5",
    ),
    restored(
        "",
        (*FIRST_TPG, "node_acls", 0, "attributes", "dataout_timeout"),
        1000,
        "dataout_timeout takes a number from 2 to 60",
        "larger than maximum 60",
    ),
    Row(
        "",
        f"{TPG}/acls create {INITIATOR}",
        ("This NodeACL already exists in configFS",),
        (TARGET_MADE, f"{TPG}/acls create {INITIATOR}"),
    ),
    Row(
        "",
        f"{TPG}/luns create {R1} 0",
        ("This LUN already exists in configFS",),
        (*D1_OUT, R1_MADE),
    ),
)

ROWS = (
    *DEVICES,
    *FILES,
    *MODULES,
    *ATTRIBUTES,
    *USER,
    *IDENTITY,
    *ALUA,
    *PORTALS,
    *EXPORTS,
)
