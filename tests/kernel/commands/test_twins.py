# SPDX-License-Identifier: Apache-2.0
"""Two storage objects that initiators take for one disk."""

from __future__ import annotations

import io
import json
from pathlib import Path

from targetcli import batch, session

from .harness import ETC, Shell

RAMDISK = "/backstores/ramdisk"


def note(other: str, naa: str) -> str:
    word = "all" if "," in other else "both"
    return (
        f"Note: initiators take it and {other} for one disk: {word} have the identifier {naa}, "
        "which is derived from the hexadecimal digits of the unit serial number"
    )


def test_create(shell: Shell, disks: Path) -> None:
    """Only the hexadecimal digits count, in capitals too."""
    assert shell.ok(f"{RAMDISK} create a 4M wwn=disk-abc").asides == []
    answer = shell.ok(f"{RAMDISK} create b 4M wwn=DISKABC")
    naa = "naa.6001405dabc" + "0" * 21
    assert answer == "Created ramdisk b with size 4M.\n"
    assert answer.asides == [note(f"{RAMDISK}/a", naa)]
    answer = shell.ok(f"/backstores/fileio create c {disks}/c 1M wwn=disk-abc")
    assert answer.asides == [note(f"{RAMDISK}/a, {RAMDISK}/b", naa)]
    assert shell.ok(f"{RAMDISK} create d 4M wwn=disk-abd").asides == []
    assert shell.ok(f"{RAMDISK} create e 4M").asides == []


def test_set_identity(shell: Shell) -> None:
    shell.ok(f"{RAMDISK} create a 4M wwn=zone-x")
    shell.ok(f"{RAMDISK} create b 4M wwn=zone-1")
    answer = shell.ok(f"{RAMDISK}/b set identity vpd_unit_serial=ZONE-y")
    naa = "naa.6001405e" + "0" * 24
    assert answer == "Parameter vpd_unit_serial is now 'ZONE-y'.\n"
    assert answer.asides == [note(f"{RAMDISK}/a", naa)]
    assert shell.ok(f"{RAMDISK}/b set identity company_id=0x001406").asides == []
    answer = shell.ok(f"{RAMDISK}/b set identity company_id=0x001405")
    assert answer.asides == [note(f"{RAMDISK}/a", naa)]
    assert shell.ok(f"{RAMDISK}/b set identity vendor_id=ME").asides == []


def test_restore(shell: Shell) -> None:
    shell.ok(f"{RAMDISK} create a 4M wwn=zone-x")
    shell.ok(f"{RAMDISK} create b 4M wwn=zone-x")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    text = note(f"{RAMDISK}/a", "naa.6001405e" + "0" * 24).removeprefix("Note: ")
    assert shell.ok("restoreconfig").asides == [f"Note: {RAMDISK}/b: {text}"]
    shell.ok("clearconfig confirm=true")
    document = json.loads(shell("restoreconfig", json=True))
    assert document["data"]["notes"] == [{"path": f"{RAMDISK}/b", "text": text}]


def test_apply(shell: Shell) -> None:
    shell.ok(f"{RAMDISK} create a 4M wwn=zone-x")
    shell.ok(f"{RAMDISK} create b 4M wwn=zone-x")
    file = ETC / "twins.json"
    shell.ok(f"saveconfig {file}")
    shell.ok("clearconfig confirm=true")
    text = note(f"{RAMDISK}/a", "naa.6001405e" + "0" * 24).removeprefix("Note: ")
    expected = f"Note: {RAMDISK}/b: {text}"
    assert expected in shell(f"diff {file}").rows
    assert expected in shell.ok(f"apply {file}").rows
    # It is known from now on.
    assert expected not in shell.ok(f"apply {file}").rows


def test_commit(shell: Shell) -> None:
    env = shell.env()
    env.session.several = True
    for line in (
        "begin",
        f"{RAMDISK} create a 4M wwn=zone-x",
        f"{RAMDISK} create b 4M wwn=zone-x",
        f"{RAMDISK} create c 4M wwn=zone-1",
        "commit",
    ):
        session.run_line(env, lambda line=line: session.grammar.parse(line))  # type: ignore[misc]
    told = env.stdout.getvalue()  # type: ignore[attr-defined]
    text = note(f"{RAMDISK}/a", "naa.6001405e" + "0" * 24).removeprefix("Note: ")
    assert f"Note: {RAMDISK}/b: {text}\n" in told
    assert f"Note: {RAMDISK}/c" not in told


def test_batch(shell: Shell) -> None:
    env = shell.env()
    lines = (f"{RAMDISK} create a 4M wwn=zone-x", f"{RAMDISK} create b 4M wwn=zone-x")
    env.stdin = io.StringIO("\n".join(lines))
    assert batch.run(env, "-") == 0
    told = env.stdout.getvalue() + env.stderr.getvalue()  # type: ignore[attr-defined]
    assert told.count(f"initiators take it and {RAMDISK}/a for one disk") == 1
