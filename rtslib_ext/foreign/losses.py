# SPDX-License-Identifier: Apache-2.0
"""What an export cannot express: remarks about objects by their shell paths.

Of settings, only those count that differ from what a new object has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping

from ..config import shown_inquiry
from ..config.model import Auth, Config, StorageObject, Tpg
from ..schema.attribute import Attribute
from .imported import CHANGED, LOST, NOTE, Remark, of_object

Find = Callable[[str], Attribute | None]


class Losses:
    """The remarks of an export."""

    def __init__(self) -> None:
        self.remarks: list[Remark] = []

    def lost(self, path: str, text: str, cure: str = "") -> None:
        """Remark that the format cannot express something."""
        self.remarks.append(of_object(LOST, path, text, cure))

    def changed(self, path: str, text: str, cure: str = "") -> None:
        """Remark that something is expressed differently."""
        self.remarks.append(of_object(CHANGED, path, text, cure))

    def note(self, path: str, text: str, cure: str = "") -> None:
        """Remark something without an effect on initiators."""
        self.remarks.append(of_object(NOTE, path, text, cure))

    def users(self, path: str, target: str, pairs: int, mutual: int) -> None:
        """Remark more users than a format, of the named target, has for one place."""
        if pairs > 1:
            self.changed(path, "initiators may log in as any of these users")
        if mutual > 1:
            text = f"{target} has one user to log in to initiators: others are left out"
            self.lost(path, text)

    def settings(
        self, path: str, values: Mapping[str, str], find: Find, known: Container[str]
    ) -> None:
        """Remark the settings that are not ``known`` to the format and have no usual value."""
        names = [name for name, value in values.items() if name not in known]
        odd = [f"{name}={values[name]}" for name in names if _is_odd(name, values[name], find)]
        if odd:
            self.lost(path, f"{', '.join(odd)} cannot be expressed")

    def rest(self, config: Config, name: str) -> None:
        """Remark what no other target has; ``name`` is that of the other target."""
        for group in sorted(config.lu_groups):
            self.lost(f"/backstores/lu_gps/{group}", f"{name} has no logical unit groups")
        for key in sorted(config.storage_objects):
            so = config.storage_objects[key]
            if so.lba_map:
                self.lost(so.path, f"{name} has no maps of ALUA states by block")


def _is_odd(name: str, value: str, find: Find) -> bool:
    row = find(name)
    if row is None or not row.writable:
        return False
    usual = {row.default, *(text for _, text in row.defaults)}
    return None not in usual and value not in usual


def naa_digits(so: StorageObject) -> str:
    """Return the digits of the NAA identifier that a storage object shows; "" without a serial."""
    return shown_inquiry.naa(so).removeprefix("naa.")


def is_plain(wwn: str) -> bool:
    """Return True if a name is one to other targets, too: no pattern, comment or brace."""
    return re.fullmatch(r"[\w.:,+@%=-]+", wwn) is not None


def requires_login(tpg: Tpg) -> bool:
    """Return True if CHAP is required of all initiators, or of one by its ACL.

    Other targets have one setting for all, so that it is required of all there.
    """
    found = [tpg.attributes, *(acl.attributes for acl in tpg.acls.values())]
    return any(attributes.get("authentication") == "1" for attributes in found)


def users(auths: list[Auth]) -> list[tuple[str, str]]:
    """Return the different users with their passwords, in order."""
    pairs = ((auth.userid, auth.password) for auth in auths)
    return list(dict.fromkeys((user, word) for user, word in pairs if user and word))


def mutual_users(auths: list[Auth]) -> list[tuple[str, str]]:
    """Return the different mutual users with their passwords, in order."""
    pairs = ((auth.mutual_userid, auth.mutual_password) for auth in auths)
    return list(dict.fromkeys((user, word) for user, word in pairs if user and word))
