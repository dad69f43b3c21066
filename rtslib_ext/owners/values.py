# SPDX-License-Identifier: Apache-2.0
"""The settings in a fragment that no kernel accepts, by their JSON path.

The decoder of save files leaves values to the kernel, which may be newer than the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from .. import schema
from ..errors import InvalidValue
from ..schema import Attribute

_Row = Callable[[str], Attribute | None]


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the problems of a document that the decoder understood: ``PATH: reason``."""
    for path, item in _items(document, "storage_objects"):
        row = partial(schema.storage_object, backstore=item["plugin"])
        yield from _of_settings(item, "attributes", path, row)
    for path, target in _items(document, "targets"):
        fabric = target["fabric"]
        for place, tpg in _items(target, "tpgs", f"{path}."):
            attribute = partial(schema.tpg_attribute, fabric=fabric)
            yield from _of_settings(tpg, "attributes", place, attribute)
            parameter = partial(schema.tpg_parameter, fabric=fabric)
            yield from _of_settings(tpg, "parameters", place, parameter)
            for inside, acl in _items(tpg, "node_acls", f"{place}."):
                yield from _of_settings(acl, "attributes", inside, schema.acl_attribute)


def _items(
    value: Mapping[str, Any], name: str, before: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, item in enumerate(value.get(name) or ()):
        yield f"{before}{name}[{index}]", item


def _of_settings(value: Mapping[str, Any], group: str, path: str, row: _Row) -> Iterator[str]:
    for name, setting in (value.get(group) or {}).items():
        found = row(name)
        if found is None or setting is None or isinstance(setting, bool):
            continue
        try:
            found.check(str(setting))
        except InvalidValue as err:
            yield f"{path}.{group}.{name}: {err.message}"
