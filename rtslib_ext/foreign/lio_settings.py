# SPDX-License-Identifier: Apache-2.0
"""Settings of LIO itself in files of older tools: today's names and values, remarks for the rest.

The kernel that wrote them may have been another one: some settings are gone since, and values that
it showed are not always ones that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import naming, schema
from ..config.intern import Interner
from ..config.model import AluaGroup, Auth, StorageObject
from ..errors import InvalidValue
from ..fast_dataclasses import dataclass
from ..kernel.abi import DEFAULT_GROUP
from ..schema import Attribute, Kind
from .builder import Builder
from .imported import Place
from .words import shown

Lookup = Callable[[str], Attribute | None]


@dataclass(frozen=True, slots=True)
class Given:
    """Settings by name: their texts, and marks of which ``at`` makes places if one is needed."""

    values: Mapping[str, tuple[str, Any]]
    at: Callable[[Any], Place]

    def text(self, name: str) -> str:
        """Return the text of a setting; "" without one."""
        found = self.values.get(name)
        return found[0] if found else ""

    def without(self, name: str) -> Given:
        """Return the settings but one."""
        return Given({key: one for key, one in self.values.items() if key != name}, self.at)


class _Unknown:
    """No kernel has a setting of this name any more."""


_Checked = str | InvalidValue | _Unknown | None
"""The value that the kernel takes, or why it takes none; None: it cannot be written."""
_UNKNOWN = _Unknown()

# Words of rtslib's language for 1 and 0, beside those that all settings take.
_WORDS = {"enable": "1", "disable": "0"}
_SWITCH = {"yes": "1", "true": "1", "no": "0", "false": "0"}
_UNSET = ("", "NULL")
_AUTH = {
    "userid": "userid",
    "password": "password",
    "userid_mutual": "mutual_userid",
    "password_mutual": "mutual_password",
    "mutual_userid": "mutual_userid",
    "mutual_password": "mutual_password",
}
# The file that says whether credentials are mutual; the kernel derives it from them.
_DERIVED = ("authenticate_target", "enforce_discovery_auth", "enable")
_TAG = "tg_pt_gp_id"


class Settings:
    """Checks settings against the kernel's tables; each that is left out becomes a remark."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._known: dict[tuple[str, str], dict[tuple[str, str], _Checked]] = {}
        self._interner = Interner()

    def of(self, lookup: Lookup, group: str, given: Given, kind: str = "") -> Mapping[str, str]:
        """Return settings as the kernel takes them.

        ``group`` is one of ``schema.GROUPS``, ``kind`` the backstore or fabric if the rows that
        ``lookup`` returns depend on it. Most objects have the same values: each is checked once.
        """
        found = {}
        known = self._known.setdefault((group, kind), {})
        for name, (text, mark) in given.values.items():
            pair = (name, text)
            if pair not in known:
                known[pair] = _checked(lookup(name), text)
            value = known[pair]
            if isinstance(value, str):
                found[name] = value
            elif value is not None:
                self._remark(value, group, name, given.at(mark))
        return self._interner.one(found)

    def _remark(self, why: InvalidValue | _Unknown, group: str, name: str, at: Place) -> None:
        if isinstance(why, _Unknown):
            self._unknown(group, name, at)
        else:
            self._builder.changed(at, f"{why.message}: the kernel's own value is used")

    def _unknown(self, group: str, name: str, at: Place) -> None:
        """Remark a setting that no kernel has any more; once for each name."""
        if not self._builder.is_first(f"setting {name}"):
            return
        why = schema.retired(group, name)
        if why:
            self._builder.note(at, f"{name} is left out, here and below: {why}")
        else:
            self._builder.changed(
                at, f"{shown(name)} is left out, here and below: LIO has no such setting"
            )

    def auth(self, given: Given, where: str) -> Auth:
        """Return credentials; "" and NULL are none. ``where`` ends "the password …"."""
        found: dict[str, str] = {}
        for name, (text, mark) in given.values.items():
            field, at = _AUTH.get(name), given.at(mark)
            if field is None:
                if name not in _DERIVED:
                    self._unknown("auth", name, at)
            elif text not in _UNSET and self._builder.accepts(at, {field: text}, where):
                found[field] = text
        return Auth(**found)

    def alua_group(self, name: str, given: Given, at: Place) -> AluaGroup | None:
        """Return a target port group; None if it is the default one, with the kernel's values."""
        try:
            naming.check_folder_name(name, "")
        except InvalidValue as err:
            self._builder.lost(at, f"the ALUA group {name!r} is left out: {err.message}")
            return None
        settings = {
            key: value
            for key, value in self.of(schema.alua, "alua", given.without(_TAG)).items()
            if value != (row.default if (row := schema.alua(key)) else None)
        }
        if name == DEFAULT_GROUP:
            return AluaGroup(name, 0, settings) if settings else None
        tag = given.text(_TAG)
        if tag.isascii() and tag.isdecimal() and len(tag) < 6 and 0 < int(tag) <= naming.TAG_MAX:
            return AluaGroup(name, int(tag), settings)
        self._builder.changed(at, f"the ALUA group {name} has no number: the kernel chooses one")
        return AluaGroup(name, None, settings)

    def remark_object(self, so: StorageObject, name: str, at: Place) -> None:
        """Remark a storage object that gets another name, or has no serial number in the file."""
        if so.name != name:
            self._builder.changed(at, f"the storage object {name!r} is named {so.name}")
        if so.wwn is None and so.backing.has_wwn:
            self._builder.changed(
                at,
                f"{so.path} has no serial number in the file: initiators will see a new disk",
                "to keep the disk, give its old serial number in a copy of the file",
            )


def _checked(row: Attribute | None, text: str) -> _Checked:
    """Return the value of a setting as the kernel takes it, or why it takes none."""
    if row is None:
        return _UNKNOWN
    if not row.writable:
        return None
    word = _WORDS.get(text.lower(), text)
    if row.kind is not Kind.STRING and row.is_number:
        word = _SWITCH.get(word.lower(), word)
    try:
        return row.check(word)
    except InvalidValue as err:
        return err
