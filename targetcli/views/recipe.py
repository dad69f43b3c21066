# SPDX-License-Identifier: Apache-2.0
"""A recipe as lines to copy, comments with #, and as plain values."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.recipes.recipe import HostStep, Recipe, Remark

from . import checks


def lines(recipe: Recipe, *, in_shell: bool) -> Iterator[str]:
    """Yield the remarks, the steps, and the sources of the facts.

    ``in_shell``: the commands of this program are for its prompt.
    """
    name = f", as {recipe.initiator}" if recipe.initiator else ""
    yield f"# {recipe.title}: {recipe.target}{name}"
    for remark in recipe.remarks:
        yield from (f"# {line}" for line in remark_lines(remark, in_shell=in_shell))
    for step in recipe.steps:
        yield ""
        yield f"# {step.text}"
        yield from _of_step(step)
    yield ""
    yield f"# From: {'; '.join(recipe.sources)}"


def remark_lines(remark: Remark, *, in_shell: bool) -> Iterator[str]:
    """Yield a remark, and the commands that fix it."""
    yield f"{remark.severity}: {remark.path}: {remark.text}"
    yield from (f"    {command}" for command in _commands(remark, in_shell=in_shell))


def _commands(remark: Remark, *, in_shell: bool) -> list[str]:
    return [checks.command(words, in_shell=in_shell) for words in remark.commands]


def _of_step(step: HostStep) -> Iterator[str]:
    yield from step.commands
    if step.file:
        yield f"cat {'>' if step.whole else '>>'}{step.file} <<'END'"
    yield from step.lines
    if step.file:
        yield "END"


def data(recipe: Recipe) -> dict[str, object]:
    """Return a recipe as plain values."""
    return {
        "system": recipe.system,
        "title": recipe.title,
        "target": recipe.target,
        "initiator": recipe.initiator,
        "remarks": [remark_data(remark) for remark in recipe.remarks],
        "steps": [
            {
                "text": step.text,
                "commands": [line for line in step.commands if not line.startswith("#")],
                "file": step.file or None,
                "whole": step.whole,
                "lines": list(step.lines),
            }
            for step in recipe.steps
        ],
        "sources": list(recipe.sources),
    }


def remark_data(remark: Remark) -> dict[str, object]:
    """Return a remark as plain values."""
    return {
        "severity": remark.severity,
        "path": remark.path,
        "text": remark.text,
        "commands": _commands(remark, in_shell=False),
    }
