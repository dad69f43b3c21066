# SPDX-License-Identifier: Apache-2.0
"""The portals of iSCSI targets, and nothing else of them: a few calls for each TPG."""

from __future__ import annotations

from ..config.model import Config, Portal, Target, Tpg
from ..fabrics import FABRICS
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..kernel.paths import TpgPath
from .reader import Reader

_ISCSI = "iscsi"


def targets(fs: ReadFS) -> Config:
    """Return the iSCSI targets with nothing but their TPGs' state and portals."""
    reader, fabric = Reader(fs), FABRICS[_ISCSI]
    targets = {}
    for wwn in reader.target_wwns(fabric):
        tpgs = {}
        for tag in reader.tags(paths.target(fabric, wwn)):
            path = TpgPath.of(fabric, wwn, tag).configfs
            tpgs[tag] = Tpg(tag, enable=reader.enabled(path), portals=_portals(reader, path))
        targets[_ISCSI, wwn] = Target(_ISCSI, wwn, tpgs)
    return Config(targets=targets)


def _portals(reader: Reader, tpg: ConfigfsPath) -> dict[str, Portal]:
    """Return the portals of a TPG by their names alone: iSNS does not know transports."""
    found = {}
    for name in reader.portal_names(paths.portals(tpg)):
        address, _, port = name.rpartition(":")
        found[name] = Portal(address, int(port))
    return found
