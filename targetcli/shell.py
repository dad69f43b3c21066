# SPDX-License-Identifier: Apache-2.0
"""The interactive shell: configshell's line editing for this program's tree and commands.

configshell provides the prompt, the loop and the display of completions. Its nodes and parser are
not used: it would create all nodes at once, and silently drop what it cannot parse.
"""

from __future__ import annotations

import os
import readline
import warnings
from contextlib import suppress
from importlib import import_module

from rtslib_ext.errors import reason
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.files import atomic, trusted

with warnings.catch_warnings():
    # configshell uses names that are deprecated in newer versions of pyparsing.
    warnings.simplefilter("ignore")
    from configshell_fb import ConfigShell

from . import session
from .env import Env
from .language import grammar, masking
from .language.grammar import Place
from .preference import PREFERENCES

_HISTORY = "history.txt"
_HISTORY_LENGTH = 1000
_HISTORY_BYTES = 1 << 22
_COMPLETION = "targetcli.completion.complete"


@dataclass(slots=True)
class _Here:
    """The current node, as far as configshell needs it."""

    path: str
    mark: str = ""

    def prompt_msg(self) -> str:
        """Return the start of the prompt."""
        return self.mark


class Shell(ConfigShell):  # type: ignore[misc]
    """One interactive session."""

    def __init__(self, env: Env) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__()
        self.env = env
        # configshell's own log would contain every line, passwords included.
        self.prefs["logfile"] = None
        self.prefs["bookmarks"] = {}
        self._matches: list[str] = []
        readline.set_completer_delims(" \t\n")
        # After the prompt is shown: neither it nor the first Tab waits for this import.
        readline.set_pre_input_hook(lambda: import_module(_COMPLETION))
        self._take_preferences()

    def _take_preferences(self) -> None:
        for name in PREFERENCES:
            if name != "logfile":
                self.prefs[name] = self.env.prefs.get(name)
        self._current_node = _Here(self.env.session.cwd, session.mark(self.env))

    def run_cmdline(self, cmdline: str) -> None:
        """Run one line, and print its errors."""
        # readline's history is kept in a file.
        if masking.has_secret(cmdline):
            _forget_last_line()
        try:
            result = session.run_line(self.env, lambda: grammar.parse(cmdline))
        except KeyboardInterrupt as err:
            print(f"\n{err}" if err.args else "\ninterrupted", file=self.env.stderr)
            result = None
        if result is not None and result.leave:
            self._exit = True
        self._take_preferences()

    def _complete(self, text: str, state: int) -> str | None:
        """Return the completion number ``state``, as readline requests them."""
        if state == 0:
            # The module in _COMPLETION.
            from .completion.complete import complete, continuation

            context = grammar.complete_context(readline.get_line_buffer(), readline.get_endidx())
            # Keep the typed part unchanged, quotes included.
            self._matches = [
                text + continuation(context, candidate) for candidate in complete(self.env, context)
            ]
            # configshell colours values differently from paths and commands.
            values = context.place in (Place.POSITIONAL, Place.KEYWORD)
            self._current_parameter = "value" if values else ""
        return self._matches[state] if state < len(self._matches) else None


def _forget_last_line() -> None:
    length = readline.get_current_history_length()
    if length and masking.has_secret(readline.get_history_item(length) or ""):
        readline.remove_history_item(length - 1)


def run_shell(env: Env) -> int:
    """Run the shell at a terminal until exit; return the exit status, 0."""
    env.session.interactive = True
    session.start(env)
    shell = Shell(env)
    history = os.path.join(env.prefs.folder, _HISTORY) if env.prefs.folder else None
    _read_history(history)
    while not shell._exit:
        shell.run_interactive()
    _write_history(env, history)
    session.finish(env)
    return 0


def _read_history(path: str | None) -> None:
    """Read the last lines, without passwords: targetcli-fb, which has the same file, kept them."""
    readline.set_history_length(_HISTORY_LENGTH)
    if not path:
        return
    try:
        text = trusted.read(path, _HISTORY_BYTES).decode(errors="replace")
    except (OSError, trusted.Untrusted):
        return
    for line in text.split("\n")[-_HISTORY_LENGTH - 1 :]:
        if line and line.isprintable() and not masking.has_secret(line):
            readline.add_history(line)


def _write_history(env: Env, path: str | None) -> None:
    if not path:
        return
    count = readline.get_current_history_length()
    first = max(1, count - _HISTORY_LENGTH + 1)
    lines = (f"{readline.get_history_item(number)}\n" for number in range(first, count + 1))
    try:
        with trusted.directory(path, create=True) as (folder, name):
            trusted.check_directory(folder, os.path.dirname(path))
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                trusted.check_replaceable(status, path)
            # targetcli-fb made it readable by all. Shells that end at once have no lock.
            atomic.replace_in(
                folder,
                name,
                "".join(lines).encode(errors="surrogateescape"),
                temporary=f"{name}.{os.getpid()}",
            )
    except (OSError, trusted.Untrusted) as err:
        why = err if isinstance(err, trusted.Untrusted) else f"{path}: {reason(err)}"
        print(f"the command history was not saved: {why}", file=env.stderr)
