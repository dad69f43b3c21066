# SPDX-License-Identifier: Apache-2.0
"""The attributes that only user-space backstores (TCMU) have."""

from __future__ import annotations

from .attribute import Attribute, Kind

_KINDS = ("user",)
_TCMU = "drivers/target/target_core_user.c"

USER = (
    Attribute(
        "cmd_ring_size_mb",
        Kind.NUMBER,
        "Memory for the command ring shared with the handler. Chosen when the object is created; "
        "larger for many concurrent commands.",
        unit="MiB",
        default="8",
        backstores=_KINDS,
        writable=False,
        source=_TCMU,
    ),
    Attribute(
        "cmd_time_out",
        Kind.NUMBER,
        "How long the handler may take for a command before it fails; 0 waits without limit. Raise "
        "it for slow storage; the kernel accepts more, but then waits only a short time.",
        unit="seconds",
        low=0,
        high=4294967,
        default="30",
        backstores=_KINDS,
        live=False,
        source=_TCMU,
    ),
    Attribute(
        "data_pages_per_blk",
        Kind.NUMBER,
        "Pages in one block of the shared data area. Chosen when the object is created; larger for "
        "handlers that need large transfers in one piece.",
        unit="pages",
        default="1",
        backstores=_KINDS,
        writable=False,
        source=_TCMU,
    ),
    Attribute(
        "dev_config",
        Kind.STRING,
        "Configuration string of the handler. On an enabled object the handler is asked to accept "
        "the change, and the write waits for its answer.",
        low=1,
        high=255,
        backstores=_KINDS,
        source=_TCMU,
    ),
    Attribute(
        "dev_size",
        Kind.NUMBER,
        "Size of the device. Write the new size after the backing storage has grown; the handler "
        "is asked to accept it, and the write waits for its answer.",
        unit="bytes",
        low=0,
        high=18446744073709551615,
        backstores=_KINDS,
        source=_TCMU,
    ),
    Attribute(
        "emulate_write_cache",
        Kind.BOOL,
        "Report a volatile write cache. Set what the handler does: 1 if it caches, so that "
        "initiators flush. A change on an enabled object waits for the answer of the handler.",
        default="0",
        backstores=_KINDS,
        source=_TCMU,
    ),
    Attribute(
        "max_data_area_mb",
        Kind.NUMBER,
        "Memory for data in transit to and from the handler. Chosen when the object is created; "
        "larger for long queues of large commands.",
        unit="MiB",
        default="1024",
        backstores=_KINDS,
        writable=False,
        source=_TCMU,
    ),
    Attribute(
        "nl_reply_supported",
        Kind.NUMBER,
        "Whether the kernel waits for netlink answers of the handler: yes if 0 or more, no if "
        "less. Write -1 before enabling if the handler does not answer.",
        low=-128,
        high=127,
        backstores=_KINDS,
        source=_TCMU,
    ),
    Attribute(
        "qfull_time_out",
        Kind.NUMBER,
        "How long a command waits for room in the ring before the initiator gets the status queue "
        "full; 0 reports it at once. Lower it for multipath initiators; the kernel accepts more "
        "than the limit, but misreads it.",
        unit="seconds",
        low=0,
        high=2147483,
        choices=(("-1", "same as cmd_time_out"),),
        default="-1",
        backstores=_KINDS,
        source=_TCMU,
    ),
    Attribute(
        "tmr_notification",
        Kind.BOOL,
        "Notify the handler of aborts and resets. Turn it on for handlers that can cancel a "
        "running command.",
        default="0",
        backstores=_KINDS,
        source=_TCMU,
    ),
)
