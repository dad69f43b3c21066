# SPDX-License-Identifier: Apache-2.0
"""Records do what the standard library's dataclasses do, as far as they are used here."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any, ClassVar

import pytest

from rtslib_ext import fast_dataclasses


def _classes(library: Any) -> tuple[Any, Any, Any]:
    """The same three classes, made by one of the two."""

    @library.dataclass(frozen=True, slots=True)
    class Point:
        """Has a default, a factory, and something that is no field."""

        x: int
        y: int = 2
        tags: list[str] = library.field(default_factory=list)
        secret: str | None = library.field(default=None, repr=False)
        unit: ClassVar[str] = "mm"

        @property
        def total(self) -> int:
            return self.x + self.y

    @library.dataclass(slots=True)
    class Counter:
        """Changes, and makes up a field of its own."""

        start: int
        count: int = library.field(init=False)

        def __post_init__(self) -> None:
            self.count = self.start

    @library.dataclass(frozen=True, slots=True)
    class Nothing:
        """Has no fields."""

    return Point, Counter, Nothing


@pytest.fixture(params=[fast_dataclasses, dataclasses], ids=["fast_dataclasses", "dataclasses"])
def library(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_values_defaults_and_factories(library: Any) -> None:
    point = _classes(library)[0]
    one, two = point(1), point(1, tags=["a"], secret="s")
    assert (one.x, one.y, one.tags, one.secret, one.unit, one.total) == (1, 2, [], None, "mm", 3)
    assert two.tags == ["a"] and point(1).tags is not point(1).tags
    assert point(1, 2) == point(x=1, y=2) and one != two
    for wrong in ((), (1, 2, [], "s", 5)):
        with pytest.raises(TypeError):
            point(*wrong)
    with pytest.raises(TypeError):
        point(1, nosuch=1)


def test_what_it_looks_like(library: Any) -> None:
    point, counter, nothing = _classes(library)
    assert repr(point(1, secret="s")).endswith("Point(x=1, y=2, tags=[])")
    assert repr(counter(3)).endswith("Counter(start=3, count=3)")
    assert repr(nothing()).endswith("Nothing()")
    assert point.__match_args__ == ("x", "y", "tags", "secret")
    assert point.__doc__ == "Has a default, a factory, and something that is no field."


def test_frozen_and_slotted(library: Any) -> None:
    point, counter, nothing = _classes(library)
    one = point(1)
    with pytest.raises(AttributeError):
        one.x = 5
    with pytest.raises(AttributeError):
        del one.x
    # Python 3.10 and 3.11 have dataclasses raise TypeError for a name that is no field.
    with pytest.raises((AttributeError, TypeError)):
        one.z = 5
    assert not hasattr(one, "__dict__")
    counted = counter(3)
    counted.count += 1
    assert counted == counted and counted != counter(3)
    with pytest.raises(TypeError):
        hash(counted)
    assert hash(point(1, tags=())) == hash(point(1, tags=()))
    assert nothing() == nothing() and {nothing()} == {nothing()}


def test_made_anew_taken_apart(library: Any) -> None:
    point, counter, _ = _classes(library)
    moved = library.replace(point(1, tags=["a"]), x=7)
    assert (moved.x, moved.tags) == (7, ["a"])
    assert library.replace(counter(3), start=4).count == 4
    assert [item.name for item in library.fields(moved)] == ["x", "y", "tags", "secret"]
    whole = point(point(1), tags=[point(2)])
    flat = {"x": 1, "y": 2, "tags": [], "secret": None}
    assert library.asdict(whole) == {**flat, "x": flat, "tags": [{**flat, "x": 2}]}


def test_the_first_commands_import_little() -> None:
    """What only looks needs no steps, no tables of settings, no dataclasses."""
    heavy = ["dataclasses", "inspect", "typing", "rtslib_ext.steps", "rtslib_ext.schema"]
    tab = ["--complete", "zsh", "/backstores/fileio", "create", "name", "/"]
    commands = ((["--version"], set()), (["ls", "/iscsi", "1"], {"typing"}), (tab, {"typing"}))
    for words, allowed in commands:
        code = (
            "import sys; sys.path[:0] = sys.argv[1:]; from targetcli.cli import main; "
            f"main({words!r}); print('\\n', *(name for name in {heavy!r} if name in sys.modules))"
        )
        command = [sys.executable, "-I", "-S", "-c", code, *sys.path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert set(done.stdout.splitlines()[-1].split()) <= allowed, words
