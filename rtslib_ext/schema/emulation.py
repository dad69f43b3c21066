# SPDX-License-Identifier: Apache-2.0
"""What a storage object offers to initiators: commands, reservations and their processing."""

from __future__ import annotations

from .attribute import Attribute, Kind

_SBC = ("fileio", "block", "ramdisk")
_CORE = "drivers/target/target_core_configfs.c"
_PROVISIONING = "SBC-3 Logical Block Provisioning VPD page (B2h)"

_CACHE_TEXT = (
    "Report a volatile write cache, so that initiators send SYNCHRONIZE CACHE and may force "
    "single writes to the medium. "
)
_ALUA_TEXT = "Whether the target answers asymmetric access (ALUA) commands itself. "
_PGR_TEXT = "Whether the target handles SCSI reservations itself. "

EMULATION = (
    Attribute(
        "alua_support",
        Kind.CHOICE,
        _ALUA_TEXT + "Fixed for this kind of backstore: the core emulates them.",
        choices=(("1", "handled by the target core"),),
        default="1",
        backstores=_SBC,
        source=_CORE,
    ),
    Attribute(
        "alua_support",
        Kind.CHOICE,
        _ALUA_TEXT + "Fixed for this kind of backstore: they are passed to the SCSI device.",
        choices=(("0", "passed to the device"),),
        default="0",
        backstores=("pscsi",),
        source=_CORE,
    ),
    Attribute(
        "alua_support",
        Kind.BOOL,
        _ALUA_TEXT + "Set 0, before the object is enabled, if the handler in user space processes "
        "these commands.",
        default="1",
        backstores=("user",),
        source=_CORE,
    ),
    Attribute(
        "complete_type",
        Kind.CHOICE,
        "Context in which a command completes. Direct saves a context switch where the fabric "
        "supports it; measure before keeping it.",
        choices=(
            ("0", "the default of the fabric"),
            ("1", "directly, in the context of the backstore"),
            ("2", "by the completion work queue"),
        ),
        default="0",
        since="7.1",
        source=_CORE,
    ),
    Attribute(
        "emulate_3pc",
        Kind.BOOL,
        "Offer third-party copy (EXTENDED COPY), with which hypervisors clone disks inside the "
        "target. Turn it off when offloaded copies of an initiator fail or load the target too "
        "much.",
        default="1",
        backstores=_SBC,
        source="SPC-4 EXTENDED COPY; drivers/target/target_core_xcopy.c",
    ),
    Attribute(
        "emulate_caw",
        Kind.BOOL,
        "Offer COMPARE AND WRITE, the atomic test and set that VMware VMFS locks with. Keep it on "
        "unless an initiator misuses it; turning it off under a mounted VMFS breaks its locking.",
        default="1",
        backstores=_SBC,
        source="SBC-3 COMPARE AND WRITE; drivers/target/target_core_sbc.c",
    ),
    Attribute(
        "emulate_dpo",
        Kind.BOOL,
        "Formerly chose whether the DPO bit is supported. It always is now: the kernel ignores "
        "writes and shows 1.",
        default="1",
        backstores=_SBC,
        source=_CORE,
    ),
    Attribute(
        "emulate_fua_read",
        Kind.BOOL,
        "Formerly chose whether reads may request forced unit access. They always may now: the "
        "kernel ignores writes and shows 1.",
        default="1",
        backstores=_SBC,
        source=_CORE,
    ),
    Attribute(
        "emulate_fua_write",
        Kind.BOOL,
        "Let initiators force a write to the medium (FUA); useful only with a write cache. Turn it "
        "off when FUA writes of an initiator cost too much and it flushes anyway.",
        default="1",
        backstores=_SBC,
        source="drivers/target/target_core_transport.c",
    ),
    Attribute(
        "emulate_model_alias",
        Kind.BOOL,
        "Report the name of the storage object as the SCSI model, cut to 15 characters, so that "
        "initiators can identify it. Off reports the kind of backstore, and resets a product_id "
        "set by hand.",
        default="0",
        backstores=_SBC,
        live=False,
        source=_CORE,
    ),
    Attribute(
        "emulate_pr",
        Kind.BOOL,
        "Accept SCSI reservations, old and persistent. Turn it off when no cluster needs them and "
        "a stray reservation would lock others out; a cluster that fences with them needs it on.",
        default="1",
        source="drivers/target/target_core_pr.c",
    ),
    Attribute(
        "emulate_rest_reord",
        Kind.CHOICE,
        "Whether commands keep a restricted order. Never implemented: only 0 is accepted.",
        choices=(("0", "the target may reorder commands"),),
        default="0",
        backstores=_SBC,
        source="SPC-4 7.5.8; " + _CORE,
    ),
    Attribute(
        "emulate_rsoc",
        Kind.BOOL,
        "Answer REPORT SUPPORTED OPERATION CODES, with which an initiator queries the supported "
        "commands. Turn it off for an initiator that misinterprets the answer.",
        default="1",
        backstores=_SBC,
        since="6.2",
        source="SPC-4 REPORT SUPPORTED OPERATION CODES; " + _CORE,
    ),
    Attribute(
        "emulate_tas",
        Kind.BOOL,
        "Report TASK ABORTED status to an initiator when a reset or preempt by another one aborted "
        "its command. Off aborts it silently, for initiators that do not know the status.",
        default="1",
        backstores=_SBC,
        live=False,
        source="SPC-4 7.5.8",
    ),
    Attribute(
        "emulate_tpu",
        Kind.BOOL,
        "Offer thin provisioning with UNMAP, so that initiators can release unused blocks. Turn it "
        "on for sparse files and devices with discard; a device without discard and ramdisk refuse "
        "it.",
        default="0",
        backstores=_SBC,
        source=_PROVISIONING,
    ),
    Attribute(
        "emulate_tpws",
        Kind.BOOL,
        "Offer thin provisioning with WRITE SAME and its UNMAP bit. Turn it on with emulate_tpu "
        "for initiators that discard that way; the device must be able to discard.",
        default="0",
        backstores=_SBC,
        source=_PROVISIONING,
    ),
    Attribute(
        "emulate_ua_intlck_ctrl",
        Kind.CHOICE,
        "Handling of a unit attention once it was reported with CHECK CONDITION. Change it only "
        "when the documentation of the initiator requires interlocked unit attentions. With 1 or 2 "
        "the deletion of a loopback LUN may wait many minutes in the kernel.",
        choices=(
            ("0", "cleared when reported"),
            ("1", "kept until REQUEST SENSE fetches it"),
            ("2", "kept, and one is added after BUSY, TASK SET FULL or RESERVATION CONFLICT"),
        ),
        default="0",
        backstores=_SBC,
        live=False,
        source="SPC-4 7.5.8",
    ),
    Attribute(
        "emulate_write_cache",
        Kind.BOOL,
        _CACHE_TEXT + "It must match the backstore: a fileio object created with write_back needs "
        "1, and 0 there loses data in a power failure; 1 on one without it only "
        "costs speed.",
        defaults=(("fileio", "0"), ("ramdisk", "0")),
        backstores=("fileio", "ramdisk"),
        source="SBC-3 Caching mode page; " + _CORE,
    ),
    Attribute(
        "emulate_write_cache",
        Kind.CHOICE,
        _CACHE_TEXT + "Fixed: a block backstore reports the cache of its device, regardless of the "
        "value shown here.",
        choices=(("0", "the value of the device"),),
        default="0",
        backstores=("block",),
        source="SBC-3 Caching mode page; drivers/target/target_core_iblock.c",
    ),
    Attribute(
        "enforce_pr_isids",
        Kind.BOOL,
        "Bind a persistent reservation to the session identifier (ISID) of the initiator, not only "
        "to its name. Turn it off for a cluster whose nodes return with another ISID.",
        default="1",
        backstores=(*_SBC, "user"),
        source="SPC-4 PERSISTENT RESERVE OUT; drivers/target/target_core_pr.c",
    ),
    Attribute(
        "force_pr_aptpl",
        Kind.BOOL,
        "Keep every persistent reservation over a restart of the target, even if the initiator "
        "does not request it (APTPL). Turn it on for clusters that need their reservations after a "
        "restart; pr/ under the target's dbroot must exist.",
        default="0",
        backstores=(*_SBC, "user"),
        live=False,
        source="SPC-4 PERSISTENT RESERVE OUT; drivers/target/target_core_pr.c",
    ),
    Attribute(
        "pgr_support",
        Kind.CHOICE,
        _PGR_TEXT + "Fixed for this kind of backstore: the core emulates them.",
        choices=(("1", "handled by the target core"),),
        default="1",
        backstores=("fileio", "ramdisk"),
        source=_CORE,
    ),
    Attribute(
        "pgr_support",
        Kind.BOOL,
        _PGR_TEXT + "From 6.5 on, 0 passes persistent ones to the device, so that several nodes "
        "that share it can fence each other; before 6.5 only 1 is accepted.",
        default="1",
        backstores=("block",),
        source=_CORE + ", drivers/target/target_core_iblock.c",
    ),
    Attribute(
        "pgr_support",
        Kind.CHOICE,
        _PGR_TEXT + "Fixed for this kind of backstore: they are passed to the SCSI device.",
        choices=(("0", "passed to the device"),),
        default="0",
        backstores=("pscsi",),
        source=_CORE,
    ),
    Attribute(
        "pgr_support",
        Kind.BOOL,
        _PGR_TEXT + "Set 0 if the handler in user space processes these commands.",
        default="1",
        backstores=("user",),
        source=_CORE,
    ),
    Attribute(
        "submit_type",
        Kind.CHOICE,
        "Context in which a command is passed to the backstore. Direct is faster on fast devices, "
        "the queue keeps a slow device from blocking other LUNs of its initiator.",
        choices=(
            ("0", "the default of the fabric"),
            ("1", "directly, in the context of the fabric, where possible"),
            ("2", "by the submission work queue"),
        ),
        default="0",
        since="6.7",
        source=_CORE,
    ),
)
