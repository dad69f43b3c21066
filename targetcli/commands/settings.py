# SPDX-License-Identifier: Apache-2.0
"""get and set: show and change the settings of a node."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.errors import InvalidValue, KernelRefused, NotFound
from rtslib_ext.kernel import paths
from rtslib_ext.steps import settings

from .. import preference, prefs
from ..changes import apply
from ..env import Env
from ..result import Caution, Result, show
from ..settings import Credentials, Group, Preferences, is_secret
from ..tree import Node, walk
from ..views import document
from ..views import settings as view
from ..views.settings import Row

if TYPE_CHECKING:
    from ..views.settings_table import Entry

HIDDEN = "(hidden)"
# Keywords of get and set.
CHANGED = "--changed"
DEFAULT = "default"
NOTHING_CHANGED = "Nothing differs from the defaults."


def get(env: Env, node: Node, group: str | None, parameter: list[str]) -> Result:
    """Show settings."""
    known = walk.groups_of(node)
    words = [word for word in (group, *parameter) if word is not None]
    changed = CHANGED in words
    words = [word for word in words if word != CHANGED]
    if not words:
        return _changed_of_all(env, known, node) if changed else _groups(env, known)
    found = _group(known, words[0], node)
    if changed:
        return _changed(env, found, node, words[1:])
    return _get(env, found, node, _wanted(found, node, words[1:]))


def _get(env: Env, group: Group, node: Node, names: list[str]) -> Result:
    """Show these settings of a group, or all of them."""
    fs = node.tree.fs
    rows = [group.row(fs, name) for name in names] if names else list(group.rows(fs))
    if _as_table(env):
        ordered = rows if names else sorted(rows, key=lambda row: row.name)
        lines = _table(env, [_entry(env, group, row) for row in ordered], named=bool(names))
    else:
        shown = [_masked(env, group, row) for row in rows]
        lines = view.values(shown) if names else view.group_values(group.name, shown)
    return show(lines, _values(env, group, rows))


def _as_table(env: Env) -> bool:
    """Return True if get shows a table; scripts that read its output need targetcli-fb's lines."""
    return env.on_terminal or env.options.verbose


def _table(env: Env, entries: list[Entry], *, named: bool = False) -> list[str]:
    # Imported here: scripts do not need it.
    from ..views import settings_table, terminal_width

    described = named or env.options.verbose
    return list(settings_table.table(entries, terminal_width(env.stdout), described=described))


def _entry(env: Env, group: Group, row: Row, *, title: str = "") -> Entry:
    """Return a line of the table; ``title`` precedes the name."""
    from ..settings.entry import entry

    return entry(group, row, hide=not env.options.show_secrets, title=title)


def _wanted(group: Group, node: Node, parameter: list[str]) -> list[str]:
    fs = node.tree.fs
    names = [_name(group, name) for name in parameter]
    for name in names:
        if name not in group.names(fs):
            text = f"No parameter '{name}' in group '{group.name}'."
            raise NotFound(text, path=node.path, hint=_names(group, node, name))
    return names


def _changed(env: Env, group: Group, node: Node, names: list[str]) -> Result:
    """Show what differs from a new object; list the settings without a known default."""
    different, unknown = _compare(group, node, _wanted(group, node, names))
    if _as_table(env) and different:
        lines = _table(env, [_entry(env, group, row) for row in different], named=bool(names))
    else:
        lines = view.values(_hidden(env, group, row) for row in different)
    if unknown:
        lines.append(f"Not compared, the default is not known: {' '.join(unknown)}")
    return show(lines or [NOTHING_CHANGED], _values(env, group, different))


def _changed_of_all(env: Env, known: dict[str, Group], node: Node) -> Result:
    """Show what differs from a new object in all groups of a node."""
    found = [(group, *_compare(group, node, [])) for group in known.values()]
    pairs = [(group, row) for group, different, _ in found for row in different]
    lines = [f"{group.name} {row.name}={_hidden(env, group, row).value}" for group, row in pairs]
    if _as_table(env) and pairs:
        entries = [_entry(env, group, row, title=f"{group.name} ") for group, row in pairs]
        lines = _table(env, entries)
    lines = lines or [NOTHING_CHANGED]
    if count := sum(len(unknown) for _, _, unknown in found):
        names = [group.name for group, _, unknown in found if unknown]
        of = f"{count} settings of {', '.join(names)}"
        lines.append(f"Not compared, the default is not known: {of}")
    data = [_facts(env, group, different) for group, different, _ in found]
    return show(lines, lambda: {"groups": data})


def _compare(group: Group, node: Node, names: list[str]) -> tuple[list[Row], list[str]]:
    """Return the writable settings that differ from their defaults, and those without one."""
    fs = node.tree.fs
    rows = [group.row(fs, name) for name in names or sorted(group.names(fs))]
    defaults = [(row, group.default(row.name)) for row in rows if row.writable]
    unknown = [row.name for row, default in defaults if default is None]
    return [row for row, default in defaults if default not in (None, row.value)], unknown


def set_values(env: Env, node: Node, group: str | None, parameter: dict[str, str]) -> Result:
    """Change settings, all or none."""
    known = walk.groups_of(node)
    if group is None and parameter:
        text = f"there is no group before {next(iter(parameter))}="
        raise InvalidValue(text, path=node.path, hint=_here(known))
    if group is None:
        return _groups(env, known)
    found = _group(known, group, node)
    if not parameter:
        # Imported here: a change prints nothing that is wrapped.
        from ..views.wrap import wrapped

        rows = list(found.rows(node.tree.fs))
        shown = wrapped(view.group_types(group, rows), env.stdout)
        return show(shown, _values(env, found, rows))
    wanted = {_name(found, name): value for name, value in parameter.items()}
    made: list[str] = []
    if isinstance(found, Credentials):
        wanted, made = _with_secrets(env, node, wanted)
    checked = {name: _checked(found, node, name, value) for name, value in wanted.items()}
    if isinstance(found, Preferences):
        lines = list(_set_preferences(env, checked))
        rows = [found.row(env.fs, name) for name in checked]
        return Result(lines, data=_values(env, found, rows))
    return Result(under_lock=partial(_change, env, found, checked, made))


def _with_secrets(env: Env, node: Node, wanted: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return credentials with secrets from a prompt or file, and a note about new ones."""
    if not any(value.startswith(("-", "@")) for value in wanted.values()):
        return wanted, []
    # Imported here: most secrets are words of the line. Asked for before the lock is taken.
    from . import secret_sources

    new = [name for name, value in wanted.items() if secret_sources.is_new(name, value)]
    notes = []
    if new and not env.options.show_secrets:
        notes.append(f"a new {' and '.join(new)}, which get --show-secrets shows")
    return secret_sources.resolve(env, node.path, wanted), notes


def _groups(env: Env, known: dict[str, Group]) -> Result:
    """Return the names of the groups. Raises InvalidValue with --verbose, which needs a group."""
    if env.options.verbose:
        raise InvalidValue("--verbose has no effect without a group", hint=_here(known))
    data = {"groups": [document.group(name, None) for name in known]}
    return show(view.group_list(known), lambda: data)


def _values(env: Env, group: Group, rows: Iterable[Row]) -> Callable[[], object]:
    """Return a function that makes the --json data of settings."""

    return lambda: {"groups": [_facts(env, group, rows)]}


def _facts(env: Env, group: Group, rows: Iterable[Row]) -> dict[str, object]:
    found = [
        document.setting(row, hidden=_is_hidden(env, group, row), number=group.is_number(row.name))
        for row in rows
    ]
    return document.group(group.name, found)


def _change(env: Env, group: Group, wanted: dict[str, str], made: list[str]) -> Result:
    moved = {name: group.row(env.fs, name) for name in group.moved(wanted) if name not in wanted}
    try:
        # Setting the present value is no change: it would be in the history, and undo undo it.
        apply.apply(env, settings.differing(env.fs, group.steps(env.fs, wanted)))
    except KernelRefused as err:
        if err.operation == "write":
            name, reason = paths.name_of(err.file), os.strerror(err.errno)
            err.label = f"Cannot set {group.name} {name}: [Errno {err.errno}] {reason}"
        raise
    rows = [group.row(env.fs, name) for name in wanted]
    texts = [*made, *_moved(env, group, moved), *group.notes(env.fs, wanted)]
    notes = [Caution(f"Note: {text}") for text in texts]
    return Result([*_changes(env, group, rows), *notes], data=_values(env, group, rows))


def _moved(env: Env, group: Group, before: dict[str, Row]) -> Iterator[str]:
    """Yield a note for each setting that changed with those that were set."""
    for name, had in before.items():
        now = group.row(env.fs, name)
        if now.value != had.value:
            yield f"{name} is {now.value} now"


def _group(known: dict[str, Group], name: str, node: Node) -> Group:
    if name not in known:
        # Imported here: only an error needs it.
        from .. import closest

        raise NotFound(
            f"Unknown configuration group: {name}",
            path=node.path,
            hint=closest.hint(name, known, *_below(node, name), _here(known)),
        )
    return known[name]


def _below(node: Node, name: str) -> list[str]:
    """Return a hint at the first child if it has a group; its siblings are of its kind."""
    child = next(iter(node.children()), None)
    has = child is not None and name in walk.groups_of(child)
    return [f"{child.path} has it"] if child and has else []


def _here(known: dict[str, Group]) -> str:
    return f"available groups: {' '.join(known)}"


def _name(group: Group, name: str) -> str:
    return Credentials.ALIASES.get(name, name) if isinstance(group, Credentials) else name


def _names(group: Group, node: Node, name: str) -> str:
    """Return why the kernel lacks a setting; else a hint at the closest name, and at all."""
    # Imported here: only an error needs it.
    from rtslib_ext import schema

    from .. import closest

    if group.known(name) is not None or (group.name == "attribute" and schema.was_once(name)):
        return schema.why_missing(name)
    names = group.names(node.tree.fs)
    return closest.hint(name, names, f"available: {' '.join(names)}")


def _checked(group: Group, node: Node, name: str, value: str) -> str:
    fs = node.tree.fs
    if name not in group.names(fs):
        raise NotFound(
            f"Unknown parameter {name} in group '{group.name}'.",
            path=node.path,
            hint=_names(group, node, name),
        )
    if not group.row(fs, name).writable:
        raise InvalidValue(f"Parameter {name} is read-only.", path=node.path)
    if value == DEFAULT and isinstance(group, Preferences):
        return value
    if value == DEFAULT and not group.takes_text(name):
        value = _default(group, node, name)
    try:
        return group.check(name, value)
    except InvalidValue as err:
        message = str(err).removeprefix(f"Not setting {name}! ")
        raise InvalidValue(f"Not setting {name}! {message}", path=node.path, hint=err.hint) from err


def _default(group: Group, node: Node, name: str) -> str:
    value = group.default(name)
    if value is None:
        raise InvalidValue(
            f"Not setting {name}! its default is not known",
            path=node.path,
            hint="it depends on the device, or is not documented",
        )
    return value


def _set_preferences(env: Env, wanted: dict[str, str]) -> Iterator[str]:
    for name, value in wanted.items():
        change = _change_of_preference(name, value)
        kept = change(env.prefs)
        if env.session.transaction is not None:
            env.session.transaction.set_preference(f"set the preference {name}={value}", change)
        yield view.now(name, env.prefs.text(name))
        if not kept and env.prefs.problem:
            yield f"Not saved, for this session only: {env.prefs.problem}"


def _change_of_preference(name: str, value: str) -> Callable[[prefs.Preferences], bool]:
    if value == DEFAULT:
        return partial(prefs.Preferences.reset, name=name)
    typed = preference.parse_value(preference.PREFERENCES[name].kind, value)
    return partial(prefs.Preferences.set, name=name, value=typed)


def _changes(env: Env, group: Group, rows: list[Row]) -> list[str]:
    """Report the values as the kernel returns them; a secret that was typed is not repeated."""
    return [view.now(row.name, _hidden(env, group, row).value) for row in rows]


def _masked(env: Env, group: Group, row: Row) -> Row:
    return _hidden(env, group, row) if _is_hidden(env, group, row) else row


def _hidden(env: Env, group: Group, row: Row) -> Row:
    """Return a setting without its secret, unless --show-secrets is given."""
    if env.options.show_secrets or not (is_secret(group, row.name) and row.value):
        return row
    return Row(row.name, HIDDEN, row.kind, row.text, row.writable)


def _is_hidden(env: Env, group: Group, row: Row) -> bool:
    """Return True for a secret at a terminal or in JSON; scripts read it with get as text."""
    is_read = not (env.on_terminal or env.options.json or env.options.is_restricted)
    if env.options.show_secrets or is_read:
        return False
    return is_secret(group, row.name) and bool(row.value)
