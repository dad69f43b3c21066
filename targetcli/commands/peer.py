# SPDX-License-Identifier: Apache-2.0
"""peer: what another host needs to compare its configuration with this one, by check peer=."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from rtslib_ext import savefile
from rtslib_ext.checks.facts import Facts
from rtslib_ext.config import digests
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace

from ..changes import apply, running
from ..env import Env
from ..result import Result, show
from ..tree import Node
from . import save_files

if TYPE_CHECKING:
    from collections.abc import Sequence

_SSH = "ssh:"
# A name or an address, with a user: nothing that ssh takes for an option.
_HOST = re.compile(r"(?:[A-Za-z0-9_][\w.-]*@)?[\[A-Za-z0-9_:][\w.:\]%-]*", re.ASCII)
_KEY = re.compile(rf"[0-9a-f]{{{2 * digests.KEY_BYTES}}}")
_OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
_SECONDS = 120.0
_MOST_BYTES = 256 << 20


def peer(env: Env, node: Node) -> Result:
    """Show the running configuration with digests of its secrets; the key is on standard input."""
    apply.require_root(env)
    key = env.stdin.readline().strip()
    if not _KEY.fullmatch(key):
        raise InvalidValue(
            f"standard input has no key of {2 * digests.KEY_BYTES} hexadecimal digits",
            hint="check peer=ssh:HOST on the other host runs this command",
        )
    text = savefile.dumps(digests.with_digests(running.read(env), bytes.fromhex(key)))
    return show([text.rstrip("\n")], lambda: {"configuration": json.loads(text)})


def facts(env: Env, peer: str, file: str | None) -> Facts:
    """Return the facts of a comparison with a peer: a file, or ssh:HOST. Raises LioError."""
    key = os.urandom(digests.KEY_BYTES)
    here = save_files.load_understood(env, file).config if file else running.read(env)
    if peer.startswith(_SSH):
        there = _by_ssh(peer.removeprefix(_SSH), key)
    else:
        there = digests.with_digests(_of_file(env, peer), key)
    return replace(Facts(digests.with_digests(here, key)), peer=there)


def _of_file(env: Env, peer: str) -> Config:
    try:
        return save_files.load_understood(env, peer).config
    except NotFound as err:
        if "/" not in peer and _HOST.fullmatch(peer):
            err.hint = f"peer=ssh:{peer} asks the host {peer}"
        raise


def _by_ssh(host: str, key: bytes) -> Config:
    """Return the running configuration of another host, which its targetcli shows."""
    text = run_there(host, ["peer"], f"{key.hex()}\n")
    try:
        found = json.loads(text)
        if not found["ok"]:
            raise LioError(f"{host}: {found['errors'][0]['message']}")
        loaded = savefile.loads(json.dumps(found["data"]["configuration"]), host)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as err:
        raise LioError(
            f"{host} shows no configuration",
            hint="install this version of targetcli there; its command is targetcli --json peer",
        ) from err
    save_files.require_understood(loaded, host)
    return loaded.config


def run_there(host: str, line: Sequence[str], given: str = "") -> str:
    """Run a line of targetcli with --json on another host by ssh; return its document.

    ``line`` are words without blanks, ``given`` is its standard input. Raises LioError.
    """
    if not _HOST.fullmatch(host):
        raise InvalidValue(f"{host!r} is not the name of a host", hint="peer=ssh:[USER@]HOST")
    user = host.rpartition("@")[0]
    sudo = ["sudo", "-n"] if user not in ("", "root") else []
    words = ["ssh", *_OPTIONS, "--", host, *sudo, "targetcli", "--json", *line]
    return _run(words, given, host)


def _run(words: Sequence[str], given: str, host: str) -> str:
    # Imported here: few commands start another program.
    from rtslib_ext.host import limited

    try:
        done = limited.run(words, text=given, seconds=_SECONDS, most_bytes=_MOST_BYTES)
    except TimeoutError as err:
        raise LioError(f"{host} does not answer within {_SECONDS:g} seconds") from err
    except LioError as err:
        raise LioError(f"{host}: {err}") from err
    if not done.stdout.strip():
        said = done.stderr.strip().rpartition("\n")[2] or f"ssh ended with {done.returncode}"
        raise LioError(f"{host}: {said}", hint="ssh has to log in without a question: try it")
    return done.stdout
