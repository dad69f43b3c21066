# SPDX-License-Identifier: Apache-2.0
"""The commands around a change of a storage object that no LUN may export meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..config import shell_paths
from ..config.model import StorageObject
from ..kernel.abi import DEFAULT_GROUP
from .facts import Facts, TpgFacts
from .rule import Words

# create sets it with its parameter write_back.
_DECIDED = "emulate_write_cache"


def around(facts: Facts, so: StorageObject, between: Sequence[Words]) -> tuple[Words, ...]:
    """Return ``between`` with commands that delete the LUNs of an object and create them again.

    Mapped LUNs get their numbers and access modes back. The initiators are interrupted.
    """
    exports = facts.exports.get(so.key, ())
    away = [(shell_paths.luns(tpg.shell), "delete", str(index)) for tpg, index in exports]
    back = [words for tpg, index in exports for words in _created(facts, tpg, index, so)]
    return (*away, *between, *back)


def _created(facts: Facts, tpg: TpgFacts, index: int, so: StorageObject) -> Iterator[Words]:
    """Yield the commands that create a LUN and its mapped LUNs."""
    luns = shell_paths.luns(tpg.shell)
    yield (luns, "create", so.path, str(index), "add_mapped_luns=false")
    group = tpg.config.luns[index].alua_group
    if group and group in so.alua_groups and group != DEFAULT_GROUP:
        yield (shell_paths.lun(tpg.shell, index), "set", "alua", f"alua_tg_pt_gp_name={group}")
    mapped = (
        (
            use.acl,
            "create",
            str(use.mapped.index),
            str(index),
            *(("write_protect=true",) if use.mapped.write_protect else ()),
        )
        for use in facts.uses(tpg, index)
    )
    # Initiators with one tag have one path.
    yield from dict.fromkeys(mapped)


def recreated(facts: Facts, so: StorageObject, words: Sequence[str]) -> tuple[Words, ...]:
    """Return the commands that delete an object and create it again with its LUNs.

    ``words`` follow its name in ``create``. The serial number and the attributes that were set stay
    the same, and so does the data of a file or device.
    """
    above, _, name = so.path.rpartition("/")
    create = (above, "create", name, *words, *((f"wwn={so.wwn}",) if so.wwn else ()))
    attributes = tuple(f"{key}={value}" for key, value in _set(so))
    again = [(so.path, "set", "attribute", *attributes)] if attributes else []
    return around(facts, so, [(above, "delete", name), create, *again])


def _set(so: StorageObject) -> Iterator[tuple[str, str]]:
    """Yield the attributes that differ from those of a new object."""
    # Imported here: few objects are recreated.
    from .. import schema

    plugin = so.backing.plugin
    for name, value in so.attributes.items():
        if name == _DECIDED:
            continue
        row = schema.storage_object(name, plugin)
        default = dict(row.defaults).get(plugin, row.default) if row and row.writable else None
        if default is not None and value != default:
            yield name, value
