# SPDX-License-Identifier: Apache-2.0
"""The sizes and limits a storage object reports: blocks, transfers, queue, discards."""

from __future__ import annotations

from .attribute import Attribute, Kind

_SBC = ("fileio", "block", "ramdisk")
_CORE = "drivers/target/target_core_configfs.c"
_LIMITS = "SBC-3 Block Limits VPD page (B0h)"
_ATOMIC = "SBC-4 Block Limits VPD page (B0h)"
_PROVISIONING = "SBC-3 Logical Block Provisioning VPD page (B2h)"
_U32 = 4294967295

LIMITS = (
    Attribute(
        "atomic_alignment",
        Kind.NUMBER,
        "Alignment an atomic write needs, as the block device gives it. 0 when it has none.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_granularity",
        Kind.NUMBER,
        "The length of an atomic write must be a multiple of this. Taken from the device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_boundary",
        Kind.NUMBER,
        "Longest boundary within which one WRITE ATOMIC may ask for pieces that are atomic "
        "each. Taken from the device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_len",
        Kind.NUMBER,
        "Longest write the device does as a whole or not at all; 0 when it does none. Taken from "
        "the device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_with_boundary",
        Kind.NUMBER,
        "Longest WRITE ATOMIC when the initiator gives a boundary. Taken from the device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "block_size",
        Kind.CHOICE,
        "Logical block size initiators see. Choose 4096 for file systems or hypervisors that "
        "want 4Kn disks, before data is written: a change makes partitions and data unreadable. "
        "Smaller than the device's own size does not work on a block backstore.",
        unit="bytes",
        choices=(
            ("512", "the size every initiator takes"),
            ("1024", "rarely supported by initiators"),
            ("2048", "the size of optical media"),
            ("4096", "a 4Kn disk"),
        ),
        defaults=(("fileio", "512"), ("ramdisk", "512")),
        backstores=_SBC,
        live=False,
        source=_CORE,
    ),
    Attribute(
        "hw_block_size",
        Kind.NUMBER,
        "Block size of the device or file behind the object. Read it before choosing block_size.",
        unit="bytes",
        writable=False,
        source=_CORE,
    ),
    Attribute(
        "hw_max_sectors",
        Kind.NUMBER,
        "Longest transfer the backstore takes in one command; initiators are told it. Fixed by "
        "the device, but that of user is chosen when the object is made.",
        unit="blocks",
        writable=False,
        source=_LIMITS,
    ),
    Attribute(
        "hw_queue_depth",
        Kind.NUMBER,
        "Commands the backstore can have in work at once. It limits queue_depth.",
        unit="commands",
        writable=False,
        source=_CORE,
    ),
    Attribute(
        "is_nonrot",
        Kind.BOOL,
        "Report a medium that does not rotate, so that initiators treat the disk as an SSD. Set "
        "it when the file or device lies on flash and was not recognised.",
        defaults=(("fileio", "0"), ("ramdisk", "1")),
        backstores=_SBC,
        source="SBC-3 Block Device Characteristics VPD page (B1h)",
    ),
    Attribute(
        "max_unmap_block_desc_count",
        Kind.NUMBER,
        "Ranges one UNMAP command may list; initiators are told it. 0 means the device cannot "
        "discard; raising it lets one command discard more pieces.",
        unit="ranges",
        low=0,
        high=_U32,
        defaults=(("fileio", "1"), ("ramdisk", "0")),
        backstores=_SBC,
        source=_LIMITS,
    ),
    Attribute(
        "max_unmap_lba_count",
        Kind.NUMBER,
        "Longest range one UNMAP descriptor may name. Lower it when long discards stall the "
        "device; more than the device takes makes them fail.",
        unit="blocks",
        low=0,
        high=_U32,
        defaults=(("fileio", "8192"), ("ramdisk", "0")),
        backstores=_SBC,
        source=_LIMITS,
    ),
    Attribute(
        "max_write_same_len",
        Kind.NUMBER,
        "Longest WRITE SAME; initiators are told it, and longer ones are refused. Lower it when "
        "zeroing stalls the device; fileio on a file writes at most 4096 blocks at once.",
        unit="blocks",
        low=0,
        high=_U32,
        defaults=(("fileio", "4096"), ("ramdisk", "0")),
        backstores=_SBC,
        source=_LIMITS,
    ),
    Attribute(
        "optimal_sectors",
        Kind.NUMBER,
        "Transfer length initiators are advised to use, where the device itself names none. "
        "Lower it to the stripe of the storage behind; it does not follow when block_size is "
        "changed.",
        unit="blocks",
        low=0,
        bound="hw_max_sectors",
        defaults=(("fileio", "16384"),),
        backstores=_SBC,
        live=False,
        source=_LIMITS,
    ),
    Attribute(
        "queue_depth",
        Kind.NUMBER,
        "Commands the object is said to take at once. The kernel shows the number and holds "
        "nobody to it; to limit an initiator, set cmdsn_depth of its ACL.",
        unit="commands",
        low=1,
        bound="hw_queue_depth",
        defaults=(("fileio", "128"), ("ramdisk", "128")),
        backstores=_SBC,
        live=False,
        source=_CORE,
    ),
    Attribute(
        "unmap_granularity",
        Kind.NUMBER,
        "Initiators are advised to discard in multiples of this. Raise it to the allocation "
        "unit of the storage behind, so that discards free whole units.",
        unit="blocks",
        low=0,
        high=_U32,
        defaults=(("fileio", "1"), ("ramdisk", "0")),
        backstores=_SBC,
        source=_LIMITS,
    ),
    Attribute(
        "unmap_granularity_alignment",
        Kind.NUMBER,
        "Block at which the first unit of unmap_granularity begins. Set it when the storage's "
        "allocation units do not start at block 0.",
        unit="blocks",
        low=0,
        high=_U32,
        defaults=(("fileio", "0"), ("ramdisk", "0")),
        backstores=_SBC,
        source=_LIMITS,
    ),
    Attribute(
        "unmap_zeroes_data",
        Kind.BOOL,
        "Promise that discarded blocks read as zeros (LBPRZ). Set it only when the device keeps "
        "the promise: initiators skip writing zeros and would see old data.",
        default="0",
        backstores=_SBC,
        live=False,
        source=_PROVISIONING,
    ),
)
