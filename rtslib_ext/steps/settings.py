# SPDX-License-Identifier: Apache-2.0
"""Steps that give objects their values: folders of attributes, credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..config.model import SECRET_NAMES, Auth
from ..errors import InvalidValue
from ..kernel.abi import ALUA_TEXTS, AUTH_FILES, CREDENTIAL_MAX, MOVED_BY, NO_CREDENTIAL
from ..kernel.configfs import ReadFS
from .context import Operation
from .defaults import KernelDefaults
from .operations import EnsureValue, Fail, Write
from .step import Step, set_step

# These must be written before others: formatting, UNMAP and zeroes after it need what they
# rest on, and a larger block_size lowers hw_max_sectors below what optimal_sectors may be (6.1).
_FIRST = (
    "optimal_sectors",
    "pi_prot_type",
    "max_unmap_block_desc_count",
    "emulate_tpu",
    "emulate_tpws",
)
# Writing another value changes these (iscsi_target_tpg.c, iscsit_ta_authentication and
# iscsit_ta_generate_node_acls), so they come last, and what the first new object had says nothing
# of the next one.
_MOVES = ("AuthMethod", "cache_dynamic_acls")


# What new objects have is not known before one was made.
UNKNOWN = KernelDefaults()


def settle(
    path: str,
    folder: str,
    values: Mapping[str, str],
    known: Callable[[str], bool],
    key: str | None,
    defaults: KernelDefaults = UNKNOWN,
) -> Iterator[Step]:
    """Give a new object its values, one step each: one that is refused leaves the others.

    ``key`` names its kind (steps.fresh); what ``defaults`` knows such objects to have is left out.
    """
    values = defaults.left(values, folder, key)
    for name in ordered(values):
        value = values[name]
        kind = None if name in _MOVES else key
        ensure = EnsureValue(folder, name, value, kind, known(name), path)
        yield set_step(path, name, value, None, (ensure,))


def ordered(values: Mapping[str, str]) -> list[str]:
    """The names in an order in which the kernel takes their values."""
    # Taking UNMAP away goes the other way round.
    late = {"max_unmap_block_desc_count"} if values.get("max_unmap_block_desc_count") == "0" else {}
    first = [name for name in _FIRST if name in values and name not in late]
    last = [name for name in _MOVES if name in values]
    return [*first, *sorted(set(values) - {*first, *last}), *last]


def write(fs: ReadFS, path: str, file: str, name: str, value: str, before: str) -> Step:
    """Change one value of an object that is there; undoing brings back what it moves, too."""
    folder = file.rpartition("/")[0]
    moved = {}
    for other in MOVED_BY.get(name, ()):
        had = fs.read_if_there(f"{folder}/{other}")
        if had is not None:
            texts = ALUA_TEXTS.get(other, ())
            moved[other] = str(texts.index(had)) if had in texts else had
    return change(path, file, value, before, moved)


def change(path: str, file: str, value: str, before: str, moved: Mapping[str, str]) -> Step:
    """Change one value; ``moved`` is what files that it moves had, relative to its folder."""
    folder, _, name = file.rpartition("/")
    again = [Write(file, before, value)]
    again += [Write(f"{folder}/{other}", had) for other, had in moved.items()]
    write = Write(file, value, before)
    return set_step(path, name, value, before, (write,), undo=tuple(again))


def credentials(path: str, folder: str, auth: Auth, before: Auth) -> Iterator[Step]:
    """Set CHAP credentials; one that is the same already is not written again."""
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
    """Refuse what the kernel would cut, or take as 'none set'."""
    if value.startswith(NO_CREDENTIAL):
        # iscsi_target_configfs.c compares the first four characters only.
        raise InvalidValue(
            f"{name} must not begin with {NO_CREDENTIAL}: to the kernel it means that none is set",
            path=path,
        )
    if len(value.encode("utf-8", "surrogateescape")) > CREDENTIAL_MAX:
        raise InvalidValue(f"{name} has more than {CREDENTIAL_MAX} bytes", path=path)
    if "\n" in value or "\0" in value:
        raise InvalidValue(f"{name} has a line end in it", path=path)
