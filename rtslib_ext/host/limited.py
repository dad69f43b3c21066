# SPDX-License-Identifier: Apache-2.0
"""Programs whose output another host sends: they run and write as much as is allowed, no more."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from subprocess import CompletedProcess

from ..errors import LioError, reason
from . import system

_PORTION = 1 << 16
_MOST_ERRORS = 1 << 16


def run(
    words: Sequence[str], *, text: str, seconds: float, most_bytes: int
) -> CompletedProcess[str]:
    """Run a program with a standard input of less than 4 KiB.

    Raises TimeoutError after a time; LioError if it cannot be started, or writes more bytes.
    """
    end = time.monotonic() + seconds
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            words, env=system.environment(), stdin=pipe, stdout=pipe, stderr=pipe
        )
    except OSError as err:
        raise LioError(f"cannot run {words[0]}: {reason(err)}") from err
    assert process.stdin and process.stdout and process.stderr
    with process:
        try:
            with suppress(BrokenPipeError), process.stdin as given:
                given.write(text.encode())
            limits = {process.stdout.fileno(): most_bytes, process.stderr.fileno(): _MOST_ERRORS}
            out, errors = (part.decode("utf-8", "replace") for part in _read(limits, end))
            status = process.wait(_left(end))
        except subprocess.TimeoutExpired as err:
            process.kill()
            raise TimeoutError from err
        except BaseException:
            process.kill()
            raise
    return CompletedProcess(list(words), status, out, errors)


def _read(limits: dict[int, int], end: float) -> list[bytes]:
    """Return what comes from file descriptors, each up to a number of bytes."""
    found = {descriptor: bytearray() for descriptor in limits}
    with selectors.DefaultSelector() as selector:
        for descriptor in limits:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_left(end)):
                data = os.read(key.fd, _PORTION)
                if not data:
                    selector.unregister(key.fd)
                found[key.fd] += data
                if len(found[key.fd]) > limits[key.fd]:
                    raise LioError(f"the answer has more than {limits[key.fd]:,} bytes")
    return [bytes(part) for part in found.values()]


def _left(end: float) -> float:
    """Return the seconds until a time; raises TimeoutError after it."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
