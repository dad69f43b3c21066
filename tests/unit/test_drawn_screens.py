# SPDX-License-Identifier: Apache-2.0
"""The drawings of screens in README.md are made from the texts that the tests compare."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.spec_from_file_location("docs_screens", DOCS / "screens.py")
    assert found and found.loader
    screens = importlib.util.module_from_spec(found)
    found.loader.exec_module(screens)
    monkeypatch.setattr(sys, "argv", ["screens.py", "--check"])
    assert screens.main() == 0, "run docs/screens.py"
    readme = (DOCS.parent / "README.md").read_text()
    for name in screens.DRAWN:
        assert ElementTree.fromstring((DOCS / name).read_text()).tag.endswith("svg")
        assert f"(docs/{name})" in readme
