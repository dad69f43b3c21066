# SPDX-License-Identifier: Apache-2.0
"""The tables of counters: text, CSV, plain values, and that they and the MIBs agree."""

from __future__ import annotations

import csv

import pytest

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.statistics import columns, facts, mib, mib_iscsi, mib_scsi, rates
from rtslib_ext.statistics.counters import Row, Sample
from rtslib_ext.statistics.facts import Facts
from targetcli.views import stats as views


def row(kind: str, path: str, **values: int | None) -> Row:
    found = tuple(values.get(name) for name in columns.names(kind))
    return Row(kind, ShellPath(path), ConfigfsPath(path), found)


MIB = columns.MIB
BEFORE = (
    row("storage_object", "/backstores/fileio/a", commands=1, read_bytes=MIB, aborts=0, resets=2),
    row("lun", "/iscsi/t/tpg1/luns/lun0", commands=1, read_bytes=MIB, written_bytes=0),
    row("target", "/iscsi/t", sessions=3, authorize_fails=2, negotiate_fails=3, redirects=4),
)
AFTER = (
    row("storage_object", "/backstores/fileio/a", commands=0, read_bytes=0, aborts=0, resets=0),
    row("lun", "/iscsi/t/tpg1/luns/lun0", commands=21, read_bytes=6 * MIB, written_bytes=0),
    row("target", "/iscsi/t", sessions=1, authorize_fails=2, negotiate_fails=3, redirects=4),
)


def both() -> tuple[list[Facts], list[Facts]]:
    without = [facts.of(item, "/backstores/fileio/a") for item in BEFORE]
    found = rates.rates(Sample(1.0, BEFORE), Sample(3.0, AFTER))
    return without, [facts.of(item.row, "", item) for item in found]


def test_tables() -> None:
    without, with_rates = both()
    assert list(views.text(without, rates=False, width=None)) == [
        "Storage objects",
        "commands  read MiB  written MiB  aborts  resets  path",
        "       1         1            -       0       2  /backstores/fileio/a",
        "",
        "LUNs",
        "commands  read MiB  written MiB  storage object  path",
        "       1         1            0  fileio/a        /iscsi/t/tpg1/luns/lun0",
        "",
        "Targets",
        "sessions  logins  refused  digest err  conn err  format err  path",
        "       3       -        3           -         -           -  /iscsi/t",
    ]
    assert list(views.text(with_rates[1:2], rates=True, width=None)) == [
        "LUNs",
        "commands  read MiB  written MiB  commands/s  read MiB/s  written MiB/s  storage object  "
        "path",
        "      21         6            0          10         2.5            0.0  -               "
        "/iscsi/t/tpg1/luns/lun0",
    ]


def test_tables_fit_a_terminal() -> None:
    """A path loses its start; totals beside rates are left out first."""
    long = "/iscsi/iqn.2003-01.org.example:store/tpg1/acls/iqn.1994-05.com.example:host1"
    rows = [
        row("lun", "/iscsi/iqn.2003-01.org.example:store/tpg1/luns/lun0", commands=1),
        row("mapped_lun", f"{long}/mapped_lun0", commands=1, read_bytes=MIB),
        row("target", "/iscsi/iqn.2003-01.org.example:store", sessions=1),
        row("session", long, commands=1, sent_bytes=48260528),
    ]
    found = rates.rates(Sample(1.0, tuple(rows)), Sample(3.0, tuple(rows)))
    now = [facts.of(item, "/backstores/fileio/disk1") for item in rows]
    then = [facts.of(item.row, "/backstores/fileio/disk1", item) for item in found]
    for values, with_rates in ((now, False), (then, True)):
        lines = list(views.text(values, rates=with_rates, width=80))
        assert [line for line in lines if len(line) > 80] == []
        assert sum(line.endswith(("lun0", "host1", "store")) for line in lines) == len(rows)
    assert "  commands  " not in f"  {' '.join(lines)}  "


def test_comma_separated() -> None:
    lines = list(views.csv_lines(both()[1], "now", rates=True, heading=True))
    assert len(lines) == 4
    objects = list(csv.DictReader(lines))
    assert objects[1]["kind"] == "lun" and objects[1]["read_bytes"] == str(6 * MIB)
    assert objects[1]["commands_per_second"] == "10.000" and objects[1]["sessions"] == ""
    assert objects[2]["refused_logins"] == "3" and objects[2]["redirected_logins"] == "4"
    assert list(views.csv_lines([], "now", rates=False, heading=False)) == []


def test_plain_values() -> None:
    storage_object, lun, target = views.plain(both()[1])
    assert storage_object["restarted"] and not lun["restarted"]
    assert lun["read_bytes_per_second"] == 2.5 * MIB and lun["storage_object"] is None
    assert target["refused_unknown_initiator"] == 2 and target["refused_negotiation"] == 1
    assert "authorize_fails" not in target and "device" not in lun
    assert "sessions_per_second" not in target


@pytest.mark.parametrize("kind", columns.KINDS)
def test_each_counter_is_in_the_table_of_mib_objects(kind: str) -> None:
    rows = {mib.path_of(item): item for item in mib.of_kind(kind)}
    assert {column.file for column in columns.COLUMNS[kind]} <= set(rows)
    # A file that shows 0 whatever happens is no counter.
    constant = {path for path, item in rows.items() if item.meaning.startswith("0 at all times")}
    assert {column.file for column in columns.COLUMNS[kind]} & constant <= {
        "fabric_statistics/iscsi_sess_err/digest_errors",
        "fabric_statistics/iscsi_sess_err/format_errors",
    }


def test_each_file_has_one_row() -> None:
    rows = [*mib_scsi.ROWS, *mib_iscsi.ROWS]
    files = [(item.group, item.file) for item in rows]
    assert len(set(files)) == len(files)
    assert {item.group for item in rows} == {
        group for all_ in mib.GROUPS.values() for group in all_
    }
    named = [item.name for item in rows if item.name]
    assert all(name.startswith(("scsi", "iscsi")) for name in named)
