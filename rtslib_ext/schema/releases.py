# SPDX-License-Identifier: Apache-2.0
"""What kernels can, by release: the settings they have, and how they behave.

"measured on" names the first release that was tried, where the change may be older.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from .attribute import Attribute, Kind
from .tables import GROUPS

PLACES = {
    "storage_object": "attribute of a storage object",
    "wwn": "identity of a storage object",
    "device": "device of a storage object",
    "reservations": "reservations of a storage object",
    "lu_group": "LU group",
    "alua": "target port group",
    "lun_alua": "alua of a LUN",
    "fabric": "fabric",
    "target_parameter": "parameter of a target",
    "tpg": "port of a TPG",
    "tpg_attribute": "attribute of a TPG",
    "tpg_parameter": "parameter of a TPG",
    "acl": "initiator of an ACL",
    "acl_attribute": "attribute of an ACL",
    "acl_parameter": "parameter of an ACL",
    "auth": "auth",
}
"""Where the settings of a group are."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A difference between kernels that is no setting, and the first release that has it."""

    since: str
    text: str
    source: str

    def in_kernel(self, release: str) -> bool:
        """Return True if a kernel of this release (such as 6.1.0-13-amd64) behaves like that."""
        return Attribute("", Kind.BOOL, "", since=self.since).in_kernel(release)


BEHAVIOURS = (
    Behaviour(
        "6.4",
        "A TPG gets the lowest free rtpi whenever it is enabled, unless one was written: then it "
        "keeps that, and cannot be enabled while another TPG has it. TPGs of loopback, vhost, "
        "xen-pvscsi and tcm_fc get none.",
        "drivers/target/target_core_tpg.c, target_tpg_register_rtpi",
    ),
    Behaviour(
        "6.5",
        "Block objects accept pgr_support=0; before, ENOSYS.",
        "drivers/target/target_core_configfs.c, pgr_support_store",
    ),
    Behaviour(
        "6.12",
        "Devices of the module brd support discard, so emulate_tpu=1 works on them.",
        "measured on 6.12.113",
    ),
    Behaviour(
        "6.12",
        "Attributes such as emulate_tpu are refused with ENODEV before the object is enabled; "
        "before, with ENOSYS.",
        "measured on 6.12.113",
    ),
    Behaviour(
        "6.17",
        "Block objects with exclusive=false do not hold their device: it may be mounted, or in "
        "other such objects.",
        "drivers/target/target_core_iblock.c, iblock_configure_device",
    ),
    Behaviour(
        "7.0",
        "REPORT IDENTIFYING INFORMATION returns pd_text_id_info.",
        "drivers/target/target_core_spc.c",
    ),
    Behaviour(
        "7.2",
        "IPv6 is part of the kernel or absent, never a module.",
        "net/ipv6/Kconfig; measured on 7.2.7",
    ),
    Behaviour(
        "7.2",
        "Statistics count bytes with 64 bits; those of ports and ACLs had 32.",
        "measured on 7.2.7",
    ),
    Behaviour(
        "7.2",
        "configfs lists directories after files, the oldest first; before, the newest came first.",
        "fs/configfs/dir.c; measured on 7.2.7",
    ),
    Behaviour(
        "7.3",
        "Reservations and ALUA states are saved below the root directory of process 1, not that "
        "of the writing process.",
        "drivers/target/target_core_pr.c, drivers/target/target_core_alua.c; measured on 7.3.4",
    ),
    Behaviour(
        "7.3",
        "enforce_discovery_auth may be refused with EINVAL while discovery sessions are in the "
        "way.",
        "drivers/target/iscsi/iscsi_target_configfs.c; measured on 7.3.4",
    ),
)


def changed() -> Iterator[tuple[str, Attribute]]:
    """Yield (group, row) of the settings that not every kernel has, by release and name."""
    rows = [(group, row) for group, rows in GROUPS.items() for row in rows if row.when()]
    yield from sorted(rows, key=lambda item: (_order(item[1].since or item[1].until), item[1].name))


def missing(release: str) -> list[tuple[str, str]]:
    """Return (name, since or until when) of the settings that a kernel of this release lacks."""
    found = {row.name: row.when() for _, row in changed() if not row.in_kernel(release)}
    return list(found.items())


def _order(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
