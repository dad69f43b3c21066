# SPDX-License-Identifier: Apache-2.0
"""Groups of settings for CHAP: user names and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rtslib_ext import schema
from rtslib_ext.config import scalars, secrets
from rtslib_ext.config.model import AUTH_NAMES, SECRET_NAMES, Auth
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import Fabric
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import (
    AUTH_FILES,
    NO_CREDENTIAL,
)
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step, settings, targets

from ..views.settings import Row
from .group import Group


class Credentials(Group):
    """CHAP names and secrets of a TPG, of ACLs, or for discovery."""

    # Names in older manuals.
    ALIASES = {"userid_mutual": "mutual_userid", "password_mutual": "mutual_password"}

    def __init__(self, name: str, path: ShellPath, folders: Sequence[ConfigfsPath]) -> None:
        self.name = name
        self.path = path
        self.folders = folders

    def names(self, fs: ReadFS) -> Sequence[str]:
        return AUTH_NAMES

    def row(self, fs: ReadFS, name: str) -> Row:
        text = fs.read_if_there(f"{self.folders[0]}/{AUTH_FILES[name]}") or ""
        known = schema.auth(AUTH_FILES[name])
        value = "" if text == NO_CREDENTIAL else text
        return Row(name, value, "string", known.text if known else "")

    def check(self, name: str, value: str) -> str:
        """Return the value; raises InvalidValue if the kernel would alter it."""
        settings.check_credential(self.path, name, value)
        return value

    def known(self, name: str) -> Attribute | None:
        file = AUTH_FILES.get(name)
        return schema.auth(file) if file else None

    def default(self, name: str) -> str | None:
        return ""

    def notes(self, fs: ReadFS, names: Iterable[str]) -> Iterator[str]:
        """Yield a note for each of these secrets that some initiators do not accept."""
        chosen = SECRET_NAMES.intersection(names)
        if chosen:
            values = {name: self.row(fs, name).value for name in AUTH_NAMES if name in chosen}
            yield from secrets.length_notes(Auth(**values))

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps; raises InvalidValue for equal secrets of initiator and target."""
        for folder in self.folders:
            before = Reader(fs).auth(folder)
            self._refuse_equal(replace(before, **wanted), wanted)
            yield from settings.credentials(self.path, folder, Auth(**wanted), before)

    def _refuse_equal(self, auth: Auth, wanted: Mapping[str, str]) -> None:
        names = [name for name in wanted if name in SECRET_NAMES]
        if names and secrets.are_equal(auth):
            raise InvalidValue(
                f"Not setting {names[-1]}! {secrets.EQUAL}",
                path=self.path,
                hint=secrets.EQUAL_HINT,
            )


class DiscoveryAuth(Credentials):
    """Authentication at discovery: the credentials, and whether they are required."""

    def __init__(self, fabric: Fabric, path: ShellPath) -> None:
        super().__init__("discovery_auth", path, (paths.discovery_auth(fabric),))
        self.fabric = fabric

    def names(self, fs: ReadFS) -> Sequence[str]:
        return (*AUTH_NAMES, "enable")

    def row(self, fs: ReadFS, name: str) -> Row:
        if name != "enable":
            return super().row(fs, name)
        on = fs.read_if_there(f"{self.folders[0]}/enforce_discovery_auth") == "1"
        text = "Whether initiators must authenticate for discovery."
        return Row(name, str(on), "number", text)

    def check(self, name: str, value: str) -> str:
        """Return the value; the switch accepts words for true and false."""
        if name != "enable":
            return super().check(name, value)
        on = scalars.boolean(value or "0")
        if on is None:
            raise InvalidValue(f"{name} takes 0 or 1, not {value!r}", path=self.path)
        return str(int(on))

    def known(self, name: str) -> Attribute | None:
        return schema.auth("enforce_discovery_auth") if name == "enable" else super().known(name)

    def choices(self, name: str) -> Sequence[str]:
        return ("0", "1") if name == "enable" else ()

    def default(self, name: str) -> str | None:
        return str(False) if name == "enable" else super().default(name)

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps: the credentials before the switch that requires them.

        Raises InvalidValue if no initiator could discover targets after them.
        """
        yield targets.load(self.fabric)
        auth = {name: value for name, value in wanted.items() if name != "enable"}
        before = self.row(fs, "enable").value == "True"
        on = wanted["enable"] == "1" if "enable" in wanted else before
        if on:
            held = Reader(fs).auth(self.folders[0])
            targets.check_discovery_auth(self.fabric, replace(held, **auth))
        yield from super().steps(fs, auth)
        if on != before:
            yield targets.require_discovery_auth(self.fabric, on)


def is_secret(group: Group, name: str) -> bool:
    """Return True if a value is shown only with --show-secrets."""
    return isinstance(group, Credentials) and name in SECRET_NAMES
