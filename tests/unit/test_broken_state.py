# SPDX-License-Identifier: Apache-2.0
"""Journal, pending commit and history with any content: read whole, or reported in one line."""

from __future__ import annotations

import copy
import errno
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext.errors import LioError
from rtslib_ext.files import bounded, trusted
from rtslib_ext.savefile import unrestored
from rtslib_ext.steps import Step, codec, field_types
from rtslib_ext.steps.operations import MakeShared, Mkdir, Write
from rtslib_ext.steps.step import Action
from rtslib_ext.transaction import confirmed_commit, journal
from rtslib_ext.transaction.beside import Replaced
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Journal
from targetcli.audit import history

ABOUT = {"command": "set", "path": "/iscsi", "since": 1.7e9, "user": "root", "process": 1}
STEPS = [
    Step(
        Action.CREATE,
        "/backstores/ramdisk/r",
        "create",
        "storage object",
        (
            MakeShared("core/rd_mcp_1", "target_core_mod"),
            Mkdir("core/rd_mcp_1/r"),
            Write("core/rd_mcp_1/r/enable", "1", None),
        ),
        needs=("/backstores",),
    )
]
# Values that take the place of each value of a document in turn.
ODD: tuple[Any, ...] = (
    *(None, True, -1, 10**400, 1.5, float("nan"), float("inf"), 1e300),
    *("", "\0", "../x", "\ud800", [], ["x"], {}, {"a": 1}),
)


def changed(value: Any) -> Iterator[Any]:
    """Yield copies of a document: each with one value replaced, or one key left out."""
    for path in places(value):
        for odd in ODD:
            whole, holder = at(value, path)
            holder[path[-1]] = odd
            yield whole
        whole, holder = at(value, path)
        del holder[path[-1]]
        yield whole


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*above, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*above, key))


def at(value: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    whole = copy.deepcopy(value)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    return whole, holder


def is_refused(read: Callable[[], object]) -> bool:
    """Return True for a LioError in one line, False for a value; any other error is a failure."""
    try:
        str(read())
    except LioError as err:
        assert "\n" not in str(err) and err.hint
        return True
    return False


# Contents that are no document at all.
NONSENSE = [
    b"",
    b"\n",
    b"\n\n\n",
    b"null\nnull\n",
    b"{}\n[]\n",
    b"[]",
    b"\xff\xfe\n\0\n",
    b"[" * 100_000,
    b"{}\n" + b"[" * 100_000 + b"\n",
    b'{"a":' * 100_000,
    b'{"since": ' + b"9" * 5000 + b"}\n[]\n",
]


@pytest.mark.parametrize("data", NONSENSE)
def test_any_bytes_as_journal_and_as_pending_commit(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    is_refused(lambda: journal.find(str(file)))
    assert is_refused(lambda: confirmed_commit.last(str(file)))


def test_each_value_of_a_journal(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    Journal(str(file), dict(ABOUT)).open(STEPS, 2)
    head, body, marks = file.read_bytes().split(b"\n", 2)
    assert not is_refused(lambda: journal.find(str(file)))
    for document in changed([json.loads(head), json.loads(body)]):
        lines = [json.dumps(item).encode() for item in document] + [marks]
        file.write_bytes(b"\n".join(lines))
        is_refused(lambda: journal.find(str(file)))


@pytest.mark.parametrize("marks", [b"<99999\n", b"<0\n<1\n", b"." * 99, b"<\n<-1\n", b"\xff<1\n"])
def test_marks_of_another_journal(tmp_path: Path, marks: bytes) -> None:
    file = tmp_path / "journal"
    Journal(str(file), dict(ABOUT)).open(STEPS, marks=marks)
    found = journal.find(str(file))
    assert found and found.position()[0] <= len(STEPS)
    assert found.undone is None or found.undone <= len(STEPS)


def test_each_value_of_a_pending_commit(tmp_path: Path) -> None:
    file = tmp_path / "waiting"
    replaced = Replaced(
        {"/backstores/ramdisk/r1": ("", "csi")}, {"192.0.2.1:3260": ((), ("192.0.2.0/24",))}
    )
    confirmed_commit.write(str(file), PendingCommit.of(STEPS, dict(ABOUT), 60, replaced))
    assert not is_refused(lambda: confirmed_commit.last(str(file)))
    for wrong in ({"/x": ["a"]}, {"/x": [1, 2]}, {"/x": None}, [], 7):
        is_wrong = json.loads(file.read_bytes())
        is_wrong["replaced"]["owners"] = is_wrong["replaced"]["networks"] = wrong
        (tmp_path / "wrong").write_text(json.dumps(is_wrong))
        assert is_refused(lambda: confirmed_commit.last(str(tmp_path / "wrong"))) or not wrong
    for document in changed(json.loads(file.read_bytes())):
        file.write_text(json.dumps(document))
        is_refused(lambda: confirmed_commit.last(str(file)))


def test_a_time_that_is_none_makes_no_endless_commit(tmp_path: Path) -> None:
    file = tmp_path / "waiting"
    confirmed_commit.write(str(file), PendingCommit.of(STEPS, dict(ABOUT), 60))
    document = json.loads(file.read_bytes())
    for odd in (float("nan"), float("inf"), 1e300, -1, "60", None):
        file.write_text(json.dumps({**document, "deadline": odd}))
        assert is_refused(lambda: confirmed_commit.find(str(file)))


def record(folder: Path) -> Path:
    number = history.keep(str(folder), "create", STEPS, STEPS)
    return folder / f"{number:08}.json.gz"


def test_each_value_of_a_record(tmp_path: Path) -> None:
    from targetcli.views import history as view

    file = record(tmp_path)
    document = json.loads(gzip.decompress(file.read_bytes()))
    good = history.find(str(tmp_path), 1)
    for odd in changed(document):
        file.write_bytes(gzip.compress(json.dumps(odd).encode(), 1))
        if is_refused(lambda: history.find(str(tmp_path), 1)):
            continue
        found = history.find(str(tmp_path), 1)
        list(view.lines(found))
        json.dumps(view.facts(found, detailed=True))
        view.table([found, good], 80)


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b", *map(gzip.compress, NONSENSE)])
def test_any_bytes_as_record(tmp_path: Path, data: bytes) -> None:
    file = record(tmp_path)
    file.write_bytes(data)
    assert is_refused(lambda: history.find(str(tmp_path), 1))
    assert history.read(str(tmp_path)) == []


def test_a_record_that_unpacks_to_more_than_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(tmp_path)
    file.write_bytes(gzip.compress(b" " * 100_000 + gzip.decompress(file.read_bytes())))
    assert history.read(str(tmp_path))
    monkeypatch.setattr(history, "_MOST_UNPACKED", 99_999)
    assert history.read(str(tmp_path)) == []


def test_every_field_of_an_operation_is_checked() -> None:
    for kind in (Step, *codec._TYPES.values()):
        names = [str(item.type) for item in field_types.fields(kind)]
        assert [name for name in names if name not in field_types._FITS] == []


# The limits


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100)
    assert trusted.read(str(file), 100) == b"x" * 100
    with pytest.raises(OSError, match="it has more than 99 bytes"):
        trusted.read(str(file), 99)
    packed = gzip.compress(b"x" * 100) * 2
    assert bounded.unpack(packed, 200, "file") == b"x" * 200
    with pytest.raises(OSError, match="it has more than 199 bytes"):
        bounded.unpack(packed, 199, "file")


def test_what_would_block_or_never_end_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (str(tmp_path / "fifo"), "/dev/zero", "/dev/tty"):
        with pytest.raises(trusted.Untrusted, match="is not a regular file"):
            trusted.read(path, 100)


@pytest.mark.parametrize("read", [journal.find, confirmed_commit.last])
def test_state_that_is_no_regular_file(tmp_path: Path, read: Callable[[str], object]) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (str(tmp_path / "fifo"), "/dev/zero", str(tmp_path)):
        assert is_refused(lambda path=path: read(path))  # type: ignore[misc]


@pytest.mark.parametrize("read", [journal.find, confirmed_commit.last, unrestored.load])
def test_state_that_cannot_be_read_now_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object]
) -> None:
    (tmp_path / "state").write_text("{}")

    def no_descriptor(path: str, limit: int) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    monkeypatch.setattr(trusted, "read", no_descriptor)
    with pytest.raises(LioError, match="state cannot be read: too many open files") as caught:
        read(f"{tmp_path}/state")
    assert not isinstance(caught.value, unrestored.DamagedRecord)
    assert "remove it" not in caught.value.hint


def test_changes_are_recorded_beside_what_is_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory and a broken link with the names of records, which can neither be deleted."""
    (tmp_path / "00000001.json.gz").mkdir()
    (tmp_path / "00000002.json.gz").symlink_to("none")
    monkeypatch.setattr(history, "MOST_RECORDS", 2)
    numbers = [history.keep(str(tmp_path), "create", STEPS, STEPS) for _ in range(5)]
    assert len(set(numbers)) == 5
    assert [found.number for found in history.read(str(tmp_path))] == numbers[-2:]
