#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draw the screens of top and browse for README.md, from the texts that tests compare.

screens.py [--check]: --check changes nothing, and exits with status 1 if a drawing differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
SCREENS = DOCS.parent / "tests" / "screens"
# The drawing, its text, and the most lines of it before the message and the keys.
DRAWN = {"top.svg": ("top-132x40-server", 19), "browse.svg": ("browse-132x40-acl", 19)}
_WIDTH, _HEIGHT = 7.83, 17
_COLUMNS = 132
_STYLE = (
    "text{font:13px 'DejaVu Sans Mono',monospace;fill:#d8d8d8;white-space:pre}"
    ".title{fill:#fff;font-weight:bold}.keys,.focus{fill:#111}.head{fill:#fff;font-weight:bold}"
)
_BACKGROUND = {"title": "#1f3f7f", "keys": "#c0c0c0", "focus": "#e0c040"}


def svg(name: str) -> str:
    """Return one drawing."""
    text, most = DRAWN[name]
    lines = (SCREENS / f"{text}.txt").read_text().splitlines()
    kept = [*lines[:most], *lines[-2:]]
    width, height = _COLUMNS * _WIDTH + 8, len(kept) * _HEIGHT + 8
    about = f"The screen of targetcli {name.removesuffix('.svg')}"
    body = "\n".join(part for at, line in enumerate(kept) for part in _row(at, line, len(kept)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{about}" '
        f'viewBox="0 0 {width:.0f} {height}">\n<title>{about}</title>\n<style>{_STYLE}</style>\n'
        f'<rect width="100%" height="100%" rx="4" fill="#111"/>\n{body}\n</svg>\n'
    )


def _row(at: int, line: str, count: int) -> Iterator[str]:
    """Yield the background of a line, if it has one, and the line."""
    style = _style(at, line, count)
    top = at * _HEIGHT + 4
    if style in _BACKGROUND:
        wide = (line.index("|") if "|" in line else _COLUMNS) * _WIDTH if style == "focus" else 0
        yield (
            f'<rect x="4" y="{top}" width="{wide or _COLUMNS * _WIDTH:.0f}" height="{_HEIGHT}" '
            f'fill="{_BACKGROUND[style]}"/>'
        )
    name = f' class="{style}"' if style else ""
    if style == "focus" and "|" in line:
        left, _, right = line.partition("|")
        rest = f'<tspan fill="#d8d8d8">|{escape(right)}</tspan>'
        yield f'<text x="4" y="{top + 13}"{name}>{escape(left)}{rest}</text>'
    elif line:
        yield f'<text x="4" y="{top + 13}"{name}>{escape(line)}</text>'


def _style(at: int, line: str, count: int) -> str:
    if at == 0:
        return "title"
    if at == count - 1:
        return "keys"
    if line.startswith(">"):
        return "focus"
    return "head" if line.startswith(" NAME") else ""


def main() -> int:
    """Write the drawings, or check them."""
    status = 0
    for name in DRAWN:
        file, drawn = DOCS / name, svg(name)
        if file.exists() and file.read_text() == drawn:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{name} differs: run docs/screens.py")
            status = 1
        else:
            file.write_text(drawn)
            print(f"{name} written")
    return status


if __name__ == "__main__":
    sys.exit(main())
