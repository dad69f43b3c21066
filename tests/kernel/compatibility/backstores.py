# SPDX-License-Identifier: Apache-2.0
"""Storage objects and target port groups: messages, refusals, summaries."""

from __future__ import annotations

from .row import (
    BLOCK,
    DISK,
    DISKS,
    EMPTY,
    EXPORT,
    FILEIO,
    K_ACL,
    K_DISK,
    K_TPG,
    PSCSI,
    RAMDISK,
    SAVED,
    TPG,
    USER,
    Row,
    like,
)

NEW = f"{DISKS}/new.img"

CREATED = (
    Row("pscsi: created", f"{PSCSI} create p1 SCSI",
        like("^Created pscsi storage object p1 using SCSI$".replace("SCSI", "/dev/sd[a-z]")),
        world=EMPTY, kernel={"core/pscsi_*/p1": "/"}),
    Row("pscsi: advises block", f"{PSCSI} create p1 SCSI",
        like("^Note: block backstore recommended for SCSI block devices$"), world=EMPTY),
    Row("ramdisk: created, size as typed", f"{RAMDISK} create r2 1M",
        "Created ramdisk r2 with size 1M.", kernel={"core/rd_mcp_*/r2": "/"}),
    Row("ramdisk: size is rounded to pages", f"{RAMDISK} create r2 5000",
        "Created ramdisk r2 with size 5000.",
        kernel={"core/rd_mcp_*/r2/attrib/block_size": "512"}),
    Row("ramdisk: nullio", f"{RAMDISK} create r2 1M nullio=true",
        "Created ramdisk r2 with size 1M.", world=EMPTY),
    Row("fileio: created, size in bytes", f"{FILEIO} create d2 {NEW} 1M",
        "Created fileio d2 with size 1048576",
        kernel={"core/fileio_*/d2/attrib/emulate_write_cache": "1"}),
    Row("fileio: write_back is on by default and can be off",
        f"{FILEIO} create d2 {NEW} 1M write_back=false", "Created fileio d2 with size 1048576",
        kernel={"core/fileio_*/d2/attrib/emulate_write_cache": "0"}),
    Row("block: created", f"{BLOCK} create b1 /dev/ram0",
        "Created block storage object b1 using /dev/ram0.", world=EMPTY,
        kernel={"core/iblock_*/b1/udev_path": "/dev/ram0"}),
    Row("block: readonly", f"{BLOCK} create b1 /dev/ram0 readonly=true",
        "Created block storage object b1 using /dev/ram0.", world=EMPTY),
    Row("user: created, size in bytes", f"{USER} create v1 1M pool/v1",
        "Created user-backed storage object v1 size 1048576.", world=EMPTY,
        kernel={"core/user_*/v1": "/"}),
    Row("user: another medium", f"{USER} changemedium v1 2M other", "Medium Changed.",
        world=EMPTY, given=(f"{USER} create v1 1M pool/v1",)),
    Row("the unit serial number can be given", f"{RAMDISK} create r2 1M wwn=abc-1",
        "Created ramdisk r2 with size 1M.",
        kernel={"core/rd_mcp_*/r2/wwn/vpd_unit_serial": "T10 VPD Unit Serial Number: abc-1"}),
)  # fmt: skip

NOTES = (
    Row("fileio: a block device has its own size", f"{FILEIO} create d2 /dev/ram1 1M",
        "Block device, size parameter ignored\n"
        "Note: block backstore preferred for best results\n"
        "Created fileio d2 with size 16777216", world=EMPTY),
    Row("fileio: a file has its own size", f"{FILEIO} create d2 {NEW} 1M",
        f"{NEW} exists, using its size (4096 bytes) instead\nCreated fileio d2 with size 4096",
        world=EMPTY, files={NEW: "x" * 4096}),
    Row("fileio: a file has the size that is given", f"{FILEIO} create d2 {NEW} 4K",
        f"{NEW} exists, using its size (4096 bytes) instead\nCreated fileio d2 with size 4096",
        world=EMPTY, files={NEW: "x" * 4096}),
    Row("fileio: sparse=false writes the file", f"{FILEIO} create d2 {NEW} 1M sparse=false",
        "Writing 1048576 bytes\nCreated fileio d2 with size 1048576", world=EMPTY),
)  # fmt: skip

REFUSED = (
    Row("fileio: the file is another's", f"{FILEIO} create d2 {DISK}",
        err=f"storage object for {DISK} already exists: d1", kernel={"core/fileio_*/d2": None}),
    Row("fileio: the folder is not there", f"{FILEIO} create d2 {DISKS}/no/d2.img 1M",
        err=f"Could not open {DISKS}/no/d2.img", kernel={"core/fileio_*/d2": None}),
    Row("fileio: there is no room", f"{FILEIO} create d2 {NEW} 7E sparse=false",
        err="Could not expand file to 8070450532247928832 bytes",
        kernel={"core/fileio_*/d2": None}),
    Row("fileio: the file would be too large", f"{FILEIO} create d2 {NEW} 8E",
        err="The file size is too large (9223372036854775808 bytes)",
        kernel={"core/fileio_*/d2": None}),
    Row("fileio: a folder is no file", f"{FILEIO} create d2 {DISKS} 1M",
        err=f"Path {DISKS} exists but is not a file"),
    Row("fileio: a new file needs a size", f"{FILEIO} create d2 {NEW}",
        err="Attempting to create file for new fileio backstore, need a size"),
    Row("size: what is none", f"{RAMDISK} create r2 10Q",
        err="Cannot interpret size, wrong format: 10Q"),
    Row("size: not a number", f"{FILEIO} create d2 {NEW} large",
        err="Cannot interpret size, wrong format: large"),
    Row("a name that is taken", f"{RAMDISK} create r1 1M",
        err="Storage object ramdisk/r1 exists"),
    Row("block: no disk", f"{BLOCK} create b1 /dev/null",
        err="Device /dev/null is not a TYPE_DISK block device"),
    Row("block: in use", f"{BLOCK} create b2 /dev/ram0",
        err="Cannot configure StorageObject because device /dev/ram0 is already in use",
        given=(f"{BLOCK} create b1 /dev/ram0",), kernel={"core/iblock_*/b2": None}),
    Row("no such storage object", f"{FILEIO} delete nosuch",
        err="No storage object named nosuch."),
    Row("user: the handler refuses", f"{USER} create v1 1M bad", err="cfgstring invalid",
        differs="refusals by tcmu-runner"),
)  # fmt: skip

SIZES = tuple(
    Row(f"size: {text}", f"{FILEIO} create d2 {NEW} {text}",
        like(rf"^Created fileio d2 with size {count}$"), world=EMPTY)
    for text, count in (
        ("4096", 4096), ("4096b", 4096), ("8k", 8192), ("8KB", 8192), ("8kib", 8192),
        ("2m", 2 << 20), ("2MiB", 2 << 20), ("1g", 1 << 30), ("1GiB", 1 << 30), ("1TB", 1 << 40),
    )
)  # fmt: skip

DELETED = (
    Row("a storage object goes with its LUNs", f"{FILEIO} delete d1",
        "Deleted storage object d1.", aside=f"Deleted LUN 0 of {TPG}, mapped LUNs: 1\n",
        kernel={K_DISK: None, f"{K_TPG}/lun/lun_0": None, f"{K_ACL}/lun_0": None},
        differs="notes of a successful command"),
    Row("delete: nobody exports it", f"{RAMDISK} delete r1", "Deleted storage object r1."),
    Row("delete: the file stays", f"{FILEIO} create d1 {DISK} 2M",
        like(r"exists, using its size \(1048576 bytes\) instead$"), given=(f"{FILEIO} delete d1",)),
    Row("delete save=true takes it out of the file", f"cd {FILEIO}/d1", world=EXPORT,
        err="No such path",
        given=("saveconfig", f"{FILEIO} delete d1 save=true",
               f"restoreconfig {SAVED} clear_existing=true")),
)  # fmt: skip

ALIAS = (
    Row("the name is the model", f"{FILEIO}/d1 get attribute emulate_model_alias",
        "emulate_model_alias=1 "),
    Row("export_backstore_name_as_model=false", f"{RAMDISK}/r2 get attribute emulate_model_alias",
        "emulate_model_alias=0 ",
        given=("set global export_backstore_name_as_model=false", f"{RAMDISK} create r2 1M")),
    Row("pscsi: the model is the device's", f"{PSCSI}/p1 ls", like(r"^o- p1 \.+ \[/dev/sd. "),
        world=EMPTY, given=(f"{PSCSI} create p1 SCSI",)),
)  # fmt: skip

ALUA = (
    Row("ALUA: created", f"{RAMDISK}/r1/alua create g1 7", "Created ALUA TPG g1.",
        kernel={"core/rd_mcp_*/r1/alua/g1/tg_pt_gp_id": "7"}),
    Row("ALUA: deleted", f"{RAMDISK}/r1/alua delete g1",
        given=(f"{RAMDISK}/r1/alua create g1 7",), kernel={"core/rd_mcp_*/r1/alua/g1": None}),
    Row("ALUA: the tag is needed", f"{RAMDISK}/r1/alua create g1",
        err="Missing required parameter tag"),
    Row("ALUA: no such group", f"{RAMDISK}/r1/alua delete g1", err="Invalid ALUA group name"),
    Row("ALUA: the number is taken", f"{RAMDISK}/r1/alua create g2 7", err="Cannot set id to 7",
        given=(f"{RAMDISK}/r1/alua create g1 7",), kernel={"core/rd_mcp_*/r1/alua/g2": None}),
)  # fmt: skip

STATES = tuple(
    Row(f"ALUA state: {name}", f"{RAMDISK}/r1/alua/g1 status",
        f"Status for {RAMDISK}/r1/alua/g1: ALUA state: {name}",
        given=(f"{RAMDISK}/r1/alua create g1 7",
               f"{RAMDISK}/r1/alua/g1 set alua alua_access_state={number}"))
    for number, name in ((0, "Active/optimized"), (1, "Active/non-optimized"), (2, "Standby"),
                         (3, "Unavailable"))
)  # fmt: skip

SUMMARIES = (
    Row("summary: pscsi", f"{PSCSI}/p1 status",
        like(rf"^Status for {PSCSI}/p1: /dev/sd[a-z] deactivated$"), world=EMPTY,
        given=(f"{PSCSI} create p1 SCSI",)),
    Row("summary: ramdisk", f"{RAMDISK}/r1 status",
        f"Status for {RAMDISK}/r1: (1.0MiB) deactivated"),
    Row("summary: ramdisk with nullio", f"{RAMDISK}/r2 status",
        f"Status for {RAMDISK}/r2: nullio (1.0MiB) deactivated", world=EMPTY,
        given=(f"{RAMDISK} create r2 1M nullio=true",)),
    Row("summary: fileio", f"{FILEIO}/d1 status",
        f"Status for {FILEIO}/d1: {DISK} (1.0MiB) write-back activated"),
    Row("summary: fileio without a write cache", f"{FILEIO}/d2 status",
        f"Status for {FILEIO}/d2: {NEW} (1.0GiB) write-thru deactivated", world=EMPTY,
        given=(f"{FILEIO} create d2 {NEW} 1G write_back=false",)),
    Row("summary: block", f"{BLOCK}/b1 status",
        f"Status for {BLOCK}/b1: /dev/ram0 (16.0MiB) write-thru deactivated", world=EMPTY,
        given=(f"{BLOCK} create b1 /dev/ram0",)),
    Row("summary: block, read-only", f"{BLOCK}/b1 status",
        f"Status for {BLOCK}/b1: /dev/ram0 (16.0MiB) ro write-thru deactivated", world=EMPTY,
        given=(f"{BLOCK} create b1 /dev/ram0 readonly=true",)),
    Row("summary: user", f"{USER}/v1 status",
        f"Status for {USER}/v1: pool/v1 (1.0MiB) deactivated", world=EMPTY,
        given=(f"{USER} create v1 1M pool/v1",)),
    Row("summary: size in bytes", f"{FILEIO}/d2 status",
        f"Status for {FILEIO}/d2: {NEW} (512 bytes) write-back deactivated", world=EMPTY,
        given=(f"{FILEIO} create d2 {NEW} 512",)),
    *(Row(f"summary: size in {unit}", f"{FILEIO}/d2 status", like(rf"\(1\.0{unit}\)"), world=EMPTY,
          given=(f"{FILEIO} create d2 {NEW} 1{unit[0]}",))
      for unit in ("KiB", "MiB", "GiB", "TiB")),
    Row("summary: how many objects", f"{RAMDISK} status",
        f"Status for {RAMDISK}: Storage Objects: 1"),
    Row("summary: ALUA groups", f"{RAMDISK}/r1/alua status",
        f"Status for {RAMDISK}/r1/alua: ALUA Groups: 1"),
    Row("summary: LUN", f"{TPG}/luns/lun0 status",
        f"Status for {TPG}/luns/lun0: fileio/d1 ({DISK}) (default_tg_pt_gp)"),
    Row("summary: LUN without a device", f"{TPG}/luns/lun1 status",
        f"Status for {TPG}/luns/lun1: ramdisk/r1 (default_tg_pt_gp)",
        given=(f"{TPG}/luns create {RAMDISK}/r1",)),
)  # fmt: skip

TOLD = (
    Row("info: dev", f"{FILEIO}/d1 info", like(f"^dev: {DISK}$")),
    Row("info: name", f"{FILEIO}/d1 info", like("^name: d1$")),
    Row("info: plugin", f"{FILEIO}/d1 info", like("^plugin: fileio$")),
    Row("info: size", f"{FILEIO}/d1 info", like("^size: 1048576$")),
    Row("info: write_back", f"{FILEIO}/d1 info", like("^write_back: True$")),
    Row("info: wwn", f"{FILEIO}/d1 info", like("^wwn: [0-9a-f-]{36}$")),
    Row("info: sorted, without attributes", f"{RAMDISK}/r1 info",
        like(r"\Anaa: naa\.6001405\w{25}\nname: r1\nplugin: ramdisk\nsize: 1048576\n"
             r"wwid: 36001405\w{25}\nwwn: [0-9a-f-]+\Z"),
        differs="`info` of an ACL; of a storage object or LUN"),
    Row("version of a backstore", f"{FILEIO}/d1 version", like(r"^Backstore plugin fileio v?\d")),
    Row("older name of block", "/backstores/iblock ls", like(r"^o- block ")),
)  # fmt: skip

ROWS = (
    *CREATED, *NOTES, *REFUSED, *SIZES, *DELETED, *ALIAS, *ALUA, *STATES, *SUMMARIES, *TOLD,
)  # fmt: skip
