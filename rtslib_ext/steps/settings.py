# SPDX-License-Identifier: Apache-2.0
"""Steps that set attributes and credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial

from ..config.model import SECRET_NAMES, Auth
from ..config.shell_paths import ShellPath
from ..errors import InvalidValue
from ..kernel import paths
from ..kernel.abi import (
    ALUA_TEXTS,
    AUTH_FILES,
    AUTH_METHOD,
    CHANGED_WITH,
    CREDENTIAL_MAX,
    NO_CREDENTIAL,
)
from ..kernel.configfs import ConfigfsPath, ReadFS
from .context import Operation
from .defaults import KernelDefaults
from .operations import EnsureValue, Fail, MakeShared, Write
from .rtpi import SetRtpi
from .step import Step, set_step

# These must be written before others: formatting, UNMAP and zeroes after it depend on them, and
# a larger block_size lowers hw_max_sectors, which limits optimal_sectors (6.1).
_FIRST = (
    "optimal_sectors",
    "pi_prot_type",
    "max_unmap_block_desc_count",
    "emulate_tpu",
    "emulate_tpws",
)
# Writing another attribute changes these (iscsi_target_tpg.c, iscsit_ta_authentication and
# iscsit_ta_generate_node_acls), so they come last, and the first new object's value is no default
# for the next one.
_MOVES = (AUTH_METHOD, "cache_dynamic_acls")
_METHOD = f"../param/{AUTH_METHOD}"

# The defaults are not known before the first object was created.
UNKNOWN = KernelDefaults()


def known(group: str) -> Callable[[str], bool]:
    """Return a function that returns whether any kernel has, or had, an attribute of a name.

    ``group`` is one of schema.GROUPS.
    """
    return partial(_is_known, group)


# Thousands of objects have the same attributes.
@lru_cache(maxsize=1024)
def _is_known(group: str, name: str) -> bool:
    if name in CHANGED_WITH:
        return True
    # Imported here: loading the tables takes longer than creating an object, which sets
    # emulate_model_alias at most.
    from .. import schema

    return schema.known(group, name)


def ensure_values(
    path: ShellPath,
    folder: ConfigfsPath,
    values: Mapping[str, str],
    known: Callable[[str], bool],
    key: str | None,
    defaults: KernelDefaults = UNKNOWN,
) -> Iterator[Step]:
    """Set the attributes of a new object, one step each: a refused one leaves the others.

    ``known`` returns whether any kernel has an attribute of a name. ``key`` is the kind of the
    object (steps.defaults); values that ``defaults`` knows to be the default are left out.
    """
    if not values:
        return
    values = defaults.left(values, folder, key)
    for name in ordered(values):
        value = values[name]
        kind = None if name in _MOVES else key
        ensure = EnsureValue(folder, name, value, kind, known(name), path)
        yield set_step(path, name, value, None, (ensure,))


def ordered(values: Mapping[str, str]) -> list[str]:
    """Return the names in an order in which the kernel accepts their values."""
    # Disabling UNMAP needs the reverse order.
    late = {"max_unmap_block_desc_count"} if values.get("max_unmap_block_desc_count") == "0" else {}
    first = [name for name in _FIRST if name in values and name not in late]
    last = [name for name in _MOVES if name in values]
    return [*first, *sorted(set(values) - {*first, *last}), *last]


def write(fs: ReadFS, path: ShellPath, file: str, name: str, value: str, before: str) -> Step:
    """Change an attribute of an existing object; undo restores the attributes it moves too."""
    folder = paths.parent(file)
    dependent = {}
    for other in CHANGED_WITH.get(name, ()):
        had = fs.read_if_there(f"{folder}/{other}")
        if had is not None:
            texts = ALUA_TEXTS.get(other, ())
            dependent[other] = str(texts.index(had)) if had in texts else had
    return change(path, file, value, before, dependent)


def change(
    path: ShellPath, file: str, value: str, before: str, dependent: Mapping[str, str]
) -> Step:
    """Change an attribute; ``dependent`` has the previous values of those it changes too."""
    folder, name = paths.parent(file), paths.name_of(file)
    method = dependent.get(_METHOD, "")
    undo = [*_offer_chap(file, before, method), Write(file, before, value)]
    undo += [Write(f"{folder}/{other}", had) for other, had in dependent.items()]
    operations = (*_offer_chap(file, value, method), Write(file, value, before))
    return set_step(path, name, value, before, operations, undo=tuple(undo))


def _offer_chap(file: str, value: str, method: str) -> tuple[Operation, ...]:
    """Return what must be written before authentication=1 where a TPG offers None alone.

    The kernel is not safe otherwise (iscsi_target_tpg.c, iscsit_ta_authentication).
    """
    if method != "None" or value != "1" or paths.name_of(file) != "authentication":
        return ()
    return (Write(f"{paths.parent(file)}/{_METHOD}", "CHAP", method),)


def credentials(path: ShellPath, folder: ConfigfsPath, auth: Auth, before: Auth) -> Iterator[Step]:
    """Set the CHAP credentials that differ."""
    for name, value in auth.items():
        held = getattr(before, name) or ""
        if value == held:
            continue
        operation: Operation = Write(
            f"{folder}/{AUTH_FILES[name]}", value or NO_CREDENTIAL, held or NO_CREDENTIAL
        )
        try:
            check_credential(path, name, value)
        except InvalidValue as err:
            operation = Fail(err)
        shown, had = (_masked(name, text) for text in (value, held))
        yield set_step(path, name, shown, had, (operation,))


def _masked(name: str, value: str) -> str:
    return "***" if name in SECRET_NAMES and value else value


def check_credential(path: str, name: str, value: str) -> None:
    """Raise InvalidValue for a value that the kernel would truncate or take as "not set"."""
    if value.startswith(NO_CREDENTIAL):
        # iscsi_target_configfs.c compares the first four characters only.
        raise InvalidValue(
            f'{name} must not begin with {NO_CREDENTIAL}, which the kernel takes as "not set"',
            path=path,
        )
    if len(value.encode("utf-8", "surrogateescape")) > CREDENTIAL_MAX:
        raise InvalidValue(f"{name} is longer than {CREDENTIAL_MAX} bytes", path=path)
    if "\n" in value or "\0" in value:
        raise InvalidValue(f"{name} contains a line break or a NUL", path=path)


def differing(fs: ReadFS, steps: Iterable[Step]) -> list[Step]:
    """Return the steps of one ``set`` without those that set the present value.

    If others remain, a value that they may move stays.
    """
    planned = list(steps)
    if all(_is_present(fs, step) for step in planned):
        return []
    dependent = {
        *_FIRST,
        *(name.rpartition("/")[2] for names in CHANGED_WITH.values() for name in names),
    }
    return [step for step in planned if step.subject in dependent or not _is_present(fs, step)]


def _is_present(fs: ReadFS, step: Step) -> bool:
    """Return True if all values that a step writes are set, and all that it creates exists."""
    return all(
        (isinstance(item, Write) and item.value == item.before)
        or (isinstance(item, SetRtpi) and item.changes_nothing)
        or (isinstance(item, MakeShared) and fs.is_dir(item.directory))
        for item in step.operations
    )
