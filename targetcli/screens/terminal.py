# SPDX-License-Identifier: Apache-2.0
"""The terminal of a full screen: colours, keys, and its state before, which is restored."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

import urwid

from rtslib_ext.errors import Unsupported

from ..env import Env

# No cursor addressing, so no full screen.
_DUMB = frozenset(("", "dumb", "unknown"))
_NO_COLORS = ("vt1", "vt2", "vt3")
# The fonts of the console lack most of the blocks of Unicode.
_NO_BLOCKS = ("linux", *_NO_COLORS)
_BLOCK = "\u2588"
# SIGQUIT is that of Ctrl-\ at the terminal.
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

# Name, foreground, background, and what stands for them without colours.
PALETTE = [
    ("title", "white,bold", "dark blue", "standout"),
    ("keys", "black", "light gray", "standout"),
    ("head", "bold", "", "bold"),
    ("focus", "black", "yellow", "standout"),
    ("chosen", "yellow", "", "underline"),
    ("good", "dark green", "", ""),
    ("bad", "light red", "", "bold"),
    ("note", "yellow", "", "bold"),
    ("dim", "dark cyan", "", ""),
]


class Ended(BaseException):
    """A signal asks the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def require(env: Env, command: str, instead: str) -> None:
    """Raise Unsupported without a terminal that can show a full screen."""
    if env.options.json:
        raise Unsupported(f"{command} is for a terminal, and has no JSON", hint=instead)
    if not (env.stdin.isatty() and env.on_terminal):
        raise Unsupported(f"{command} needs a terminal", hint=instead)
    if os.environ.get("TERM", "") in _DUMB:
        raise Unsupported(f"{command} needs a terminal that can move its cursor", hint=instead)


def has_blocks() -> bool:
    """Return True if the terminal is likely to have the blocks of Unicode for small graphs."""
    encoded, _ = urwid.apply_target_encoding(_BLOCK)
    return encoded == _BLOCK.encode() and not os.environ.get("TERM", "").startswith(_NO_BLOCKS)


def colors(env: Env) -> int:
    """Return the number of colours to use: 16, or 1 for none."""
    plain = os.environ.get("TERM", "").startswith(_NO_COLORS)
    return 16 if env.uses_colors and not plain else 1


def run(
    env: Env,
    widget: urwid.Widget,
    unhandled: Callable[[str], object],
    started: Callable[[urwid.MainLoop], object],
    closing: Callable[[], object] = lambda: None,
) -> None:
    """Show a widget until it raises ``urwid.ExitMainLoop``; then call ``closing``.

    The terminal is restored after any error, and before SIGTERM, SIGHUP or SIGQUIT ends the
    process.
    """

    def key(typed: object) -> bool:
        unhandled(str(typed))
        return True

    loop = urwid.MainLoop(widget, PALETTE, handle_mouse=False, unhandled_input=key)
    cast(Any, loop.screen).set_terminal_properties(colors=colors(env))
    started(loop)
    try:
        try:
            with _ending():
                loop.run()
        finally:
            closing()
    except RuntimeError:
        # urwid read the end of a terminal that is gone; its signal may come later.
        if env.stdin.isatty():
            raise
        _die(signal.SIGHUP)
    except Ended as err:
        _die(err.number)


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


@contextmanager
def _ending() -> Iterator[None]:
    """Raise Ended for a signal that ends the process, unless it is ignored."""

    def end(number: int, _: FrameType | None) -> None:
        # Only once: the terminal is being restored then.
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise Ended(number)

    before = {
        number: handler
        for number in _ENDING
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
