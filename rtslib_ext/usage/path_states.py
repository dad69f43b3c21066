# SPDX-License-Identifier: Apache-2.0
"""The paths to storage objects: each LUN, with the ALUA state that initiators see on it."""

from __future__ import annotations

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from ..reading.reader import Reader

# SPC-4 section 5.15.2.4: the state of the ports of a LUN that is offline (secondary state).
OFFLINE = 14


@dataclass(frozen=True, slots=True)
class PathState:
    """A LUN as a path to its storage object.

    ``lun`` and ``storage_object`` are shell paths. ``group`` is the target port group, ``state``
    its access state (SPC-4 table 36), OFFLINE if the LUN itself is. Both are None if the device
    reports its own (pass-through). ``preferred``: the bit of the group. ``portals`` are the
    names of the TPG's portals.
    """

    lun: ShellPath
    storage_object: ShellPath
    group: str | None
    state: int | None
    preferred: bool
    enabled: bool
    portals: tuple[str, ...]


class PathStates:
    """The paths of LUNs; each group of a storage object and each TPG is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._groups: dict[ConfigfsPath, tuple[int | None, bool]] = {}
        self._tpgs: dict[ConfigfsPath, tuple[bool, tuple[str, ...]]] = {}

    def of(self, tpg: TpgPath, index: int) -> PathState | None:
        """Return a LUN as a path; None if it is gone, or has no storage object."""
        configfs = paths.lun(tpg.configfs, index)
        link = links.link_in(self._reader.fs, configfs)
        key = paths.key_of_storage_object(link[1]) if link else None
        if link is None or key is None:
            return None
        group, own = self._reader.lun_alua(configfs)
        state, preferred = self._state(link[1], group) if group else (None, False)
        if own.get("alua_tg_pt_offline") == "1":
            state = OFFLINE
        enabled, portals = self._of_tpg(tpg)
        return PathState(
            shell_paths.lun(tpg.shell, index),
            shell_paths.storage_object(*key),
            group,
            state,
            preferred,
            enabled,
            portals,
        )

    def _state(self, storage_object: ConfigfsPath, name: str) -> tuple[int | None, bool]:
        folder = paths.tg_pt_gp(storage_object, name)
        if folder not in self._groups:
            text = self._reader.fs.read_if_there(f"{folder}/alua_access_state") or ""
            preferred = self._reader.fs.read_if_there(f"{folder}/preferred") == "1"
            self._groups[folder] = int(text) if text.isdecimal() else None, preferred
        return self._groups[folder]

    def _of_tpg(self, tpg: TpgPath) -> tuple[bool, tuple[str, ...]]:
        if tpg.configfs not in self._tpgs:
            has = tpg.fabric.has("nps")
            names = self._reader.portal_names(paths.portals(tpg.configfs)) if has else []
            enabled = self._reader.enabled(tpg.configfs) is not False
            self._tpgs[tpg.configfs] = enabled, tuple(sorted(names))
        return self._tpgs[tpg.configfs]
