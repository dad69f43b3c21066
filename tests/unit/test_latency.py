# SPDX-License-Identifier: Apache-2.0
"""Latency by tracing: what is written where, how the histogram is read, and what is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.errors import Unsupported
from rtslib_ext.statistics import latency
from rtslib_ext.statistics.latency import Latency, Times

# Read from Linux 6.12.
HISTOGRAM = """# event histogram
#
# trigger info: hist:keys=initiator,lun,lat.log2:vals=hitcount,lat:sort=hitcount:size=8192 [active]
#

{ initiator: naa.5001405e02ba0d4a                              , lun:          0, lat: ~ 2^8  } hitcount:          1  lat:        164
{ initiator: naa.5001405e02ba0d4a                              , lun:          0, lat: ~ 2^11 } hitcount:          1  lat:       1283
{ initiator: iqn.x, lun: 7 }                                   , lun:         12, lat: ~ 2^4  } hitcount:        149  lat:       2244
{ initiator: naa.5001405e02ba0d4a                              , lun:          0, lat: ~ 2^5  } hitcount:        335  lat:       6599

Totals:
    Hits: 486
    Entries: 4
    Dropped: 3
"""  # noqa: E501


class Tracing:
    """Files as tracefs has them; a directory of an instance gets its events, as there."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "events/target/target_cmd_complete").mkdir(parents=True)
        (root / "instances").mkdir()
        (root / "synthetic_events").touch()
        self.writes: list[tuple[str, str]] = []
        self.refused = ""
        mkdir, rmdir = os.mkdir, os.rmdir

        def make(path: str, mode: int = 0o777) -> None:
            mkdir(path)
            if Path(path).parent != root / "instances":
                return
            name = Path(path).name
            for event in ("target/target_sequencer_start", "target/target_cmd_complete"):
                os.makedirs(f"{path}/events/{event}")
            os.makedirs(f"{path}/events/synthetic/{name}")
            Path(path, f"events/synthetic/{name}/hist").write_text(HISTOGRAM)

        def remove(path: str, *, dir_fd: int | None = None) -> None:
            for folder, _, _ in os.walk(path, topdown=False):
                for file in Path(folder).iterdir():
                    if file.is_file():
                        file.unlink()
                rmdir(folder)
            self.writes.append((str(Path(path).relative_to(root)), "removed"))

        def write(file: str, text: str) -> None:
            if self.refused and self.refused in text:
                raise OSError(22, "Invalid argument")
            self.writes.append((str(Path(file).relative_to(root)), text))

        monkeypatch.setattr(latency.os, "mkdir", make)
        monkeypatch.setattr(latency.os, "rmdir", remove)
        monkeypatch.setattr(latency, "_write", write)

    def instances(self) -> list[str]:
        return os.listdir(self.root / "instances")


@pytest.fixture
def tracing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracing:
    return Tracing(tmp_path, monkeypatch)


NAME = f"targetcli_{os.getpid()}"
EVENTS = f"instances/{NAME}/events"
START = "hist:keys=tag,initiator:ts0=common_timestamp.usecs"
COMPLETE = (
    "hist:keys=tag,initiator:lat=common_timestamp.usecs-$ts0:"
    f"onmatch(target.target_sequencer_start).{NAME}(initiator,unpacked_lun,$lat)"
)
SHOWN = "hist:keys=initiator,lun,lat.log2:vals=lat:size=16384"
WRITES = [
    ("synthetic_events", f"{NAME} char initiator[]; unsigned int lun; u64 lat"),
    (f"{EVENTS}/target/target_sequencer_start/trigger", START),
    (f"{EVENTS}/target/target_cmd_complete/trigger", COMPLETE),
    (f"{EVENTS}/synthetic/{NAME}/trigger", SHOWN),
]
REMOVALS = [
    (f"{EVENTS}/synthetic/{NAME}/trigger", f"!{SHOWN}"),
    (f"{EVENTS}/target/target_cmd_complete/trigger", f"!{COMPLETE}"),
    (f"{EVENTS}/target/target_sequencer_start/trigger", f"!{START}"),
    ("synthetic_events", f"!{NAME}"),
    (f"instances/{NAME}", "removed"),
]


def test_the_histogram_is_read() -> None:
    found = latency.parse(HISTOGRAM)
    assert found == {
        ("naa.5001405e02ba0d4a", 0): Times({8: 1, 11: 1, 5: 335}, {8: 164, 11: 1283, 5: 6599}),
        ("iqn.x, lun: 7 }", 12): Times({4: 149}, {4: 2244}),
    }
    assert latency.dropped(HISTOGRAM) == 3


def test_times_of_an_interval() -> None:
    new = Times({5: 110, 12: 1}, {5: 2700, 12: 3000}).since(Times({5: 10}, {5: 200}))
    assert new == Times({5: 100, 12: 1}, {5: 2500, 12: 3000})
    assert (new.number, new.below(0.5), new.below(0.99), new.below(1.0)) == (101, 32, 32, 4096)
    assert Times({}, {}).mean is None
    assert Times({}, {}).below(0.99) is None
    assert latency.joined(iter([new, new])).number == 202


def test_switched_on_and_off(tracing: Tracing) -> None:
    one = Latency(str(tracing.root))
    one.start()
    assert tracing.writes == WRITES
    assert one.read()["naa.5001405e02ba0d4a", 0].number == 337
    tracing.writes.clear()
    one.stop()
    assert tracing.writes == REMOVALS
    assert tracing.instances() == []


@pytest.mark.parametrize(
    "text", [NAME, START, COMPLETE, SHOWN], ids=["event", "start", "complete", "shown"]
)
def test_a_refusal_leaves_nothing(tracing: Tracing, text: str) -> None:
    tracing.refused = text
    one = Latency(str(tracing.root))
    with pytest.raises(Unsupported, match="cannot trace the latency of commands: invalid argument"):
        one.start()
    assert not one.is_on
    assert tracing.instances() == []


def test_the_tracing_of_a_killed_process_is_removed(tracing: Tracing) -> None:
    for name in ("targetcli_1", "targetcli_2", "other", "targetcli_x"):
        latency.os.mkdir(f"{tracing.root}/instances/{name}")
    lines = ("targetcli_1", "targetcli_3", "lio_lat")
    text = "".join(f"{name}\tchar[] initiator; unsigned int lun; u64 lat\n" for name in lines)
    (tracing.root / "synthetic_events").write_text(text)
    held = latency._locked(f"{tracing.root}/instances/targetcli_2")
    latency.remove_leftovers(str(tracing.root))
    os.close(held)
    assert sorted(tracing.instances()) == ["other", "targetcli_2", "targetcli_x"]
    removed = [text for file, text in tracing.writes if file == "synthetic_events"]
    assert removed == ["!targetcli_1", "!targetcli_3"]


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ([], "this kernel has no tracing"),
        (["x"], "tracing is not mounted"),
        (["events/x"], "this kernel cannot trace the latency"),
        (["events/x", "synthetic_events"], "the kernel does not trace SCSI targets"),
    ],
)
def test_kernels_without_tracing(tmp_path: Path, left: list[str], message: str) -> None:
    root = tmp_path / "tracing"
    for name in left:
        (root / name).mkdir(parents=True)
    with pytest.raises(Unsupported, match=message):
        Latency(str(root)).start()


def test_lines_are_added_and_nothing_is_truncated(tmp_path: Path) -> None:
    file = tmp_path / "synthetic_events"
    file.write_text("lio_lat\tu64 lat\n")
    latency._write(str(file), "x u64 lat")
    assert file.read_text() == "lio_lat\tu64 lat\nx u64 lat\n"
