# SPDX-License-Identifier: Apache-2.0
"""Where rtslib-fb and this project may differ: every exception by name, with its reason.

An exception holds for the cases that it names only. One that no case needs any more fails
the test that counts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rtslib_ext.schema.tables import GROUPS

from .. import expected


@dataclass(frozen=True, slots=True)
class Loss:
    """Paths of the tree at which rtslib-fb loses a value, or refuses one with an error.

    ``paths`` is a pattern for canonical paths (see tree.py), ``errors`` one for the lines
    that rtslib-fb's restore returns; ``cases`` the configurations, none for all of them.
    ``only_if`` names the expectation that must hold on the kernel.
    """

    name: str
    reason: str
    paths: str = ""
    errors: str = ""
    cases: tuple[str, ...] = ()
    only_if: str = ""

    @property
    def is_due(self) -> bool:
        """Whether something should show it on the kernel that runs."""
        return not self.only_if or bool(expected.value(self.only_if))

    def excuses_path(self, case: str, path: str) -> bool:
        """Whether the trees may differ at this path."""
        return self._holds(case) and bool(self.paths and re.fullmatch(self.paths, path))

    def excuses_error(self, case: str, error: str) -> bool:
        """Whether rtslib-fb may say this."""
        return self._holds(case) and bool(self.errors and re.fullmatch(self.errors, error))

    def _holds(self, case: str) -> bool:
        return not self.cases or case in self.cases


_CREDENTIALS = r"iscsi/.*auth/(userid(_mutual)?|password(_mutual)?|authenticate_target)"

# The configurations were saved on Linux 6.1; what later kernels have no more is a loss there only.
_GONE = sorted(
    row.name for row in GROUPS["tpg_attribute"] if row.until and not row.in_kernel(expected.RELEASE)
)

# rtslib-fb against this project, both restoring the same file.
FROM_FILE = (
    *(
        Loss(
            f"{name} of Linux 6.1",
            "an error for rtslib-fb, a note for this project",
            errors=f"Cannot find attribute: {name}, skipped",
        )
        for name in _GONE
    ),
    Loss(
        "nexus",
        "rtslib-fb makes a new initiator name for the nexus at each restore, and saves none",
        paths=r"loopback/[^/]+/tpgt_\d+/nexus",
        cases=("loopback", "protection", "shared-wwn", "minimal"),
    ),
    Loss(
        "default_tg_pt_gp",
        "rtslib-fb saves the settings of the default group and skips them at restore "
        "(alua.py, ALUATargetPortGroup.setup)",
        paths=r"core/[^/]+/[^/]+/alua/default_tg_pt_gp/\w+|iscsi/.*/lun_\d+/alua_tg_pt_gp",
        cases=("alua-default-group",),
    ),
    Loss(
        "target parameters",
        "rtslib-fb saves a target's parameters and does not restore them (target.py, Target.setup)",
        paths=r"iscsi/[^/]+/param/cmd_completion_affinity",
        cases=("target-parameters",),
    ),
    Loss(
        "names of the manual page",
        "saveconfig.json(5) calls them userid, password, mutual_userid, mutual_password; "
        "rtslib-fb sets them on its Python objects and nowhere else",
        paths=_CREDENTIALS,
        cases=("man-page-names",),
    ),
    Loss(
        "AuthMethod",
        "enabling a TPG with authentication takes None out of it; rtslib-fb writes it before",
        paths=r"iscsi/[^/]+/tpgt_[46]/param/AuthMethod",
        cases=("auth-method",),
    ),
    Loss(
        "blanks around a credential",
        "rtslib-fb strips what it reads and what it writes (utils.py, _set_auth_attr)",
        paths=_CREDENTIALS,
        cases=("secrets-with-blanks",),
    ),
    Loss(
        "attributes by the alphabet",
        "emulate_tpu and emulate_tpws of a ramdisk need max_unmap_block_desc_count first; "
        "rtslib-fb writes attributes in the order of the file, which is sorted",
        paths=r"core/rd_mcp/thin/attrib/emulate_tp(u|ws)",
        errors=r"Storage Object ramdisk/thin: Cannot set attribute emulate_tp(u|ws): "
        r"\[Errno 38\] .*, skipped",
        cases=("unmap-order",),
    ),
    Loss(
        "a value that is there already",
        "after block_size=4096 the kernel takes no optimal_sectors above hw_max_sectors, not "
        "even the one that it has; rtslib-fb writes it, the result is the same",
        errors=r"Storage Object fileio/native4k: Cannot set attribute optimal_sectors: "
        r"\[Errno 22\] .*, skipped",
        cases=("sectors-4096",),
        only_if="optimal_sectors is refused after block_size=4096",
    ),
    Loss(
        "reconfiguring a user backstore",
        "these attributes ask the handler when they are written to an enabled object, be it "
        "with the value they have (target_core_user.c); there is none, the result is the same",
        errors=r"Storage Object user/\w+: Cannot set attribute "
        r"(dev_config|dev_size|emulate_write_cache): \[Errno 3\] .*, skipped",
        cases=("user",),
    ),
    Loss(
        "attributes of old kernels",
        "an error for rtslib-fb, a note for this project",
        errors=r"(Storage Object \w+/\w+: )?Cannot find attribute: "
        r"(fabric_max_sectors|max_sectors|task_timeout|crc32c_x86_offload), skipped",
        cases=("old-kernel",),
    ),
)

# rtslib-fb restoring what this project saves, against the state that was saved.
FROM_SAVE = tuple(
    loss
    for loss in FROM_FILE
    # What was saved has the names that rtslib-fb knows, and no attribute of another kernel.
    if loss.name not in ("names of the manual page", "attributes of old kernels")
    and not loss.name.endswith(" of Linux 6.1")
)

# The same for the state of beyond.py, which only this project can save.
BEYOND = (
    Loss(
        "identity",
        "rtslib-fb knows no vendor_id, product_id, revision and company_id",
        paths=r"core/[^/]+/[^/]+/wwn/(vendor_id|product_id|revision|company_id)",
    ),
    Loss("alias", "rtslib-fb does not know the alias file", paths=r"core/[^/]+/[^/]+/alias"),
    Loss(
        "logical unit groups",
        "rtslib-fb does not know core/alua/lu_gps",
        paths=r"core/alua/lu_gps/.*|core/[^/]+/[^/]+/alua_lu_gp",
    ),
    Loss(
        "secondary access state",
        "rtslib-fb has properties for it and neither saves nor restores them",
        paths=r"iscsi/.*/lun_\d+/alua_tg_pt_(gp|offline|status|write_md)",
    ),
    Loss(
        "LBA dependent state",
        "rtslib-fb takes alua_support_lba_dependent for read-only and knows no lba_map",
        paths=r"core/[^/]+/[^/]+/(lba_map|alua/\w+/\w+)|iscsi/.*/lun_\d+/alua_tg_pt_gp",
    ),
    Loss(
        "files of a TPG",
        "rtslib-fb does not know transport_status, nor rtpi",
        paths=r"loopback/[^/]+/tpgt_\d+/transport_status",
    ),
    Loss(
        "nexus of a saved file",
        "rtslib-fb makes a new initiator name for the nexus at each restore",
        paths=r"loopback/[^/]+/tpgt_\d+/nexus",
    ),
)


def unspecified(config: dict[str, Any]) -> Iterator[str]:
    """Paths that either tool fills at random because the file says nothing."""
    for so in config.get("storage_objects", []):
        prefix = _PREFIXES.get(so["plugin"], so["plugin"])
        if not so.get("wwn"):
            yield f"core/{prefix}/{so['name']}/wwn/vpd_unit_serial"
    for target in config.get("targets", []):
        for tpg in target.get("tpgs", []):
            yield from _unnamed_links(f"{target['fabric']}/{target['wwn']}/tpgt_{tpg['tag']}", tpg)


_PREFIXES = {"block": "iblock", "ramdisk": "rd_mcp"}


def _unnamed_links(path: str, tpg: dict[str, Any]) -> Iterator[str]:
    for lun in tpg.get("luns", []):
        if not lun.get("alias"):
            yield f"{path}/lun/lun_{lun['index']}/@link"
    for acl in tpg.get("node_acls", []):
        for lun in acl.get("mapped_luns", []):
            if not lun.get("alias"):
                yield f"{path}/acls/{acl['node_wwn']}/lun_{lun['index']}/@link"
