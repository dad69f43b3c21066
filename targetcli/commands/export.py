# SPDX-License-Identifier: Apache-2.0
"""export: the configuration in the form of other tools."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rtslib_ext import foreign
from rtslib_ext.config import initiator_groups
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue, LioError, reason
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.files import export as files
from rtslib_ext.files import trusted
from rtslib_ext.foreign.imported import LOST, Remark
from rtslib_ext.owners import units
from rtslib_ext.steps import kept_groups

from ..changes import allowed, apply, part, running
from ..env import Env
from ..portable import ansible, calls, remarks, script, secret_files
from ..portable import beside as besides
from ..portable.beside import Beside
from ..portable.call import Call, Secret
from ..result import Aside, Result, show
from ..tree import Node
from ..views import remarks as view
from . import map as maps
from . import save_files

STDOUT = "-"
LOSES = 3
"""The exit status of an export that lacks something."""
_OWN = {"script": script.lines, "ansible": ansible.lines}
_WITH_COMMANDS = frozenset({"script"})
"""The formats in which any command can be written."""
_BY_ENDING = {".sh": "script", ".yml": "ansible", ".yaml": "ansible"}
# Names of save files, and of the files of other targets.
_OF_OTHERS = (".json", ".conf")
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines of an export, and what they do not express."""

    format: str
    lines: Sequence[str]
    remarks: Sequence[Remark]


def export(
    env: Env,
    node: Node,
    file: str,
    format: str | None,
    savefile: str | None,
    secrets: str | None,
) -> Result:
    """Write the configuration, or the part that a node stands for, in a format."""
    form = _format(file, format)
    config, beside = _read(env, node, savefile)
    written = beside if form in _WITH_COMMANDS else calls.NOTHING
    found = list(calls.of_config(config, written)) if form in _OWN else []
    notes = _write_secrets(env, secrets, found, form) if secrets is not None else []
    if form not in _OWN and file == STDOUT:
        _refuse_secrets(env, config, form)
    text = _exported(form, config, beside, found)
    if file == STDOUT:
        result = show(text.lines, lambda: _facts(text, None))
    else:
        path = os.path.abspath(os.path.expanduser(file))
        # Another target reads its secrets in the file itself.
        mode = None if form in _OWN else _PRIVATE
        result = maps.write(env, path, lambda: text.lines, mode)
        result.data = lambda: _facts(text, path)
    result.notes = [*(Aside(line) for line in view.lines(text.remarks)), *notes, *result.notes]
    result.status = LOSES if any(one.severity == LOST for one in text.remarks) else 0
    return result


def _read(env: Env, node: Node, savefile: str | None) -> tuple[Config, Beside]:
    """Return the part of the configuration that a node stands for, and what stands beside it."""
    path = env.save_file if savefile is None else save_files.readable(env, savefile)
    if savefile is None:
        config = part.select(running.read(env), node)
        owners, networks = save_files.owners_in(env, config), allowed.of_config(env, config)
    else:
        loaded = save_files.load_given(env, path)
        config = part.select(loaded.config, node)
        owners, networks = loaded.owners, allowed.part(loaded.allowed, config)
    if owners:
        owners = units.in_config(owners, config)
    # Only root can read the groups, as saved files; a part of the configuration has none.
    whole = env.is_root and part.owner(node) is None
    kept = kept_groups.read(env.host, kept_groups.file_beside(path)) if whole else {}
    groups = initiator_groups.of_config(config, kept)
    return config, Beside(
        owners, networks, {name: groups[name] for name in kept if not groups[name].members}
    )


def formats() -> list[str]:
    """Return the names of the formats."""
    return [*_OWN, *(name for name, one in foreign.FORMATS.items() if one.exports)]


def _format(file: str, given: str | None) -> str:
    if file in formats():
        raise InvalidValue(f"{file} is a format, not a file", hint=f"export - format={file}")
    if given is None:
        ending = os.path.splitext(file)[1].lower()
        if ending in _OF_OTHERS:
            raise InvalidValue(
                f"the format of {file} is not clear from its name",
                hint=f"format= is one of {', '.join(formats())}; saveconfig writes a save file",
            )
        return _BY_ENDING.get(ending, "script")
    if given not in formats():
        raise InvalidValue(f"format must be one of: {', '.join(formats())}, not {given}")
    return given


def _exported(form: str, config: Config, beside: Beside, found: Sequence[Call]) -> _Text:
    more = list(besides.remarks(config, beside, commands=form in _WITH_COMMANDS))
    if form in _OWN:
        listed = [*remarks.of_config(config), *more]
        return _Text(form, list(_OWN[form](config, found, listed)), listed)
    other = foreign.FORMATS[form].export(config)
    assert other is not None
    return _Text(form, other.text.removesuffix("\n").split("\n"), [*other.remarks, *more])


def _facts(text: _Text, path: str | None) -> dict[str, object]:
    return {
        "format": text.format,
        "file": path,
        "remarks": view.facts(text.remarks),
        "lines": None if path else list(text.lines),
    }


def _refuse_secrets(env: Env, config: Config, form: str) -> None:
    """Raise InvalidValue if secrets would be printed without --show-secrets."""
    found = secret_files.of_calls(calls.of_config(config))
    if not env.options.show_secrets and any(True for _ in found):
        raise InvalidValue(
            f"a file of the format {form} has the secrets in it",
            hint="name a file, which only root can read; --show-secrets prints them",
        )


def _write_secrets(env: Env, directory: str, found: Sequence[Call], form: str) -> list[str]:
    """Write each secret to a file; return a note. Raises LioError."""
    if form not in _OWN:
        raise InvalidValue(f"the format {form} has its secrets in the file itself")
    folder = os.path.abspath(os.path.expanduser(directory))
    secrets = list(secret_files.of_calls(found))
    later = apply.defer(env, f"write {len(secrets)} secrets to {folder}", Result)
    if later is not None:
        return []
    try:
        trusted.make_directory(folder)
    except OSError as err:
        raise LioError(f"{folder} cannot be created: {reason(err)}") from err
    for secret in secrets:
        _write_secret(folder, secret)
    number = "1 secret was" if len(secrets) == 1 else f"{len(secrets)} secrets were"
    return [Aside(f"Note: {number} written to {folder}")]


def _write_secret(folder: str, secret: Secret) -> None:
    data = f"{secret.value}\n".encode("utf-8", "surrogateescape")
    try:
        files.write(f"{folder}/{secret_files.name(secret)}", data, _PRIVATE)
    except trusted.Untrusted as err:
        raise LioError(str(err)) from err
