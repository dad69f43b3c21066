# SPDX-License-Identifier: Apache-2.0
"""Filter the messages of commands, and write the log file if the preferences name one.

loglevel_console filters messages about changes. Requested output (ls, get, status) and errors are
always shown: a failure without a message would be taken for success.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import reason
from rtslib_ext.files import trusted

from .env import Env
from .language.grammar import Line
from .preference import LOG_LEVELS
from .result import Warn

# targetcli-fb's default, which would grow without limit.
_DEFAULT = "log.txt"


def log_messages(env: Env, lines: Iterable[str]) -> list[str]:
    """Log messages; return those to show."""
    messages = list(lines)
    for text in messages:
        _log(env, _level(text), text)
    if env.options.json:  # readers of JSON filter for themselves
        return messages
    return [text for text in messages if _reaches(env, "loglevel_console", _level(text))]


def log_line(env: Env, line: Line) -> None:
    """Log a command line, passwords masked."""
    if _file(env) is None:
        return
    # Imported here: most runs have no log file.
    from .language import masking

    text = line.text
    for argument in reversed(line.arguments):
        if argument.key and "password" in argument.key.lower():
            start, end = argument.span
            text = f"{text[:start]}{argument.key}=***{text[end:]}"
    _log(env, "verbose", f"{env.session.cwd}> {masking.mask_line(text)}")


def log_errors(env: Env, lines: Sequence[str]) -> None:
    """Log the lines of an error."""
    _log(env, "error", " ".join(lines))


def _level(text: str) -> str:
    return "warning" if isinstance(text, Warn) else "info"


def _reaches(env: Env, preference: str, level: str) -> bool:
    least = str(env.prefs.get(preference))
    return LOG_LEVELS.index(least) >= LOG_LEVELS.index(level)


def _file(env: Env) -> str | None:
    """Return the log file, or None if it is the default or cannot be written."""
    path = os.path.expanduser(str(env.prefs.get("logfile") or ""))
    default = os.path.join(env.prefs.folder or "", _DEFAULT)
    return path if path and path != default and env.session.logs else None


def _log(env: Env, level: str, text: str) -> None:
    path = _file(env)
    if path is None or not _reaches(env, "loglevel_file", level):
        return
    from .language import masking

    shown = printable(masking.mask(text))
    row = f"[{level.upper()}] {time.strftime('%Y-%m-%d %H:%M:%S')} {shown}\n"
    try:
        file = trusted.open_to_append(path)
        try:
            os.write(file, row.encode(errors="backslashreplace"))
        finally:
            os.close(file)
    except (OSError, ValueError, trusted.Untrusted) as err:
        env.session.logs = False
        why = err if isinstance(err, trusted.Untrusted) else f"{path}: {reason(err)}"
        print(f"cannot write the log file: {why}", file=env.stderr)
