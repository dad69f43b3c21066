# SPDX-License-Identifier: Apache-2.0
"""The part of the standard library's dataclasses that is used here, without its start-up cost.

Importing dataclasses takes longer than Python's own start, and each class that it creates costs a
third of a millisecond: together more than the rest of a one-shot command. Here a class gets its
slots at once and its ``__init__`` when the first object is created. Type checkers see the standard
library's dataclasses.
"""

from __future__ import annotations

from operator import attrgetter

# typing is as slow to import as dataclasses; type checkers treat this name as true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]

_REQUIRED: Any = object()
_FIELDS = "__record_fields__"


class _Field:
    """One field; at most one of ``default`` and ``factory`` is given."""

    __slots__ = ("name", "default", "factory", "repr", "init")

    def __init__(self, default: Any, factory: Any, repr: bool, init: bool) -> None:
        self.name = ""
        self.default, self.factory = default, factory
        self.repr, self.init = repr, init


def _field(
    *,
    default: Any = _REQUIRED,
    default_factory: Any = _REQUIRED,
    repr: bool = True,
    init: bool = True,
) -> Any:
    return _Field(default, default_factory, repr, init)


def _dataclass(*, frozen: bool = False, slots: bool = True) -> Any:
    def make(cls: type) -> type:
        return _made(cls, frozen)

    return make


def _made(cls: type, frozen: bool) -> type:
    """Return a copy of the class with slots and the methods of a data class."""
    namespace = dict(cls.__dict__)
    items = []
    for name, annotation in namespace.get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        given = namespace.pop(name, _REQUIRED)
        item = given if isinstance(given, _Field) else _Field(given, _REQUIRED, True, True)
        item.name = name
        items.append(item)
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    names = tuple(item.name for item in items)
    namespace |= {
        "__slots__": names,
        _FIELDS: tuple(items),
        "__match_args__": names,
        "__init__": _init,
        "__repr__": _repr,
        "__eq__": _equal,
        # Mutable objects have no hash.
        "__hash__": _hash if frozen else None,
        "_values": staticmethod(attrgetter(*names) if names else _nothing),
    }
    if frozen:
        namespace |= {"__setattr__": _refuse, "__delattr__": _refuse}
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _nothing(record: Any) -> tuple[()]:
    """Return the values of a class without fields."""
    return ()


def _init(self: Any, *args: Any, **values: Any) -> None:
    """Stand in for ``__init__`` until the first object of a class is created."""
    cls = type(self)
    init = cls.__init__ = _compiled(cls)
    init(self, *args, **values)


def _compiled(cls: Any) -> Any:
    """Return an ``__init__`` for the fields of a class, as fast as a hand-written one."""
    known: dict[str, Any] = {"_REQUIRED": _REQUIRED}
    parameters, lines = [], []
    for item in getattr(cls, _FIELDS):
        name = item.name
        # The slot's own setter, which works in a frozen object too.
        known[f"_set_{name}"] = getattr(cls, name).__set__
        known[f"_default_{name}"] = item.default
        known[f"_make_{name}"] = item.factory
        value = name
        if not item.init:
            if item.default is _REQUIRED:
                continue
            value = f"_default_{name}"
        elif item.factory is not _REQUIRED:
            parameters.append(f"{name}=_REQUIRED")
            value = f"_make_{name}() if {name} is _REQUIRED else {name}"
        elif item.default is not _REQUIRED:
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(f"    _set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    head = f"def __init__(self, {', '.join(parameters)}):"
    exec("\n".join([head, *(lines or ["    pass"])]), known)
    return known["__init__"]


def _repr(self: Any) -> str:
    shown = (item.name for item in getattr(self, _FIELDS) if item.repr)
    texts = (f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self._values(self) == self._values(other)


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _refuse(self: Any, name: str, *value: object) -> None:
    raise AttributeError(f"cannot change {name}: {type(self).__name__} is frozen")


def _fields(record: Any) -> tuple[_Field, ...]:
    result: tuple[_Field, ...] = getattr(record, _FIELDS)
    return result


def _replace(record: Any, /, **changes: Any) -> Any:
    kept = {item.name: getattr(record, item.name) for item in _fields(record) if item.init}
    return type(record)(**{**kept, **changes})


def _asdict(record: Any) -> Any:
    if hasattr(record, _FIELDS):
        return {item.name: _asdict(getattr(record, item.name)) for item in _fields(record)}
    if isinstance(record, dict):
        return {key: _asdict(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return type(record)(_asdict(value) for value in record)
    return record


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:
    asdict, dataclass, field, fields, replace = _asdict, _dataclass, _field, _fields, _replace
