# SPDX-License-Identifier: Apache-2.0
"""Save files: find, read and write them, and back them up."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config, StorageObject
from rtslib_ext.errors import LioError, NotFound, ParseError
from rtslib_ext.files import trusted
from rtslib_ext.savefile import disk
from rtslib_ext.transaction.lock import LastChange

from .. import prefs
from ..changes import allowed, apply
from ..env import TARGET_DIR, Env
from ..result import Aside, Result, Warn

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed
    from rtslib_ext.owners.record import Owners
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.savefile.encode import Identities

_UNIVERSAL_PREFERENCES = f"{TARGET_DIR}/targetcli.conf"
# The number of a backup, from the newest one.
_NUMBER = re.compile(r"@\d{1,9}", re.ASCII)


def identities_of(objects: Iterable[StorageObject]) -> dict[str, Mapping[str, str]]:
    """Return the identities of the devices of storage objects, by shell path."""
    from rtslib_ext.host import disk_identity

    safe: set[str] = set()
    known = ((so.path, so.backing.udev_path) for so in objects)
    return {
        path: identity
        for path, device in known
        if device and (identity := disk_identity.read(device, safe))
    }


def not_restorable(objects: Iterable[StorageObject], facts: dict[str, object]) -> list[str]:
    """Return a note for each running object that a restore could not create; ``facts`` get it."""
    from rtslib_ext.usage import restorable

    found = [(so.path, text) for so in objects if (text := restorable.problem(so.backing))]
    facts["not_restorable"] = [{"path": path, "text": text} for path, text in found]
    return [Aside(f"Note: {path} cannot be restored: {text}") for path, text in found]


def path_of(env: Env, given: str | None) -> str:
    """Return the absolute path of the given save file, or of the default one."""
    return os.path.abspath(shown_path(env, given))


def readable(env: Env, given: str | None) -> str:
    """Return the absolute path of a file to read: as path_of, or the backup with this name.

    @1 is the newest backup. Raises NotFound for a number that no backup has.
    """
    path = path_of(env, given)
    if given and "/" not in given and not os.path.exists(path):
        folder = disk.backup_folder(env.save_file)
        if _NUMBER.fullmatch(given):
            return _numbered(folder, given)
        backup = os.path.join(folder, given)
        if os.path.isfile(backup):
            return backup
    return path


def _numbered(folder: str, given: str) -> str:
    found = disk.numbered(folder, int(given[1:]))
    if found is None:
        raise NotFound(
            f"there is no backup {given}", hint="backups lists them: @1 is the newest one"
        )
    return found


def shown_path(env: Env, given: str | None) -> str:
    """Return the path as messages show it: scripts compare it with the one they passed."""
    return os.path.expanduser(given) if given else env.save_file


def owners_in(env: Env, config: Config, saved: Owners | None = None) -> Owners:
    """Return the owners of the objects of a configuration; ``saved`` are those of a file."""
    if not saved and not os.path.exists(env.owners):
        return {}
    from ..changes import owners

    return owners.to_save(env, config, saved or {})


def write(
    env: Env,
    path: str,
    config: Config,
    missing: Sequence[str],
    identities: Identities,
    *,
    owners: Owners | None = None,
    kept: Allowed | None = None,
    networks: Allowed | None = None,
) -> tuple[list[str], dict[str, object]]:
    """Write a save file, and back up the default one: (messages, facts for --json).

    ``missing`` are the shell paths of objects to mark as not restored, ``kept`` the allowed
    networks of portals that may not run, ``networks`` those to write instead of the running ones.
    Any file is backed up before an empty configuration replaces another one.
    """
    # Imported here, as in load: clearconfig needs no file.
    from rtslib_ext import savefile

    # Before the backup: saves that fail would rotate the older ones away.
    if networks is None:
        networks = allowed.of_config(env, config, kept)
    if config.is_empty and has_content(path):
        lines, backup = _back_up_emptied(env, path)
    else:
        lines, backup = _back_up(env, path)
    written = disk.write(
        path,
        lambda: savefile.pieces(
            config, missing, identities=identities, owners=owners, allowed=networks
        ),
    )
    facts = {
        "file": path,
        "written": written,
        "backup": backup,
        "unrestored": sorted(missing),
        "not_restorable": [],
    }
    return lines, facts


def has_content(path: str) -> bool:
    """Return True if a file may hold a configuration; one with a syntax error may."""
    try:
        if not os.path.getsize(path):
            return False
        loaded = load(path)
    except OSError:
        return False
    except LioError:
        return True
    return bool(loaded.problems) or not loaded.config.is_empty


def _back_up(env: Env, path: str) -> tuple[list[str], str | None]:
    """Back up the default save file: (messages, the backup's path or None)."""
    if path != env.save_file:
        return [], None
    keep = _backups_to_keep(env)
    try:
        backup = disk.back_up(path, keep)
    except LioError as err:
        return [Warn(err)], None
    if backup is None:
        return [], None
    return [_last(keep, backup)], backup


def _back_up_emptied(env: Env, path: str) -> tuple[list[str], str | None]:
    """Back up a file that an empty configuration replaces: (messages, path of the backup or None).

    Raises LioError if that fails, unless --yes is given.
    """
    keep = _backups_to_keep(env)
    try:
        made = disk.back_up(path, keep)
    except LioError as err:
        if env.options.yes:
            return [Warn(err)], None
        err.hint = "nothing was saved; --yes saves the empty configuration without a backup"
        raise
    lines = [_last(keep, made)] if made and path == env.save_file else []
    if env.session.last_change is LastChange.CLEARED:
        return lines, made
    backup = made or disk.backups(disk.backup_folder(path))[-1]
    note = f"Note: nothing is configured, so {path} is empty now; its previous contents: {backup}"
    return [*lines, Aside(note)], made


def _last(keep: int, backup: str) -> str:
    return f"Last {keep} configs saved in {os.path.dirname(backup)}/."


def _backups_to_keep(env: Env) -> int:
    """Return the larger of the user's number of backups and the system-wide one."""
    found = [str(env.prefs.get("max_backup_files") or "")]
    try:
        text = trusted.read(_UNIVERSAL_PREFERENCES, prefs.MOST_BYTES).decode()
        found += re.findall(r"^max_backup_files\s*=\s*([0-9]{1,9})\b", text, re.MULTILINE)
    except (OSError, UnicodeDecodeError, trusted.Untrusted):
        pass
    return max((int(text) for text in found if text.isdecimal()), default=10)


def load(path: str) -> Loaded:
    """Read a save file or a backup; raises LioError."""
    from rtslib_ext import savefile

    return savefile.loads(disk.read(path), path)


def load_given(env: Env, path: str) -> Loaded:
    """As load; for the default file, the error says how to get a file that can be used."""
    try:
        return load(path)
    except NotFound as err:
        if path == path_of(env, None):
            err.hint = "saveconfig creates it"
        raise
    except ParseError as err:
        if path == path_of(env, None) and (cure := from_backup(env)):
            err.hint = f"{err.hint}; {cure}"
        raise


def from_backup(env: Env) -> str:
    """Return the command that restores the newest backup without damage; "" without one."""
    for number, path in enumerate(reversed(disk.backups(disk.backup_folder(env.save_file))), 1):
        with suppress(LioError):
            if not load(path).problems:
                return f"restoreconfig @{number} restores the newest usable backup"
    return ""


def load_understood(env: Env, file: str | None) -> Loaded:
    """Return the contents of a file; raises LioError if an entry is not understood."""
    path = readable(env, file)
    loaded = load_given(env, path)
    require_understood(loaded, path)
    return loaded


def require_understood(loaded: Loaded, path: str) -> None:
    """Raise LioError if an entry of a file is not understood."""
    if loaded.problems:
        listed = "; ".join(map(str, loaded.problems))
        raise LioError(
            f"{path} has entries that are not understood: {listed}",
            hint="correct them; restoreconfig restores the rest",
        )


def save_imported(env: Env, savefile: str, config: Config, networks: Allowed) -> Result:
    """Save a configuration that is not the running one; the default file is backed up.

    ``networks`` are those that may reach its portals.
    """
    path, shown = path_of(env, savefile), shown_path(env, savefile)
    later = apply.defer(
        env,
        f"save the configuration to {path}",
        lambda: save_imported(env, savefile, config, networks),
    )
    if later is not None:
        return later
    identities = identities_of(config.storage_objects.values())
    lines, facts = write(env, path, config, (), identities, networks=networks)
    return Result([*lines, f"Configuration saved to {shown}"], data=lambda: facts)
