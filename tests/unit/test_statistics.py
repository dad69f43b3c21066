# SPDX-License-Identifier: Apache-2.0
"""Counters: what is listed below a path, what is read of it, and rates of two samples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, counters, rates, watch
from rtslib_ext.statistics.columns import COLUMNS, KINDS, LUN, MIB, STORAGE_OBJECT, TARGET, names
from rtslib_ext.statistics.counters import Row, Sample

IQN = "iqn.2003-01.org.example:t"
HOST = "iqn.2003-01.org.example:host"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/{HOST}"

DIRECTORIES = (
    "core/rd_mcp_1/r",
    "core/fileio_0/a",
    "core/fileio_0/b",
    "core/alua/lu_gps",
    f"iscsi/{IQN}/tpgt_1/lun/lun_0",
    f"iscsi/{IQN}/tpgt_1/lun/lun_10",
    f"iscsi/{IQN}/tpgt_1/acls/{HOST}/lun_3",
    "iscsi/discovery_auth",
    "loopback/naa.5001/tpgt_0/lun/lun_0",
)


@pytest.fixture
def fs(tmp_path: Path) -> ConfigFS:
    """Directories as the kernel would have them, without files."""
    for path in DIRECTORIES:
        (tmp_path / path).mkdir(parents=True)
    return ConfigFS(str(tmp_path))


def listed(fs: ConfigFS, above: str = "/", *kinds: str) -> set[tuple[str, str]]:
    found = counted.objects(Reader(fs), above, kinds or KINDS)
    return {(item.kind, item.path) for item in found}


OBJECTS = {
    ("storage_object", "/backstores/ramdisk/r"),
    ("storage_object", "/backstores/fileio/a"),
    ("storage_object", "/backstores/fileio/b"),
}
OF_TPG = {
    ("lun", f"{TPG}/luns/lun0"),
    ("lun", f"{TPG}/luns/lun10"),
    ("session", ACL),
    ("mapped_lun", f"{ACL}/mapped_lun3"),
}
TARGET_ITSELF = {("target", f"/iscsi/{IQN}")}
LOOPBACK = {("lun", "/loopback/naa.5001/luns/lun0")}


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("/", OBJECTS | OF_TPG | TARGET_ITSELF | LOOPBACK),
        ("/backstores", OBJECTS),
        ("/backstores/fileio", {item for item in OBJECTS if "fileio" in item[1]}),
        ("/backstores/fileio/a", {("storage_object", "/backstores/fileio/a")}),
        ("/backstores/lu_gps", set()),
        ("/iscsi", OF_TPG | TARGET_ITSELF),
        (f"/iscsi/{IQN}", OF_TPG | TARGET_ITSELF),
        (TPG, OF_TPG),
        (f"{TPG}/luns", {item for item in OF_TPG if item[0] == "lun"}),
        (f"{TPG}/luns/lun1", set()),
        (f"{TPG}/luns/lun10", {("lun", f"{TPG}/luns/lun10")}),
        (ACL, {item for item in OF_TPG if item[1].startswith(ACL)}),
        (f"{ACL}/mapped_lun3", {("mapped_lun", f"{ACL}/mapped_lun3")}),
        ("/loopback", LOOPBACK),
    ],
)
def test_what_lies_below(fs: ConfigFS, above: str, expected: set[tuple[str, str]]) -> None:
    assert listed(fs, above) == expected


def test_one_kind_lists_no_more_than_it_needs(fs: ConfigFS) -> None:
    assert listed(fs, "/", TARGET) == TARGET_ITSELF
    calls = fs.total_calls
    assert listed(fs, "/", STORAGE_OBJECT) == OBJECTS
    # core, and its directories: alua is none of them
    assert fs.total_calls - calls == 5 * 3


def fill(fs: ConfigFS, kind: str, path: str, **values: str) -> None:
    for column in COLUMNS[kind]:
        file = Path(fs.root, path, column.file)
        if column.name in values:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(values[column.name])


def test_numbers_are_in_their_units_and_what_is_no_number_is_none(fs: ConfigFS) -> None:
    lun = f"iscsi/{IQN}/tpgt_1/lun/lun_0"
    fill(fs, LUN, lun, commands="7\n", read_bytes="10\n", written_bytes="\n")
    items = list(counted.objects(Reader(fs), f"{TPG}/luns"))
    calls = fs.calls["read"]
    (row,) = counters.read(fs, items)
    assert (row.kind, row.path, row.configfs) == (LUN, f"{TPG}/luns/lun0", lun)
    assert row.values == (7, 10 * MIB, None, None)
    assert (row.value("read_bytes"), row.value("aborts")) == (10 * MIB, None)
    # Three files that are there, one that is not, four of a LUN that was deleted.
    assert fs.calls["read"] - calls == 3 * 3 + 1 + 4


def row(kind: str, path: str = "x", **values: int | None) -> Row:
    found = tuple(values.get(name) for name in names(kind))
    return Row(kind, ShellPath(f"/{path}"), ConfigfsPath(path), found)


def test_luns_lead_to_their_storage_object(fs: ConfigFS) -> None:
    lun = f"iscsi/{IQN}/tpgt_1/lun/lun_10"
    Path(fs.root, lun, "link").symlink_to(Path(fs.root, "core/fileio_0/b"))
    rows = [row(STORAGE_OBJECT, "a", device=1), row(STORAGE_OBJECT, "b"), row(LUN, "c", device=1)]
    rows += [row(LUN, lun, device=2), row(LUN, f"iscsi/{IQN}/tpgt_1/lun/lun_0")]
    assert counters.exported(fs, rows) == {"c": "/a", lun: "/backstores/fileio/b"}


def test_each_refused_login_is_counted_once() -> None:
    target = row(TARGET, authorize_fails=2, authenticate_fails=3, negotiate_fails=7, other_fails=1)
    assert counters.login_failures(target) == {
        "unknown_initiator": 2,
        "wrong_secret": 3,
        "redirected": 0,
        "other": 1,
        "negotiation": 1,
    }


def test_rates() -> None:
    before = Sample(10.0, (row(LUN, "a", commands=5, read_bytes=MIB, device=1), row(LUN, "gone")))
    after = Sample(
        12.0,
        (row(LUN, "a", commands=25, read_bytes=5 * MIB, device=1), row(LUN, "new", commands=1)),
    )
    first, new = rates.rates(before, after)
    assert first.per_second == (10.0, 2.0 * MIB, None, None) and not first.restarted
    assert (first.value("commands"), first.value("aborts")) == (10.0, None)
    assert new.per_second == (None,) * 4 and not new.restarted


def test_a_counter_that_fell_back_counts_from_zero() -> None:
    before = Sample(10.0, (row(LUN, commands=500, read_bytes=2 * MIB),))
    after = Sample(12.0, (row(LUN, commands=20, read_bytes=4 * MIB),))
    (found,) = rates.rates(before, after)
    assert found.restarted and found.per_second[:2] == (10.0, 2.0 * MIB)


def test_bytes_that_began_again_after_4_gib_are_no_restart() -> None:
    before = Sample(10.0, (row(LUN, commands=500_000, read_bytes=4090 * MIB, device=1),))
    after = Sample(12.0, (row(LUN, commands=500_020, read_bytes=10 * MIB, device=1),))
    (found,) = rates.rates(before, after)
    assert not found.restarted and found.per_second[:2] == (10.0, 8.0 * MIB)


def test_bytes_that_fell_back_from_little_are_a_restart() -> None:
    before = Sample(10.0, (row(LUN, commands=5, read_bytes=20 * MIB, device=1),))
    after = Sample(12.0, (row(LUN, commands=20, read_bytes=10 * MIB, device=1),))
    (found,) = rates.rates(before, after)
    assert found.restarted and found.per_second[:2] == (10.0, 5.0 * MIB)


def test_another_object_of_the_same_name_counts_from_zero() -> None:
    before = Sample(10.0, (row(STORAGE_OBJECT, commands=5, read_bytes=MIB, device=1),))
    after = Sample(12.0, (row(STORAGE_OBJECT, commands=25, read_bytes=5 * MIB, device=2),))
    (found,) = rates.rates(before, after)
    assert found.restarted and found.per_second[:2] == (12.5, 2.5 * MIB)


def test_a_watched_counter_goes_on_after_4_gib_and_anew_at_0(
    fs: ConfigFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = watch.Watched(counted.Counted(LUN, ShellPath("/x"), ConfigfsPath("x")))
    (series,) = watch.of([item], ["read_bytes"])
    numbers, times = iter((4090, 10, 4)), iter((10.0, 12.0, 14.0))
    monkeypatch.setattr(ConfigFS, "numbers", lambda self, files: [next(numbers)])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    seen = []
    for _ in range(3):
        list(watch.read(fs, [series], 5.0))
        seen.append(series.rate)
    assert seen == [None, 8.0 * MIB, 2.0 * MIB]
