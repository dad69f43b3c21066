# SPDX-License-Identifier: Apache-2.0
"""Relay bytes, signals and window sizes between this process and the sandbox's kernel.

The guest's serial lines are our pipes. The guest ends each stream with a mark. The control line
carries one order or report per line:

    to the guest     signal NAME / size ROWS COLUMNS / off
    from the guest   ready / exit STATUS
"""

from __future__ import annotations

import errno
import os
import select
import signal
import termios
import threading
import time
import tty
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from rtslib_ext.errors import LioError, reason
from rtslib_ext.fast_dataclasses import dataclass, field

CHUNK = 65536
TERMINATION_GRACE = 10.0
IMPATIENCE = 3
"""The number of signals, or consecutive escapes, that end a sandbox that does not react."""
ESCAPE = b"\x1d"
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Stopped(Exception):
    """The sandbox was ended by a signal or a timeout; ``status`` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class BootTimeout(Exception):
    """The guest did not report "ready" in time."""


@dataclass(slots=True)
class Output:
    """A stream from the guest; everything before the mark is written to ``target``."""

    source: int
    target: int
    mark: bytes
    ended: bool = False
    broken: bool = False
    _pending: bytes = b""

    def read(self) -> None:
        """Pass on the available data, except what may be the beginning of the mark."""
        data = os.read(self.source, CHUNK)
        self._pending += data
        place = self._pending.find(self.mark)
        self.ended = place >= 0 or not data
        if place < 0:
            place = len(self._pending) - (0 if self.ended else self._overlap())
        self._write(self._pending[:place])
        self._pending = self._pending[place:]

    def _overlap(self) -> int:
        """Return the length of the longest pending suffix that is a prefix of the mark."""
        longest = min(len(self._pending), len(self.mark) - 1)
        lengths = range(longest, 0, -1)
        return next((n for n in lengths if self.mark.startswith(self._pending[-n:])), 0)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self.broken:
            try:
                view = view[os.write(self.target, view) :]
            except BlockingIOError:
                # Another process that shares the descriptor made it non-blocking.
                select.select([], [self.target], [])
            except BrokenPipeError:
                self.broken = True
            except OSError as err:
                raise LioError(f"the output cannot be written: {reason(err)}") from err


@dataclass(slots=True)
class Input:
    """A stream to the guest: a terminal's bytes unchanged, others in pieces with their length."""

    source: int
    target: int
    terminal: bool
    ended: bool = False
    pending: bytes = b""
    escapes: int = 0

    def read(self) -> None:
        """Read the next piece, and count consecutive escapes."""
        try:
            data = os.read(self.source, CHUNK)
        except OSError as err:
            if err.errno != errno.EIO:  # the terminal was closed
                raise
            data = b""
        self.ended = not data
        self.pending = data if self.terminal else b"%d\n%s" % (len(data), data)
        self.escapes = self.escapes + len(data) if not data.strip(ESCAPE) else 0

    def write(self) -> None:
        """Write what the guest accepts without blocking."""
        try:
            self.pending = self.pending[os.write(self.target, self.pending) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # the kernel has ended
            self.pending, self.ended = b"", True


@dataclass(slots=True)
class Control:
    """The control line."""

    source: int
    target: int
    ended: bool = False
    _pending: bytes = b""

    def reports(self) -> list[list[str]]:
        """Read the complete lines, split into words."""
        data = os.read(self.source, CHUNK)
        self.ended = not data
        *lines, self._pending = (self._pending + data).split(b"\n")
        return [line.decode().split() for line in lines]

    def order(self, *words: object) -> None:
        """Send an order; a guest that has ended or does not read is noticed elsewhere."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self.target, " ".join(map(str, words)).encode() + b"\n")


@dataclass(slots=True)
class Relay:
    """The host's side of one run of the sandbox."""

    control: Control
    outputs: list[Output] = field(default_factory=list)
    input: Input | None = None
    screen: int | None = None
    """The terminal that shows the guest's console, if there is one."""
    ready: bool = False
    _resized: bool = False
    _status: int | None = None
    _deadline: float | None = None
    _signals: list[int] = field(default_factory=list)

    def run(self, process: int, caught: int, boot_timeout: float) -> int | None:
        """Relay until the program ends; return its status, or None if the kernel ended first.

        ``process`` is the kernel's pid, ``caught`` the descriptor of caught_signals(),
        ``boot_timeout`` in seconds. Raises Stopped, BootTimeout, LioError.
        """
        self._deadline = time.monotonic() + boot_timeout
        with ExitStack() as stack:
            exited = os.pidfd_open(process)
            stack.callback(os.close, exited)
            while self._status is None or not all(output.ended for output in self.outputs):
                events = self._wait(caught, exited)
                if events == {exited}:
                    return None
                if self._deadline is not None and time.monotonic() >= self._deadline:
                    self._out_of_time()
                self._handle(events, stack)
                if caught in events:
                    self._on_signals(os.read(caught, CHUNK))
        self.control.order("off")
        return self._status

    def _wait(self, *others: int) -> set[int]:
        readers = [output.source for output in self.outputs if not output.ended]
        if not self.control.ended:
            readers.append(self.control.source)
        writers = []
        if self.input and self.input.pending:
            writers.append(self.input.target)
        elif self.input and self.ready and not self.input.ended:
            readers.append(self.input.source)
        return _poll([*readers, *others], writers, self._deadline)

    def _handle(self, events: set[int], stack: ExitStack) -> None:
        for output in self.outputs:
            if output.source in events:
                self._read_output(output)
        if self.input and self.input.target in events:
            self.input.write()
        elif self.input and self.input.source in events:
            self._read_input(self.input)
        if self.control.source in events:
            for report in self.control.reports():
                self._on_report(report, stack)

    def _on_report(self, report: list[str], stack: ExitStack) -> None:
        match report:
            case ["ready"]:
                self.ready, self._deadline = True, None
                if self._resized:
                    self._send_size()
                if self.input and self.input.terminal:
                    # Not earlier: during the boot, Ctrl-C is for this process.
                    stack.enter_context(_raw(self.input.source))
            case ["exit", status]:
                self._status = int(status)

    def _read_output(self, output: Output) -> None:
        broken = output.broken
        output.read()
        if output.broken and not broken:
            self.control.order("signal", "PIPE")

    def _read_input(self, source: Input) -> None:
        source.read()
        if source.terminal and source.escapes >= IMPATIENCE:
            raise Stopped(128 + signal.SIGKILL)

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGWINCH:
                self._send_size()
                continue
            self._signals.append(number)
            if not self.ready or self._signals.count(number) >= IMPATIENCE:
                raise Stopped(128 + number)
            self.control.order("signal", signal.Signals(number).name[3:])
            if number in (signal.SIGTERM, signal.SIGHUP):
                self._deadline = time.monotonic() + TERMINATION_GRACE

    def _send_size(self) -> None:
        self._resized = not self.ready  # the guest does not listen yet
        if self.ready and self.screen is not None:
            self.control.order("size", *window_size(self.screen))

    def _out_of_time(self) -> None:
        if self._signals:
            raise Stopped(128 + self._signals[-1])
        raise BootTimeout


def window_size(terminal: int) -> tuple[int, int]:
    """Return the rows and columns of a terminal."""
    size = os.get_terminal_size(terminal)
    return size.lines, size.columns


def _poll(readers: Iterable[int], writers: Iterable[int], deadline: float | None) -> set[int]:
    """Wait for the descriptors that are ready; an empty set when the deadline has passed."""
    poll = select.poll()
    for descriptor in readers:
        poll.register(descriptor, select.POLLIN)
    for descriptor in writers:
        poll.register(descriptor, select.POLLOUT)
    timeout = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
    return {descriptor for descriptor, _ in poll.poll(timeout)}


@contextmanager
def caught_signals() -> Iterator[int]:
    """Yield a descriptor from which the numbers of received signals can be read."""
    source, target = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    with ExitStack() as stack:
        stack.callback(os.close, source)
        stack.callback(os.close, target)
        if threading.current_thread() is threading.main_thread():
            stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(target))
            for number in (*FORWARDED, signal.SIGWINCH):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
                    stack.callback(signal.signal, number, signal.signal(number, _ignore))
        yield source


def _ignore(number: int, frame: object) -> None:
    """Do nothing: the number has been written to the wakeup descriptor."""


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Put a terminal in raw mode for a block: all keys go to the guest, Ctrl-C included."""
    before = termios.tcgetattr(terminal)
    tty.setraw(terminal, termios.TCSADRAIN)
    try:
        yield
    finally:
        with suppress(termios.error):  # it may be closed
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
