# SPDX-License-Identifier: Apache-2.0
"""Secrets that are not words of a command line, where ps shows them: -, @FILE and @new."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping

from rtslib_ext.config.model import SECRET_NAMES
from rtslib_ext.errors import InvalidValue, LioError, reason
from rtslib_ext.files import trusted

from ..env import Env

PROMPT = "-"
FROM = "@"
NEW = "@new"
# The longest that initiators on Windows accept; letters and digits need no quotes anywhere.
_LENGTH = 16
_LETTERS = string.ascii_letters + string.digits
# A secret of the kernel is shorter (abi.CREDENTIAL_MAX); the rest of such a file is not read.
_MOST_BYTES = 4096
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable with the directory of a service's credentials (systemd.exec(5), Credentials)."""


def resolve(env: Env, path: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the node at ``path`` with their secrets.

    The value of a secret is ``-`` to ask for it, ``@FILE`` or ``@NAME`` (a credential of systemd)
    to read it, ``@new`` for a new one; ``@@`` stands for an @ at its beginning. Raises LioError.
    """
    return {
        name: _resolved(env, path, name, value) if name in SECRET_NAMES else value
        for name, value in wanted.items()
    }


def is_new(name: str, value: str) -> bool:
    """Return True if a value stands for a new secret."""
    return name in SECRET_NAMES and value == NEW


def generate() -> str:
    """Return a new secret of 16 letters and digits, some 95 bits."""
    # Not with the module secrets: importing it takes longer than most commands.
    secret = ""
    while len(secret) < _LENGTH:
        # 62 and 63 are skipped, so that all characters have the same probability.
        numbers = (byte & 63 for byte in os.urandom(_LENGTH))
        secret += "".join(_LETTERS[number] for number in numbers if number < len(_LETTERS))
    return secret[:_LENGTH]


def _resolved(env: Env, path: str, name: str, value: str) -> str:
    if value == PROMPT:
        return _asked(env, path, name)
    if value == NEW:
        return generate()
    if value.startswith(FROM * 2):
        return value.removeprefix(FROM)
    return _read(path, name, value.removeprefix(FROM)) if value.startswith(FROM) else value


def _asked(env: Env, path: str, name: str) -> str:
    """Return a secret that is typed at the terminal, unseen, or that is a line of a pipe."""
    at_terminal = env.stdin.isatty()
    if env.options.batch is not None or (env.session.several and not at_terminal):
        hint = f"use {name}=@FILE"
        if env.options.batch is None:
            # As a command it would be in an error, and in the log.
            _skip_line(env)
            hint += "; the next line was not run, as it may be the secret"
        raise InvalidValue(
            f"{name}=- cannot be asked for between the lines of a script", path=path, hint=hint
        )
    if at_terminal:
        # Imported here: scripts are asked nothing.
        from getpass import getpass

        try:
            secret = getpass(f"{name} of {path}: ", env.stderr)
        except EOFError:
            secret = ""
    else:
        secret = env.stdin.readline(_MOST_BYTES).removesuffix("\n")
    if not secret:
        raise InvalidValue(
            f"{name}=- found no secret on standard input",
            path=path,
            hint=f"{name}='' removes the secret",
        )
    return secret


def _skip_line(env: Env) -> None:
    while (part := env.stdin.readline(_MOST_BYTES)) and not part.endswith("\n"):
        pass


def _read(path: str, name: str, file: str) -> str:
    """Return the one line of a file; a name without a slash may be that of a credential."""
    folder = os.environ.get(_CREDENTIALS)
    if folder and file and "/" not in file and os.path.exists(os.path.join(folder, file)):
        file = os.path.join(folder, file)
    # Messages do not repeat the name: it may be a secret that begins with @.
    try:
        secret = trusted.read(file, _MOST_BYTES).decode().removesuffix("\n")
    except trusted.Untrusted:
        why = "others can write to it or replace it, or it is not a regular file"
        raise LioError(f"the file in {name}=@FILE cannot be read: {why}", path=path) from None
    except (OSError, ValueError) as err:
        raise LioError(
            f"the file in {name}=@FILE cannot be read: {_why(err)}",
            path=path,
            hint=f"a secret that begins with @ is written {name}=@@...",
        ) from None
    if not secret or "\n" in secret:
        count = "several lines" if secret else "no text"
        raise InvalidValue(f"the file in {name}=@FILE has {count}", path=path, hint="one is needed")
    return secret


def _why(err: OSError | ValueError) -> str:
    if isinstance(err, UnicodeDecodeError):
        return "it is not UTF-8"
    return reason(err) if isinstance(err, OSError) else "its name has a NUL"
