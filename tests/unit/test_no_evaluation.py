# SPDX-License-Identifier: Apache-2.0
"""Nothing in a file is unpickled, evaluated or run: neither package has the means for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for package in ("rtslib_ext", "targetcli")
    for path in (ROOT / package).rglob("*.py")
}
MODULES = {"pickle", "_pickle", "cPickle", "shelve", "marshal", "dill", "yaml", "code", "runpy"}
# Calls, and the modules that may make them, with text of the program itself.
CALLS = {
    "eval": (),
    "exec": ("rtslib_ext.fast_dataclasses",),
    "compile": (),
    "__import__": (),
    "os.system": (),
    "os.popen": (),
    "subprocess.getoutput": (),
    "subprocess.getstatusoutput": (),
}


def means(source: str, module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS and module not in CALLS[name]:
                yield name
            for word in node.keywords:
                if word.arg == "shell":
                    yield f"{name}(shell=...)"


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_a_module_evaluates_nothing(module: str) -> None:
    assert list(means(SOURCES[module].read_text(), module)) == []


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from yaml import load", "eval(x)", "exec(x)", "subprocess.run(x, shell=1)"],
)
def test_it_would_be_noticed(source: str) -> None:
    assert list(means(source, "targetcli.x"))
