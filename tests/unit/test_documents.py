# SPDX-License-Identifier: Apache-2.0
"""The documents: what they name exists, and their lines fit a terminal."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("rtslib_ext", "targetcli")
WORKING = ("ARCHITECTURE.md", "CONTRIBUTING.md")
DOCUMENTS = [
    *(ROOT / name for name in (*WORKING, "README.md", "COMPATIBILITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
# Folders below which a document may leave out the path, as in `steps/step.py`.
BASES = ("", "rtslib_ext", "targetcli", "tests/kernel/sidebyside", "benchmarks")

_CODE = re.compile(r"`([^`]+)`")
_TREE = re.compile(
    r"(?<![\w./-])((?:benchmarks|completions|docs|examples|man|packaging|rtslib_ext|systemd"
    r"|targetcli|tests)/[\w./-]*[\w/])"
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_NAME = re.compile(r"[A-Z]\w{3,}")
# Paths in configfs, and on the host.
ELSEWHERE = ("/", "core/")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


@cache
def sources() -> dict[str, ast.Module]:
    """Return the modules of both packages by dotted name, without the package."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT / package).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[f"{package}.{name}"] = ast.parse(path.read_text())
    return found


@cache
def all_code() -> str:
    """Return the code of everything, and the Makefile."""
    folders = (*PACKAGES, "tests", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    others = [path for path in paths if path != Path(__file__)]
    return "\n".join(path.read_text() for path in (ROOT / "Makefile", *others))


def names_in(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the functions, classes and variables of a module or class."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, ast.Assign):
            yield from ((item.id, node) for item in node.targets if isinstance(item, ast.Name))


def defined(owner: str, names: list[str]) -> bool:
    """Tell whether a module or class of that name has a chain of attributes."""
    for module, tree in sources().items():
        if module.rpartition(".")[2] == owner and has(tree.body, names):
            return True
        for name, node in names_in(tree.body):
            if name == owner and has(getattr(node, "body", []), names):
                return True
    return False


def has(body: list[ast.stmt], names: list[str]) -> bool:
    if not names:
        return True
    return any(
        name == names[0] and has(getattr(node, "body", []), names[1:])
        for name, node in names_in(body)
    )


def is_there(path: str) -> bool:
    return any((ROOT / base / path).exists() for base in BASES)


def unknown(document: str) -> Iterator[str]:
    """Yield what a document names that the project does not have."""
    for path in _TREE.findall(document):
        if not (ROOT / path).exists():
            yield path
    for code in _CODE.findall(document):
        if code.startswith(ELSEWHERE):
            continue
        if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*/?", code) and re.search(r"/|\.(py|md|sh)$", code):
            if not is_there(code):
                yield code
        elif _DOTTED.fullmatch(code) and not code.endswith((".c", ".json", ".log")):
            owner, *names = code.split(".")
            if not defined(owner, names):
                yield code
        elif _NAME.fullmatch(code) and not re.search(rf"\b{code}\b", all_code()):
            yield code


@pytest.mark.parametrize("name", WORKING)
def test_what_a_document_names_exists(name: str) -> None:
    assert sorted(set(unknown(text_of(name)))) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(path: Path) -> None:
    named = _TREE.findall(path.read_text())
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize(
    "text",
    [
        "`steps/nosuch.py`",
        "tests/kernel/nosuch.py",
        "`nosuch/`",
        "`dispatch.nosuch`",
        "`Step.nosuch`",
        "`NoSuch`",
        "`NOSUCH`",
    ],
)
def test_what_does_not_exist_is_found(text: str) -> None:
    assert list(unknown(text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_lines_fit_a_terminal(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []


@pytest.mark.parametrize("name", ["README.md", *WORKING])
def test_targets_of_make_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    code = "\n".join(re.findall(r"`[^`]+`|^ {4}.*$", text_of(name), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code)) - targets == set()


def test_a_worked_refusal_is_one_of_the_table() -> None:
    blocks = re.findall(r"(?:^ {7,}.*\n)+", text_of("CONTRIBUTING.md"), re.MULTILINE)
    found = [textwrap.indent(textwrap.dedent(block), "    ") for block in blocks]
    rows = text_of("rtslib_ext/refusals/targets.py") + text_of("tests/kernel/refusals/rows.py")
    refusals = [block for block in found if block.startswith(("    Refusal(", "    Row("))]
    assert len(refusals) == 2
    assert [block for block in refusals if block not in rows] == []
