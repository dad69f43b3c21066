# SPDX-License-Identifier: Apache-2.0
"""Remove LUNs that an ACL has from demo mode, without a mapped LUN that shows them.

An initiator that logs in without an ACL gets a dynamic one with all LUNs of the TPG. An ACL that
is created for its name takes that one over, LUNs included (target_core_tpg.c,
core_tpg_add_initiator_node_acl). It does not matter whether it is still logged in: with
cache_dynamic_acls the kernel keeps a dynamic ACL that it lists nowhere.
"""

from __future__ import annotations

import errno

from ..errors import KernelRefused, LioError, NotFound
from ..fast_dataclasses import dataclass, field
from ..kernel import links, paths
from ..kernel.abi import NO_SESSION
from ..kernel.configfs import ConfigfsPath, WriteFS
from .context import Context, Operation


@dataclass(frozen=True, slots=True)
class DropDemoLuns:
    """Remove the LUNs of demo mode from an ACL that was just created.

    ``kept`` are numbers of LUNs that later operations map under the same number, so that a session
    does not lose them meanwhile, and whether they are write-protected: 0, 1, or "" for no change.
    ``pinned``: the initiator must still be logged in; raises NotFound.
    """

    acl: ConfigfsPath
    kept: dict[str, str] = field(default_factory=dict)
    pinned: bool = False

    def do(self, context: Context) -> None:
        info = context.fs.read_if_there(f"{self.acl}/info")
        if info is None and not context.fs.is_dir(self.acl):
            # A process was killed between the two calls below.
            context.fs.mkdir(self.acl)
            return
        if info is None and self.acl.startswith("iscsi/"):
            # The ACL is only staged.
            return
        if info is not None and info.startswith(NO_SESSION):
            if self.pinned:
                raise NotFound("the initiator is not logged in any more")
            # No session uses it, and a new ACL has no LUNs.
            context.fs.rmdir(self.acl)
            context.fs.mkdir(self.acl)
            return
        tpg = paths.tpg_of(self.acl)
        for name in context.fs.directories(paths.luns(tpg)):
            self._drop(context.fs, tpg, name.removeprefix("lun_"))

    def _drop(self, fs: WriteFS, tpg: ConfigfsPath, number: str) -> None:
        mapped = paths.mapped_lun(self.acl, number)
        if not fs.is_dir(mapped):
            fs.mkdir(mapped)
        try:
            has = held(fs, mapped)
            if not has:
                return
            protect = self.kept.get(number)
            if protect is None:
                drop(fs, mapped, paths.lun(tpg, number))
            elif protect not in ("", has):
                fs.write(f"{mapped}/write_protect", protect)
        finally:
            fs.rmdir(mapped)

    def inverse(self) -> Operation | None:
        return None


def held(fs: WriteFS, mapped: ConfigfsPath) -> str:
    """Return the write protection of the LUN behind a mapped LUN; "" if there is none.

    A mapped LUN that has no link yet has one behind it only from demo mode
    (target_core_fabric_configfs.c, target_fabric_mappedlun_write_protect_show).
    """
    return fs.read_if_there(f"{mapped}/write_protect") or ""


def drop(fs: WriteFS, mapped: ConfigfsPath, lun: ConfigfsPath) -> None:
    """Remove the LUN of demo mode that is behind a mapped LUN without a link.

    Raises LioError if the kernel keeps it.
    """
    link = paths.child(mapped, links.default_name(mapped))
    fs.symlink(lun, link)
    fs.unlink(link)
    if held(fs, mapped):
        raise LioError("the kernel kept a LUN of demo mode", hint="delete the ACL")


def link_instead(fs: WriteFS, target: ConfigfsPath, link: str, refused: KernelRefused) -> None:
    """Link a mapped LUN in place of the LUN of demo mode for which it was refused.

    The kernel maps no other LUN under the number of one (target_core_device.c,
    core_enable_device_list_for_node). Raises ``refused`` if that is not the reason.
    """
    mapped = paths.parent(link)
    of_acl = paths.parse_acl(link) is not None
    if refused.errno != errno.EINVAL or not of_acl or not held(fs, mapped):
        raise refused
    number = paths.name_of(mapped).removeprefix("lun_")
    drop(fs, mapped, paths.lun(paths.tpg_of(link), number))
    fs.symlink(target, link)
