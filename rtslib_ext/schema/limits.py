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
        "Alignment that atomic writes need, as the block device reports it; 0 if it has none. Read "
        "it before placing data that is written atomically.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_granularity",
        Kind.NUMBER,
        "The length of an atomic write must be a multiple of this. Reported by the block device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_boundary",
        Kind.NUMBER,
        "Longest boundary that a WRITE ATOMIC may give to split it into parts that are atomic "
        "each. Reported by the block device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_len",
        Kind.NUMBER,
        "Longest write that is done completely or not at all; 0 if the device has no atomic "
        "writes. Reported by the block device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "atomic_max_with_boundary",
        Kind.NUMBER,
        "Longest WRITE ATOMIC when the initiator gives a boundary. Reported by the block device.",
        unit="blocks",
        backstores=_SBC,
        writable=False,
        since="6.19",
        source=_ATOMIC,
    ),
    Attribute(
        "block_size",
        Kind.CHOICE,
        "Logical block size that initiators see. Choose 4096 for file systems or hypervisors that "
        "need 4Kn disks, before data is written: a change makes partitions and data unreadable. On "
        "a block backstore it must not be smaller than the device's own.",
        unit="bytes",
        choices=(
            ("512", "supported by every initiator"),
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
        "Block size of the backing device or file. Read it before choosing block_size.",
        unit="bytes",
        writable=False,
        source=_CORE,
    ),
    Attribute(
        "hw_max_sectors",
        Kind.NUMBER,
        "Longest transfer in one command, as reported to initiators. Fixed by the device; for "
        "user, chosen when the object is created.",
        unit="blocks",
        writable=False,
        source=_LIMITS,
    ),
    Attribute(
        "hw_queue_depth",
        Kind.NUMBER,
        "Commands that the backstore can process at once. It limits queue_depth.",
        unit="commands",
        writable=False,
        source=_CORE,
    ),
    Attribute(
        "is_nonrot",
        Kind.BOOL,
        "Report a medium that does not rotate, so that initiators treat the disk as an SSD. Set it "
        "if the file or device is on flash storage and was not recognised.",
        defaults=(("fileio", "0"), ("ramdisk", "1")),
        backstores=_SBC,
        source="SBC-3 Block Device Characteristics VPD page (B1h)",
    ),
    Attribute(
        "max_unmap_block_desc_count",
        Kind.NUMBER,
        "Maximum number of ranges in one UNMAP command, as reported to initiators. 0 means that "
        "the device cannot discard; raise it so that one command can discard more ranges.",
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
        "Longest range in one UNMAP descriptor. Lower it when long discards stall the device; "
        "above the limit of the device, discards fail.",
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
        "Longest WRITE SAME, as reported to initiators; longer ones are refused. Lower it when "
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
        "Transfer length recommended to initiators, unless the device recommends one itself. Lower "
        "it to the stripe size of the backing storage; it does not follow a change of block_size.",
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
        "Number of commands that the object accepts at once. The kernel reports it and does not "
        "enforce it; to limit an initiator, set cmdsn_depth of its ACL.",
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
        "Recommended granularity of discards. Raise it to the allocation unit of the backing "
        "storage, so that discards free whole units.",
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
        "Block at which the first unit of unmap_granularity begins. Set it when the allocation "
        "units of the storage do not start at block 0.",
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
        "Report that discarded blocks read as zeros (LBPRZ). Set it only if the device ensures "
        "that: initiators skip writing zeros and would read old data.",
        default="0",
        backstores=_SBC,
        live=False,
        source=_PROVISIONING,
    ),
)
