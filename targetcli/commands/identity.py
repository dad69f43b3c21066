# SPDX-License-Identifier: Apache-2.0
"""identity: the identities that are derived from names, beside those of the running objects."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from rtslib_ext.config import shell_paths
from rtslib_ext.config.derived import Derived
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths, rtpi
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.topology import TopologyReader

from ..env import Env
from ..result import Result
from ..tree import Node, walk
from ..views import identity as view
from ..views.identity import Row
from ..views.wrap import width_of


def identity(env: Env, node: Node, namespace: str | None, identity_node: int | None) -> Result:
    """Show derived identities at and below a node; the status is 1 if running ones differ."""
    walk.require_readable(env)
    name = namespace or str(env.prefs.get("identity_namespace") or "")
    if not name:
        raise InvalidValue(
            "no namespace is set",
            hint="identity namespace=NAME, or set global identity_namespace=NAME",
        )
    number = env.prefs.number("identity_node") if identity_node is None else identity_node
    derived = Derived(name, number)
    rows = [
        row
        for row in sorted(
            (*_serials(env, derived), *_exports(env, derived)), key=attrgetter("path")
        )
        if shell_paths.is_within(row.path, node.path)
    ]
    return Result(
        view.lines(rows, width_of(env.stdout)),
        data=lambda: view.facts(rows, name, number),
        shows=True,
        status=int(not all(row.same for row in rows)),
    )


def _serials(env: Env, derived: Derived) -> Iterator[Row]:
    reader = Reader(env.fs)
    for configfs in reader.storage_object_paths():
        key = paths.key_of_storage_object(configfs)
        if key and key[0] != "pscsi":
            path = shell_paths.storage_object(*key)
            yield Row(path, "serial", reader.unit_serial(configfs), derived.serial(key))


def _exports(env: Env, derived: Derived) -> Iterator[Row]:
    """Yield the port number of each TPG, and its LUNs."""
    for (fabric, wwn), target in TopologyReader(env.fs).topology().config.targets.items():
        for tag, tpg in target.tpgs.items():
            path = TpgPath.of(FABRICS[fabric], wwn, tag)
            number, running = derived.rtpi(fabric, wwn, tag), rtpi.of_tpg(env.fs, path.configfs)
            # Before Linux 6.4, TPGs have none that could be set.
            if number and running is not None:
                yield Row(path.shell, "rtpi", str(running), str(number))
            for index, lun in tpg.luns.items():
                wanted = str(derived.lun(lun.storage_object))
                yield Row(shell_paths.lun(path.shell, index), "lun", str(index), wanted)
