# SPDX-License-Identifier: Apache-2.0
"""Groups of settings: what ``get`` shows and what ``set`` turns into steps."""

from __future__ import annotations

import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rtslib_ext import paths, schema
from rtslib_ext.configfs import ConfigFS
from rtslib_ext.errors import InvalidValue, KernelRefused, NotFound
from rtslib_ext.fabrics import Fabric
from rtslib_ext.files import (
    ALUA_READ_ONLY,
    ALUA_TEXTS,
    AUTH_FILES,
    DEFAULT_GROUP,
    NO_CREDENTIAL,
)
from rtslib_ext.model import AUTH_NAMES, SECRET_NAMES, Auth
from rtslib_ext.reader import Reader
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step, targets, values

from ..prefs import CHOICES, PREFERENCES, check_value, show_value
from ..views.groups import Row

if TYPE_CHECKING:
    from ..env import Env

Lookup = Callable[[str], Attribute | None]


class Group(ABC):
    """One group of one node; ``path`` is the node's shell path."""

    name: str
    path: str

    @abstractmethod
    def names(self, fs: ConfigFS) -> Sequence[str]:
        """The settings there are."""

    @abstractmethod
    def row(self, fs: ConfigFS, name: str) -> Row:
        """One setting with its value."""

    @abstractmethod
    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """The steps that set values; raises InvalidValue before any is made."""

    def takes_text(self, name: str) -> bool:
        """Tell whether any text is a value; then "default" is one."""
        return True

    def check(self, name: str, value: str) -> str:
        """The form of a value that the kernel wants; raises InvalidValue."""
        return value

    def known(self, name: str) -> Attribute | None:
        """What the tables have of a setting; None where it is not in them."""
        return None

    def default(self, name: str) -> str | None:
        """What a new object has, as it is shown; None where that is not known."""
        return None

    def choices(self, name: str) -> Sequence[str]:
        """The values a setting takes, where they can be listed."""
        return ()

    def rows(self, fs: ConfigFS) -> Iterator[Row]:
        """All settings with their values."""
        for name in self.names(fs):
            yield self.row(fs, name)


class Folder(Group):
    """The files in a folder: attributes, parameters.

    Several folders (the ACLs of one tag) are read from the first and written all.
    """

    def __init__(
        self,
        name: str,
        path: str,
        folders: Sequence[str],
        lookup: Lookup,
        exact: Lookup | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.folders = folders
        self.lookup = lookup
        # The row with the default of this very object, which has to be looked at for it.
        self.exact = exact or lookup

    def names(self, fs: ConfigFS) -> Sequence[str]:
        """The files there are."""
        try:
            found = fs.scan(self.folders[0])
        except KernelRefused:
            return []
        return sorted(entry.name for entry in found if entry.kind == "file")

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One file; its value is empty where the kernel does not let it be read."""
        known = self.lookup(name)
        value = fs.read_if_there(f"{self.folders[0]}/{name}") or ""
        mode = fs.modes(self.folders[0], [name])[name]
        return Row(
            name,
            value,
            kind_of(known),
            described(known),
            writable=bool(mode & stat.S_IWUSR) and (known is None or known.writable),
        )

    def check(self, name: str, value: str) -> str:
        """As the schema says; what it does not know is left to the kernel."""
        known = self.lookup(name)
        return known.check(value) if known and value else value

    def known(self, name: str) -> Attribute | None:
        """Its row of the schema."""
        return self.lookup(name)

    def default(self, name: str) -> str | None:
        """As the schema says."""
        known = self.exact(name)
        return known.default if known else None

    def takes_text(self, name: str) -> bool:
        """Tell whether any text is a value; then "default" is one."""
        known = self.lookup(name)
        return known is not None and known.kind is schema.Kind.STRING

    def choices(self, name: str) -> Sequence[str]:
        """As the schema says."""
        known = self.lookup(name)
        if known is None:
            return ()
        usual = {schema.Kind.BOOL: ("0", "1"), schema.Kind.YESNO: ("Yes", "No")}
        return usual.get(known.kind) or tuple(value for value, _ in known.choices)

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """One write a value and folder."""
        for name, value in wanted.items():
            for folder in self.folders:
                file = f"{folder}/{name}"
                yield values.write(fs, self.path, file, name, value, self.before(fs, file))

    def before(self, fs: ConfigFS, file: str) -> str:
        """What undoing writes to a file."""
        return fs.read_if_there(file) or ""


def one_line(text: str) -> str:
    """A text of the kernel's on one line."""
    return "; ".join(line.strip() for line in text.replace("\0", "").splitlines() if line.strip())


class AluaSettings(Folder):
    """The settings of a target port group: some are written as numbers and read as texts."""

    def __init__(self, path: str, file: str) -> None:
        super().__init__("alua", path, (file,), schema.alua)

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One file, its text turned back into the number."""
        row = super().row(fs, name)
        texts = ALUA_TEXTS.get(name, ())
        value = str(texts.index(row.value)) if row.value in texts else one_line(row.value)
        writable = row.writable and name not in (*ALUA_READ_ONLY, "tg_pt_gp_id")
        return Row(name, value, "string", row.text, writable)

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """The number that was there is what undoing writes."""
        for name, value in wanted.items():
            file = f"{self.folders[0]}/{name}"
            yield values.write(fs, self.path, file, name, value, self.row(fs, name).value)


class LunAlua(Group):
    """The target port group of a LUN and its secondary state."""

    name = "alua"

    def __init__(self, path: str, file: str) -> None:
        self.path = path
        self.file = file

    def names(self, fs: ConfigFS) -> Sequence[str]:
        """The group's name, and the state where the kernel has it."""
        return ("alua_tg_pt_gp_name", *self._values(fs)[1])

    def _values(self, fs: ConfigFS) -> tuple[str | None, Mapping[str, str]]:
        return Reader(fs).lun_alua(self.file)

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One of them."""
        group, state = self._values(fs)
        value = group if name == "alua_tg_pt_gp_name" else state[name]
        known = schema.lun_alua(name.removesuffix("_name"))
        return Row(name, value or "", "string", known.text if known else "")

    def check(self, name: str, value: str) -> str:
        """As the schema says."""
        known = schema.lun_alua(name)
        return known.check(value) if known else value

    def known(self, name: str) -> Attribute | None:
        """Its row of the schema."""
        return schema.lun_alua(name.removesuffix("_name"))

    def default(self, name: str) -> str | None:
        """As the schema says; a new LUN is in the default group."""
        known = schema.lun_alua(name)
        return known.default if known else DEFAULT_GROUP

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """One write each."""
        if "alua_tg_pt_gp_name" in wanted:
            self._check_group(fs, wanted["alua_tg_pt_gp_name"])
        for name, value in wanted.items():
            file = f"{self.file}/{name.removesuffix('_name')}"
            yield values.write(fs, self.path, file, name, value, self.row(fs, name).value)

    def _check_group(self, fs: ConfigFS, name: str) -> None:
        """The kernel says no more than that there is no such device."""
        link = paths.link_in(fs, self.file)
        if link and name not in ("", NO_CREDENTIAL) and not fs.is_dir(f"{link[1]}/alua/{name}"):
            there = ", ".join(fs.directories(f"{link[1]}/alua"))
            raise NotFound(
                f"there is no target port group {name}",
                path=self.path,
                hint=f"its storage object has: {there}",
            )


class Credentials(Group):
    """CHAP names and secrets of a TPG, of ACLs, or for discovery."""

    # Older names, still typed from manuals.
    ALIASES = {"userid_mutual": "mutual_userid", "password_mutual": "mutual_password"}

    def __init__(self, name: str, path: str, folders: Sequence[str]) -> None:
        self.name = name
        self.path = path
        self.folders = folders

    def names(self, fs: ConfigFS) -> Sequence[str]:
        """The four of CHAP."""
        return AUTH_NAMES

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One of them."""
        text = fs.read_if_there(f"{self.folders[0]}/{AUTH_FILES[name]}") or ""
        known = schema.auth(AUTH_FILES[name])
        value = "" if text == NO_CREDENTIAL else text
        return Row(name, value, "string", known.text if known else "")

    def check(self, name: str, value: str) -> str:
        """Refused where the kernel would not keep it as it is."""
        values.check_credential(self.path, name, value)
        return value

    def known(self, name: str) -> Attribute | None:
        """Its row of the schema; the switch of discovery is one too."""
        return schema.auth(AUTH_FILES.get(name, "enforce_discovery_auth"))

    def default(self, name: str) -> str | None:
        """None is set."""
        return ""

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """One write a value and folder."""
        for folder in self.folders:
            before = Reader(fs).auth(folder)
            yield from values.credentials(self.path, folder, Auth(**wanted), before)


class DiscoveryAuth(Credentials):
    """Authentication at discovery: the credentials, and whether they are asked for."""

    def __init__(self, fabric: Fabric, path: str) -> None:
        super().__init__("discovery_auth", path, (f"{fabric.folder}/discovery_auth",))
        self.fabric = fabric

    def names(self, fs: ConfigFS) -> Sequence[str]:
        """The four of CHAP and the switch."""
        return (*AUTH_NAMES, "enable")

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One of them."""
        if name != "enable":
            return super().row(fs, name)
        on = fs.read_if_there(f"{self.folders[0]}/enforce_discovery_auth") == "1"
        text = "Whether an initiator must authenticate before it is told the targets."
        return Row(name, str(on), "number", text)

    def check(self, name: str, value: str) -> str:
        """The switch takes the usual words too."""
        if name != "enable":
            return super().check(name, value)
        word = value.lower()
        if word in ("1", "true", "yes", "on"):
            return "1"
        if word in ("0", "false", "no", "off", ""):
            return "0"
        raise InvalidValue(f"{name} takes 0 or 1, not {value!r}", path=self.path)

    def choices(self, name: str) -> Sequence[str]:
        """The switch can be on or off."""
        return ("0", "1") if name == "enable" else ()

    def default(self, name: str) -> str | None:
        """Nobody must authenticate."""
        return str(False) if name == "enable" else super().default(name)

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Credentials first: who enforces them wants them to be there."""
        yield targets.load(self.fabric)
        auth = {name: value for name, value in wanted.items() if name != "enable"}
        yield from super().steps(fs, auth)
        if "enable" in wanted:
            file = f"{self.folders[0]}/enforce_discovery_auth"
            before = fs.read_if_there(file) or "0"
            if wanted["enable"] != before:
                yield values.write(fs, self.path, file, "enable", wanted["enable"], before)


class Preferences(Group):
    """The group ``global``: preferences of the program, the same at every node."""

    name = "global"

    def __init__(self, env: Env, path: str) -> None:
        self.env = env
        self.path = path

    def names(self, fs: ConfigFS) -> Sequence[str]:
        """All preferences."""
        return list(PREFERENCES)

    def row(self, fs: ConfigFS, name: str) -> Row:
        """One of them."""
        known = PREFERENCES[name]
        return Row(name, self.env.prefs.text(name), known.kind, known.text)

    def check(self, name: str, value: str) -> str:
        """As its type says."""
        check_value(PREFERENCES[name], value)
        return value

    def choices(self, name: str) -> Sequence[str]:
        """As its type says."""
        return CHOICES.get(PREFERENCES[name].kind, ())

    def default(self, name: str) -> str | None:
        """What holds until it is set."""
        known = PREFERENCES[name]
        return show_value(known.kind, known.default)

    def steps(self, fs: ConfigFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """None: preferences are not the kernel's."""
        yield from ()


def kind_of(known: Attribute | None) -> str:
    """The type that get and set show."""
    if known is None:
        return "string"
    kinds = {
        schema.Kind.BOOL: "number",
        schema.Kind.NUMBER: "number",
        schema.Kind.YESNO: "yesno",
    }
    return kinds.get(known.kind, "string")


def described(known: Attribute | None) -> str:
    """What a setting means, what it takes, what a new object has."""
    return f"{known.text} {schema.facts(known)}" if known else ""


def is_secret(group: Group, name: str) -> bool:
    """Tell whether a value should be shown only to who asks for it."""
    return isinstance(group, Credentials) and name in SECRET_NAMES
