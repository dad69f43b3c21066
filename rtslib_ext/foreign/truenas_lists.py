# SPDX-License-Identifier: Apache-2.0
"""The lists that ``midclt call iscsi.….query`` of TrueNAS prints, from one file or several.

They are extent, target, targetextent, portal, initiator and auth; ``iscsi.global.config`` is an
object. A file has all of them in one object by these names, or one list, beside which the others
stand as ``NAME.json`` or ``iscsi.NAME.query.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..savefile.checked_json import Item
from .json_source import Document
from .source import Source

_LISTS = ("extent", "target", "targetextent", "portal", "initiator", "auth")
_GLOBAL = "global"
# A key by which a list is known.
_SIGNS = {
    "extent": "blocksize",
    "target": "groups",
    "targetextent": "lunid",
    "portal": "listen",
    "initiator": "initiators",
    "auth": "secret",
}
_KEY = re.compile(r"(?:iscsi\.)?([a-z]+?)s?(?:\.(?:query|config))?")


class Parts:
    """The lists of a source; ``documents`` are the files, that of the source first."""

    def __init__(self, source: Source) -> None:
        self._found: dict[str, tuple[Document, Item, str]] = {}
        first = Document(source)
        self.documents = [first]
        if isinstance(first.value, list):
            self._add_list(first, _kind_of(first))
            for name in (*_LISTS, _GLOBAL):
                if name not in self._found:
                    self._look_beside(source, name)
        else:
            root = first.root()
            for key in root.unused():
                name = _name_of(key)
                if name in (*_LISTS, _GLOBAL):
                    self._found[name] = (first, root, key)
            root.ignore(*(key for _, _, key in self._found.values()))
            for key in root.unused():
                first.unknown(root, key)

    def _look_beside(self, source: Source, name: str) -> None:
        last = "config" if name == _GLOBAL else "query"
        for file in (f"{name}.json", f"{name}s.json", f"iscsi.{name}.{last}.json"):
            beside = source.beside(file)
            if beside:
                document = Document(beside)
                self.documents.append(document)
                self._add_list(document, name)
                return

    def _add_list(self, document: Document, name: str) -> None:
        whole = document.item({name: document.value})
        self._found[name] = (document, whole, name)

    def has(self, name: str) -> bool:
        """Return True if there is such a list."""
        return name in self._found

    def items(self, name: str) -> Iterator[tuple[Document, Item]]:
        """Yield the objects of a list with the file that they are in."""
        if name in self._found:
            document, item, key = self._found[name]
            for one in item.items(key):
                yield document, one

    def config(self) -> tuple[Document, Item]:
        """Return the object of iscsi.global.config; an empty one without it."""
        if _GLOBAL in self._found:
            document, item, key = self._found[_GLOBAL]
            return document, item.item(key)
        return self.documents[0], self.documents[0].item({})


def _kind_of(document: Document) -> str:
    for value in document.value:
        for name, sign in _SIGNS.items():
            if isinstance(value, dict) and sign in value:
                return name
    raise document.source.wrong(1, "expected the list of a query such as iscsi.extent.query")


def _name_of(key: str) -> str:
    found = _KEY.fullmatch(key)
    return found[1] if found else ""
