# SPDX-License-Identifier: Apache-2.0
"""The layers of both packages: an import goes to a layer further down, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# From the top. Rooms of one tuple do not import each other; modules of one room may.
LIBRARY = (
    ("api",),
    ("restore", "staging"),
    ("transaction",),
    ("plan", "refusals"),
    ("steps",),
    ("checks",),
    ("graph", "owners"),
    ("usage", "statistics"),
    ("foreign",),
    ("reading", "savefile", "recipes"),
    ("kernel", "firewall"),
    ("host", "isns", "initiator"),
    ("fabrics", "schema"),
    ("config", "naming"),
    ("files",),
    ("errors", "fast_dataclasses"),
)
PROGRAM = (
    ("__main__",),
    ("cli",),
    ("shell", "batch", "boot", "argv"),
    ("session",),
    ("completion", "dispatch"),
    ("commands",),
    ("screens",),
    ("changes", "log", "exporter", "isns", "portable", "roles"),
    ("language",),
    ("tree",),
    ("command_table", "settings", "progress"),
    ("env",),
    ("prefs",),
    ("preference", "prefs_bin"),
    ("views",),
    ("report",),
    ("options", "sandbox", "audit", "result"),
    ("sizes", "closest", "secret_words"),
)
LAYERS = {"rtslib_ext": LIBRARY, "targetcli": PROGRAM}

ONLY_IN = {
    "configshell": ("targetcli.shell",),
    "configshell_fb": ("targetcli.shell",),
    "rtslib_fb": ("rtslib_ext.host",),
    "tqdm": ("targetcli.views.bar",),
    "urwid": ("targetcli.views.chooser", "targetcli.screens"),
    "prometheus_client": (),
    "pyparsing": ("rtslib_ext.foreign",),
    "pyudev": ("rtslib_ext.host.arrivals",),
}
"""Libraries, and the modules or packages that may import them."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for package in LAYERS for path in (ROOT / package).rglob("*.py")}


@cache
def imported(module: str) -> frozenset[str]:
    """Return the modules that one imports, wherever in it: in functions and for types too."""
    package = SOURCES[module].name == "__init__.py"
    return frozenset(imports_of(SOURCES[module].read_text(), module, package))


def imports_of(source: str, module: str, package: bool) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, package)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield name if name in SOURCES else base


def _base(node: ast.ImportFrom, module: str, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + package]
    return ".".join([*above, *filter(None, [node.module])])


def room(module: str) -> str:
    """Return the first name below the package; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def against_the_layers(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the imports that go up, or sideways into another room."""
    wrong = []
    for module, names in graph.items():
        package = module.split(".")[0]
        rank = {name: number for number, layer in enumerate(LAYERS[package]) for name in layer}
        here = rank[room(module)] if room(module) else -1
        for name in names:
            if name not in SOURCES or name.split(".")[0] != package or name == package:
                continue
            if room(name) != room(module) and rank[room(name)] <= here:
                wrong.append(f"{module} imports {name}")
    return sorted(wrong)


def circle(graph: Mapping[str, frozenset[str]]) -> str:
    """Return modules that import each other; "" where there are none."""
    edges = {
        module: {name for name in names if name in SOURCES} - {module, *_parents(module)}
        for module, names in graph.items()
    }
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as err:
        return " imports ".join(err.args[1])
    return ""


def _parents(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def graph() -> dict[str, frozenset[str]]:
    return {module: imported(module) for module in SOURCES}


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("package", LAYERS)
def test_every_room_has_a_layer(package: str) -> None:
    rooms = {room(module) for module in SOURCES if within(module, (package,))} - {""}
    layers = [name for layer in LAYERS[package] for name in layer]
    assert sorted(layers) == sorted(rooms)


@pytest.mark.parametrize("package", LAYERS)
def test_the_architecture_lists_the_rooms_in_this_order(package: str) -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    table = page.partition(f", `{package}/`:\n\n")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    listed = [re.findall(r"`(\w+)(?:/|\.py)`", cell) for cell in cells]
    rank = {name: number for number, layer in enumerate(LAYERS[package]) for name in layer}
    order = [rank[name] for row in listed for name in row]
    assert sorted(name for row in listed for name in row) == sorted(rank)
    assert order == sorted(order)


def test_imports_go_down() -> None:
    assert against_the_layers(graph()) == []


def test_no_two_modules_import_each_other() -> None:
    assert circle(graph()) == ""


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rtslib_ext.config.model", "from ..kernel import paths"),
        ("rtslib_ext.plan.diff", "from ..refusals import Refusal"),
        ("rtslib_ext.savefile.disk", "def late():\n    from ..reading import reader"),
        ("targetcli.env", "if TYPE_CHECKING:\n    from .changes.transaction import Transaction"),
        ("targetcli.views.plan", "import targetcli.session"),
    ],
)
def test_one_import_against_the_layers_is_found(module: str, line: str) -> None:
    source = f"{SOURCES[module].read_text()}\n{line}\n"
    changed = {**graph(), module: frozenset(imports_of(source, module, False))}
    assert [text.split()[0] for text in against_the_layers(changed)] == [module]


def test_a_circle_is_found() -> None:
    line = "from . import restore_everything\nfrom . import executor\n"
    source = f"{SOURCES['rtslib_ext.transaction.journal'].read_text()}\n{line}"
    module = "rtslib_ext.transaction.journal"
    changed = {**graph(), module: frozenset(imports_of(source, module, False))}
    assert "rtslib_ext.transaction.executor" in circle(changed)


def test_the_library_does_not_know_the_program() -> None:
    users = [module for module in SOURCES if within(module, ("rtslib_ext",))]
    names = [(user, name) for user in users for name in imported(user)]
    assert [pair for pair in names if within(pair[1], ("targetcli",))] == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_one_place(library: str) -> None:
    users = {
        module for module in SOURCES for name in imported(module) if name.split(".")[0] == library
    }
    assert {module for module in users if not within(module, ONLY_IN[library])} == set()


def test_views_are_functions_of_results() -> None:
    names = {
        name
        for module in SOURCES
        if within(module, ("targetcli.views",))
        for name in imported(module)
        if name in SOURCES and not within(name, ("targetcli.views", "rtslib_ext"))
    }
    assert {name for name in names if not within(name, ("targetcli.audit",))} == {
        "targetcli.report"
    }
