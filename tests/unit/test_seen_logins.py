# SPDX-License-Identifier: Apache-2.0
"""The last look at refused logins: remembered once its output is written, and read if whole."""

from __future__ import annotations

import errno
import io
import json
import time
from pathlib import Path

import pytest

from rtslib_ext.statistics.logins import LastRefusal
from targetcli import session
from targetcli.changes import seen_logins
from targetcli.env import Env, Options
from targetcli.prefs import Preferences
from targetcli.report import Report
from targetcli.result import Result


class Full(io.StringIO):
    """A standard output on a file system that is full."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def env_of(tmp_path: Path, stdout: io.StringIO, *, json: bool = False) -> Env:
    env = Env(Preferences.load(None), stdout=stdout, stderr=io.StringIO())
    env.options = Options(json=json)
    env.journal = str(tmp_path / "journal")
    return env


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize(("stdout", "count"), [(io.StringIO, 1), (Full, 0)])
def test_what_could_not_be_printed_was_not_seen(
    form: bool, stdout: type[io.StringIO], count: int, tmp_path: Path
) -> None:
    env, called = env_of(tmp_path, stdout(), json=form), []
    result = Result(["x"], data=lambda: {}, shows=True, printed=lambda: called.append(1))
    assert session.print_result(env, Report("logins", "/"), result) is bool(count)
    assert len(called) == count


LAST = {"target": "iqn.2003-01.org.example:t", "seconds": 1.5, "initiator": "", "address": "::1"}
GOOD = {"seconds": 5.0, "refused": {"iqn.2003-01.org.example:t": 1}, "last": [LAST]}


def test_the_last_look_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = env_of(tmp_path, io.StringIO())
    seen_logins.write(env, [], seen_logins.Seen(1.0, {}, (LastRefusal(**LAST),)), 5.0)  # type: ignore[arg-type]
    seen = seen_logins.read(env)
    assert seen is not None
    assert seen.last[0].address == "::1"
    # The clock is set back: the look is as long ago as before.
    monkeypatch.setattr("time.time", lambda: 1e6 + time.monotonic())
    again = seen_logins.read(env)
    assert again is not None and again.time == pytest.approx(1e6 + 5, abs=1)
    (tmp_path / "logins.json").write_text(json.dumps(GOOD))
    assert seen_logins.read(env) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "1", "null", "{}", '{"time": 1}', "[" * 100_000),
        *(json.dumps({**GOOD, "seconds": value}) for value in (float("nan"), 1e300, -1, "x", None)),
        *(json.dumps({**GOOD, "refused": {"x": value}}) for value in (float("inf"), "x", None)),
        *(json.dumps({**GOOD, "last": value}) for value in (5, ["x"], [{}], [{**LAST, "more": 1}])),
        *(
            json.dumps({**GOOD, "last": [{**LAST, name: value}]})
            for name, value in (("seconds", "x"), ("seconds", float("nan")), ("target", 7))
        ),
    ],
)
def test_a_damaged_record_counts_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "logins.json").write_text(text)
    assert seen_logins.read(env_of(tmp_path, io.StringIO())) is None
