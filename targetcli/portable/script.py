# SPDX-License-Identifier: Apache-2.0
"""A configuration as a shell script (POSIX sh) of one-shot commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from rtslib_ext.config.model import Config
from rtslib_ext.foreign.imported import Remark

from ..language import grammar
from . import heading, secret_files
from .call import Call, Secret, Value

# Parameters in which the command line takes brackets for a range.
_RANGED = frozenset(
    "name file_or_dev dev wwn cfgstring number tag storage_object lun ip_address ip_port "
    "mapped_lun tpg_lun_or_backstore".split()
)
_BARE = re.compile(r"[^=\s@-][^=\s]*")
_HEAD = """\
#!/bin/sh
# The configuration of a storage target, as commands of targetcli; written by targetcli export.
# It can be run again: identical objects and values are kept, and others are not deleted.
# An object that differs ends the script with the differences. Save with: targetcli saveconfig
# TARGETCLI may name the program and its options: TARGETCLI='targetcli --yes' sh FILE"""
_SECRETS = """\
#
# Secrets are not written here. Each is the one line of a file in the directory SECRETS:"""


def lines(config: Config, calls: Sequence[Call], remarks: Sequence[Remark]) -> Iterator[str]:
    """Yield the lines of the script."""
    names = [secret_files.name(secret) for secret in secret_files.of_calls(calls)]
    yield from heading.lines(_HEAD, remarks, _SECRETS, names)
    yield "set -eu"
    if names:
        yield ': "${SECRETS:?must name the directory that export secrets=DIRECTORY writes}"'
    yield 'run() { ${TARGETCLI:-targetcli} "$@" >/dev/null; }'
    if any(call.unless for call in calls):
        yield 'has() { ${TARGETCLI:-targetcli} "$@" >/dev/null 2>&1; }'
    before = ""
    for call in calls:
        if call.command == "ensure" and call.about.split("/")[:4] != before.split("/")[:4]:
            yield ""
        before = call.about
        line = " && ".join(f"run {' '.join(_words(one))}" for one in (call, *call.then))
        if call.unless:
            line = f"has {' '.join(_words(call.unless))} || {{ {line}; }}"
        yield line


def _words(call: Call) -> Iterator[str]:
    yield shlex.quote(grammar.quote(call.at))
    yield call.command
    if call.group:
        yield call.group
    bare = True
    for place, (name, value) in enumerate(call.values.items()):
        if isinstance(value, Secret):
            yield f'"{name}=@$SECRETS/{secret_files.name(value)}"'
            continue
        text = _text(call, name, value)
        # After a named one, the place of the others says nothing.
        bare = bare and place < call.bare and _BARE.fullmatch(text) is not None
        yield shlex.quote(text if bare else f"{name}={text}")


def _text(call: Call, name: str, value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # set takes any text; in names, a bracket would begin a range.
    return text.replace("[", "[[]") if call.command == "ensure" and name in _RANGED else text
