# SPDX-License-Identifier: Apache-2.0
"""Data classes that cost nothing until they are used: a subset of the standard dataclasses.

Importing dataclasses takes longer than Python's own start, and it adds a third of a millisecond
for each class: together more than everything else that a one-shot command does. Here a class
gets its slots at once, and its ``__init__`` when the first object is created.

The classes stand in for real ones: they can be copied, pickled and inspected, and the standard
``fields``, ``asdict``, ``replace`` and ``is_dataclass`` take them. Type checkers read the stub
beside this module, in which they are real ones.
"""

from __future__ import annotations

from operator import attrgetter

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]

# typing is as slow to import as dataclasses; type checkers read the stub.
Any = object

_FIELDS = "__record_fields__"


class _Missing:
    """A value that was not given; signatures show it where a factory creates the default."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<factory>"


_MISSING: Any = _Missing()


class Field:
    """One field: ``name``, ``type`` as written, ``default``, ``factory``, repr, init.

    At most one of ``default`` and ``factory`` is given.
    """

    __slots__ = ("name", "type", "default", "factory", "repr", "init")

    def __init__(self, default: Any, factory: Any, repr: bool, init: bool) -> None:
        self.name = self.type = ""
        self.default, self.factory = default, factory
        self.repr, self.init = repr, init


def field(
    *,
    default: Any = _MISSING,
    default_factory: Any = _MISSING,
    repr: bool = True,
    init: bool = True,
) -> Any:
    """Return what a class gives as the value of a field that needs more than a default."""
    return Field(default, default_factory, repr, init)


def dataclass(*, frozen: bool = False, slots: bool = True) -> Any:
    """Return a decorator that makes a data class of a class; it always gets slots."""
    return lambda cls: _made(cls, frozen)


def fields(record: Any) -> tuple[Field, ...]:
    """Return the fields of a data class, or of an object of one."""
    return getattr(record, _FIELDS)


def replace(record: Any, /, **changes: Any) -> Any:
    """Return a copy with some fields changed."""
    kept = {item.name: getattr(record, item.name) for item in fields(record) if item.init}
    return type(record)(**{**kept, **changes})


def asdict(record: Any) -> Any:
    """Return the fields by name; also those of objects in fields, lists, tuples and dicts."""
    if hasattr(record, _FIELDS):
        return {item.name: asdict(getattr(record, item.name)) for item in fields(record)}
    if isinstance(record, dict):
        return {key: asdict(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return type(record)(asdict(value) for value in record)
    return record


# -- creating a class -----------------------------------------------------------------------


def _made(cls: type, frozen: bool) -> type:
    """Return the class again, with slots and the methods of a data class."""
    namespace = dict(cls.__dict__)
    own = _own_fields(namespace)
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    known = (*getattr(cls, _FIELDS, ()), *own)
    names = tuple(item.name for item in known)
    namespace |= {
        "__slots__": tuple(item.name for item in own),
        _FIELDS: known,
        "__match_args__": tuple(item.name for item in known if item.init),
        "__init__": (init := _Init()),
        "__repr__": _repr,
        "__eq__": _equal,
        # Mutable objects have no hash.
        "__hash__": _hash if frozen else None,
        "__replace__": replace,
        "__dataclass_fields__": _STANDARD_FIELDS,
        "__dataclass_params__": _STANDARD_PARAMS,
        "_values": staticmethod(attrgetter(*names) if names else _nothing),
    }
    namespace.setdefault("__getstate__", _getstate)
    namespace.setdefault("__setstate__", _setstate)
    if frozen:
        namespace |= {"__setattr__": _refuse, "__delattr__": _refuse}
    made = init.cls = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _own_fields(namespace: dict[str, Any]) -> list[Field]:
    """Return the fields that a class declares; remove their defaults, which slots exclude."""
    items = []
    for name, annotation in namespace.get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        given = namespace.pop(name, _MISSING)
        item = given if isinstance(given, Field) else Field(given, _MISSING, True, True)
        item.name, item.type = name, annotation
        items.append(item)
    return items


class _Init:
    """Stands for ``__init__`` until it is looked up: for the first object, or to inspect it."""

    __slots__ = ("cls",)

    def __get__(self, record: Any, owner: Any = None) -> Any:
        init = self.cls.__init__ = _compiled(self.cls)
        return init if record is None else init.__get__(record)


def _compiled(cls: Any) -> Any:
    """Return an ``__init__`` for the fields of a class, as fast as a hand-written one."""
    known: dict[str, Any] = {"__name__": cls.__module__, "_missing": _MISSING}
    parameters, lines = [], []
    for item in fields(cls):
        name = value = item.name
        if item.factory is not _MISSING:
            known[f"_make_{name}"] = item.factory
            value, default = f"_make_{name}()", "=_missing"
            if item.init:
                value += f" if {name} is _missing else {name}"
        elif item.default is not _MISSING:
            known[f"_default_{name}"] = item.default
            default = f"=_default_{name}"
            if not item.init:
                value = f"_default_{name}"
        elif item.init:
            default = ""
        else:
            continue
        if item.init:
            parameters.append(name + default)
        # The slot's own setter, which works in a frozen object too.
        known[f"_set_{name}"] = getattr(cls, name).__set__
        lines.append(f" _set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    head = f"def __init__(self, {', '.join(parameters)}):"
    exec("\n".join([head, *(lines or [" pass"])]), known)
    init = known["__init__"]
    init.__annotations__ = {item.name: item.type for item in fields(cls) if item.init}
    init.__annotations__["return"] = None
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


# -- methods --------------------------------------------------------------------------------


def _nothing(record: Any) -> tuple[()]:
    """Return the values of an object that has no fields."""
    return ()


def _repr(self: Any) -> str:
    shown = (item.name for item in fields(self) if item.repr)
    texts = (f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return self._values(self) == self._values(other)


def _hash(self: Any) -> int:
    return hash(self._values(self))


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, item.name) for item in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for item, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)


def _refuse(self: Any, name: str, *value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change {name}: {type(self).__name__} is frozen")


# -- what the standard library looks for ----------------------------------------------------


class _Standard:
    """An attribute of real dataclasses; it is created when it is first looked up."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Any, owner: Any) -> Any:
        import dataclasses

        listed = [
            (item.name, item.type, _standard(item, dataclasses.field, dataclasses.MISSING))
            for item in fields(owner)
        ]
        frozen = owner.__setattr__ is _refuse
        twin = dataclasses.make_dataclass(owner.__name__, listed, frozen=frozen)
        owner.__dataclass_params__ = twin.__dataclass_params__
        owner.__dataclass_fields__ = twin.__dataclass_fields__
        return getattr(twin, self.name)


_STANDARD_FIELDS = _Standard("__dataclass_fields__")
_STANDARD_PARAMS = _Standard("__dataclass_params__")


def _standard(item: Field, make: Any, missing: Any) -> Any:
    default, factory = (
        missing if value is _MISSING else value for value in (item.default, item.factory)
    )
    return make(default=default, default_factory=factory, repr=item.repr, init=item.init)
