# SPDX-License-Identifier: Apache-2.0
"""Imports go down only: who may import whom, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("rtslib_ext", "targetcli")

# The program, from the top: what is named may be imported by what is above it, and by what is
# named in its own line. Names are first parts below targetcli; the rest is one layer between.
TOP = (("__main__",), ("cli",), ("shell", "batch"), ("session", "tab"), ("complete", "dispatch"))

ONLY_IN = {
    "configshell": ("targetcli.shell",),
    "configshell_fb": ("targetcli.shell",),
    "rtslib_fb": ("rtslib_ext.host",),
    "tqdm": ("targetcli.views.bar",),
    "urwid": ("targetcli.views", "targetcli.shell"),
    "pyparsing": (),
}
"""Libraries, and the modules or packages that may import them."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")
}


@cache
def imported(module: str) -> frozenset[tuple[str, bool]]:
    """The modules that one imports, and whether it does so when it is loaded."""
    tree = ast.parse(SOURCES[module].read_text())
    return frozenset(_imported(module, tree, True))


def _imported(module: str, tree: ast.AST, loading: bool) -> Iterator[tuple[str, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, loading) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((name, loading) for name in _names(module, node))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        else:
            later = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imported(module, node, loading and not later)


def _names(module: str, node: ast.ImportFrom) -> Iterator[str]:
    """What `from BASE import NAME` imports: the module NAME of BASE, or BASE."""
    base = node.module or ""
    if node.level:
        package = SOURCES[module].name == "__init__.py"
        parts = module.split(".")
        above = parts[: len(parts) - node.level + package]
        base = ".".join([*above, *filter(None, [node.module])])
    for alias in node.names:
        name = f"{base}.{alias.name}"
        yield name if name in SOURCES else base


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def everything() -> Iterator[tuple[str, str]]:
    return ((module, name) for module in SOURCES for name, _ in imported(module))


def rank(module: str) -> int:
    """How far down a module of the program is."""
    first = module.split(".")[1] if "." in module else ""
    ranks = {name: number for number, layer in enumerate(TOP) for name in layer}
    return ranks.get(first, len(TOP))


def test_the_sources_are_found() -> None:
    assert {"rtslib_ext.host", "targetcli.cli", "targetcli.views"} <= set(SOURCES)
    assert ("rtslib_ext.errors", True) in imported("rtslib_ext.host")


def test_the_library_does_not_know_the_program() -> None:
    library = [pair for pair in everything() if within(pair[0], ("rtslib_ext",))]
    assert [pair for pair in library if within(pair[1], ("targetcli",))] == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_one_place(library: str) -> None:
    users = {module for module, name in everything() if name.split(".")[0] == library}
    assert {module for module in users if not within(module, ONLY_IN[library])} == set()


def test_the_program_imports_downwards() -> None:
    upwards = [
        (module, name)
        for module, name in everything()
        if module.startswith("targetcli.") and name in SOURCES and name.startswith("targetcli.")
        if rank(name) < len(TOP) and rank(name) < rank(module)
    ]
    assert upwards == []


def test_views_are_functions_of_results() -> None:
    allowed = ("targetcli.views", "rtslib_ext")
    others = [
        (module, name)
        for module, name in everything()
        if within(module, ("targetcli.views",)) and name in SOURCES and not within(name, allowed)
    ]
    assert others == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_modules_load_each_other(package: str) -> None:
    graph = {
        module: {name for name, loading in imported(module) if loading and name in SOURCES}
        - {module, *_parents(module)}
        for module in SOURCES
        if within(module, (package,))
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as err:
        pytest.fail(" imports ".join(err.args[1]))


def _parents(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}
