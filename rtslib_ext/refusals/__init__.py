# SPDX-License-Identifier: Apache-2.0
"""Explain why the kernel refused an operation, and what helps: a table and its look-up.

Imported only when an error occurs.
"""

from __future__ import annotations

import errno
import re

from ..errors import KernelRefused
from ..kernel.configfs import ReadFS
from ..steps import Step
from . import alua, host, storage, targets
from .facts import Facts, lookup
from .refusal import Refusal

ROWS: tuple[Refusal, ...] = (*storage.ROWS, *alua.ROWS, *targets.ROWS, *host.ROWS)
"""In order of precedence: specific causes before general ones."""
# The kernel logs nothing for these.
_MEANWHILE = "another process created it meanwhile: delete it, or choose another name or number"
_HINTS = {
    ("rmdir", errno.ENOTEMPTY): "delete those first",
    ("mkdir", errno.EEXIST): _MEANWHILE,
    ("symlink", errno.EEXIST): _MEANWHILE,
}

__all__ = ["ROWS", "Refusal", "explain"]


def explain(fs: ReadFS, step: Step, error: KernelRefused, log: list[str]) -> None:
    """Set the cause, the hint and the kernel's message in ``error``.

    ``log`` are the lines of the kernel's log, the newest first.
    """
    for row in ROWS:
        match = _match(row, fs, step, error, log)
        if match:
            facts, line = match
            error.reason = row.cause.format_map(facts)
            error.hint = error.hint or row.help.format_map(facts)
            error.kernel_message = line
            return
    error.kernel_message = log[0] if log else ""
    facts = Facts(fs, step, error, {})
    if error.operation == "write" and facts["takes"]:
        error.reason = facts["takes"]
        known = lookup(error.file)
        error.hint = error.hint or (known.text if known else "")
    if not (error.hint or error.kernel_message):
        error.hint = _HINTS.get(
            (error.operation, error.errno), "see the kernel's log: journalctl -k"
        )


def _match(
    row: Refusal, fs: ReadFS, step: Step, error: KernelRefused, log: list[str]
) -> tuple[Facts, str] | None:
    """Return (facts, line of the log) if the row is the cause, else None."""
    if error.errno not in row.errno or not re.fullmatch(row.operation, error.operation):
        return None
    match = re.fullmatch(row.object, error.file, re.DOTALL)
    if not match:
        return None
    line = next((line for line in log if re.search(row.log, line)), "") if row.log else ""
    if row.log and not line:
        return None
    facts = Facts(fs, step, error, match.groupdict())
    return (facts, line) if row.when is None or row.when(facts) else None
