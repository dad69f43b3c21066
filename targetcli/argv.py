# SPDX-License-Identifier: Apache-2.0
"""Hide passwords in the command line of this process, which every user can read with ps.

The words stay readable from the start of Python until then, and those of sudo as long as it runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from .language import masking

# In /proc/PID/stat (proc(5)), counted after the name of the program: arg_start and arg_end.
_START, _END = 45, 46


def hide(words: Sequence[str]) -> None:
    """Overwrite the secrets in ``words``, the last ones of this process's command line."""
    line = " ".join(words)
    masked = masking.mask_line(line)
    if masked == line:
        return
    with suppress(OSError, ValueError, IndexError):
        start, end = _memory()
        memory = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            text = os.pread(memory, end - start, start)
            os.pwrite(memory, _without_secrets(text, len(words)), start)
        finally:
            os.close(memory)


def _memory() -> tuple[int, int]:
    with open("/proc/self/stat", "rb") as file:
        # The name, in parentheses, may contain any character.
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[_START]), int(fields[_END])


def _without_secrets(text: bytes, count: int) -> bytes:
    """Return the words of a command line, each ended by a NUL, with the last ones masked."""
    words = text.removesuffix(b"\0").split(b"\0")
    first, own = words[: len(words) - count], words[len(words) - count :]
    # A character for each byte, so that the length stays.
    masked = masking.mask_line(b" ".join(own).decode("latin-1")).encode("latin-1")
    parts, here = [], 0
    for word in own:
        parts.append(_without_value(word, masked[here : here + len(word)]))
        here += len(word) + 1
    return b"\0".join([*first, *parts, b""])[: len(text)]


def _without_value(word: bytes, masked: bytes) -> bytes:
    """Return a masked word; blanks in the value of a secret do not end it here."""
    name, separator, value = word.partition(b"=")
    if separator and b" " not in name and masking.names_secret(name.decode("latin-1")):
        return name + separator + b"*" * len(value)
    return masked
