# SPDX-License-Identifier: Apache-2.0
"""Records do what the standard library's dataclasses do, as far as they are used here."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from typing import Any, ClassVar, get_type_hints

import pytest

from rtslib_ext import fast_dataclasses
from rtslib_ext.config import backing
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.steps import targets


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
        """Changes, and sets a field itself."""

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


def test_signature(library: Any) -> None:
    point, counter, nothing = _classes(library)
    texts = [str(inspect.signature(cls)) for cls in (point, counter, nothing)]
    assert texts == [
        "(x: 'int', y: 'int' = 2, tags: 'list[str]' = <factory>, "
        "secret: 'str | None' = None) -> None",
        "(start: 'int') -> None",
        "() -> None",
    ]
    point(1)
    assert str(inspect.signature(point)) == texts[0]
    assert list(inspect.signature(point.__init__).parameters)[:2] == ["self", "x"]
    assert counter.__match_args__ == ("start",)


def test_the_standard_library_takes_them(library: Any) -> None:
    point, counter, nothing = _classes(library)
    one = point(1, tags=["a"], secret="s")
    assert all(map(dataclasses.is_dataclass, (point, one, counter, nothing)))
    assert dataclasses.asdict(one) == {"x": 1, "y": 2, "tags": ["a"], "secret": "s"}
    assert dataclasses.astuple(one) == (1, 2, ["a"], "s")
    assert dataclasses.replace(one, y=5) == point(1, 5, ["a"], "s")
    found = dataclasses.fields(point)
    assert [(item.name, item.type) for item in found][1:3] == [("y", "int"), ("tags", "list[str]")]
    assert [item.repr for item in found] == [True, True, True, False]
    assert (found[1].default, found[2].default_factory) == (2, list)
    assert found[0].default is found[0].default_factory is dataclasses.MISSING
    assert [item.init for item in dataclasses.fields(counter)] == [True, False]
    assert dataclasses.fields(nothing) == ()
    assert (point.__dataclass_params__.frozen, counter.__dataclass_params__.frozen) == (True, False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.x = 5


def test_a_record_that_adds_fields(library: Any) -> None:
    point = _classes(library)[0]

    @library.dataclass(frozen=True, slots=True)
    class Named(point):  # type: ignore[misc, valid-type]
        """Has the fields of a point, too."""

        name: str = ""

    one = Named(1, name="a")
    assert (one.x, one.tags, one.name, one.total) == (1, [], "a", 3)
    assert one == Named(1, 2, [], None, "a") and one != point(1)
    assert [item.name for item in library.fields(one)] == ["x", "y", "tags", "secret", "name"]
    assert not hasattr(one, "__dict__")

    @dataclasses.dataclass(frozen=True)
    class Standard(point):  # type: ignore[misc, valid-type]
        """Is one of the standard library's, on top of any."""

        name: str = ""

    assert dataclasses.asdict(Standard(1, name="a"))["name"] == "a"


def test_copied(library: Any) -> None:
    point, counter, nothing = _classes(library)
    one = point(1, tags=["a"])
    assert copy.copy(one) == one and copy.copy(one).tags is one.tags
    assert copy.deepcopy(one) == one and copy.deepcopy(one).tags is not one.tags
    for other in (counter(3), nothing()):
        assert copy.copy(other) == copy.deepcopy(other) == other


TPG = Tpg(
    1,
    True,
    {"authentication": "0"},
    auth=Auth("user", "secret"),
    luns={0: Lun(0, ("fileio", "disk"))},
    portals={"192.0.2.1:3260": Portal("192.0.2.1", 3260)},
    acls={"iqn.2003-01.org.example:b": NodeAcl("iqn.2003-01.org.example:b", {0: MappedLun(0, 0)})},
)
DISK = StorageObject(
    "disk", backing.FileIO("/srv/disk", 1 << 20), alua_groups={"a": AluaGroup("a", 1)}
)
TARGET = Target("iscsi", "iqn.2003-01.org.example:a", {1: TPG})
CONFIG = Config({DISK.key: DISK}, {TARGET.key: TARGET}, {"iscsi": FabricSettings("iscsi")})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled(protocol: int) -> None:
    for value in (CONFIG, tuple(targets.create_target(TARGET))):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value and type(again) is type(value)
        assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(CONFIG, protocol)).targets[TARGET.key].tpgs[1].luns == TPG.luns


def test_types_can_be_looked_up() -> None:
    hints = get_type_hints(Config)
    assert list(hints) == ["storage_objects", "targets", "fabrics", "lu_groups"]
    assert "Lun" in str(get_type_hints(Tpg)["luns"])
    assert Tpg.__init__.__module__ == "rtslib_ext.config.model"


def test_the_model_needs_no_dataclasses() -> None:
    code = (
        "import sys; before = set(sys.modules); sys.path[:0] = sys.argv[1:]; "
        "import rtslib_ext.config.model; "
        "print({'dataclasses', 'inspect', 'copy'} & (set(sys.modules) - before))"
    )
    command = [sys.executable, "-I", "-S", "-c", code, *sys.path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_first_commands_import_little() -> None:
    """What only looks needs no steps, no tables of settings, no dataclasses, no other commands."""
    heavy = ["dataclasses", "inspect", "typing", "rtslib_ext.steps", "rtslib_ext.schema"]
    heavy += ["targetcli.command_table.rows.monitoring", "targetcli.command_table.rows.config"]
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
