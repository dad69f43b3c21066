# SPDX-License-Identifier: Apache-2.0
"""Files in /etc/target/fabrics, as the program finds them when it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rtslib_ext.fabrics import DROP_INS

from ..commands.harness import ETC, Shell

NAA = "naa.5001405000000001"
IQN = "iqn.2003-01.org.example:a"


def targetcli(*words: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "targetcli", *words], capture_output=True, text=True
    )


@pytest.fixture
def folder(shell: Shell) -> Path:
    """The folder, which is taken away with all else in /etc/target."""
    folder = Path(DROP_INS)
    assert folder.parent == ETC
    folder.mkdir()
    return folder


def test_a_bad_file_is_told_and_breaks_nothing(folder: Path) -> None:
    (folder / "bad.conf").write_text("[fabric]\nfeatures = magic\n")
    (folder / "good.conf").write_text("[fabric]\nkernel_module = nosuch\nwwn_types = naa\n")
    warning = (
        f"warning: {folder}/bad.conf: kernel_module must be one word; this fabric is left out\n"
    )
    done = targetcli("/backstores/ramdisk", "create", "r1", "1M")
    assert (done.returncode, done.stderr) == (0, warning)
    done = targetcli("ls", "/", "1")
    assert (done.returncode, done.stderr) == (0, warning)
    assert "o- good " in done.stdout and "o- bad " not in done.stdout
    done = targetcli("/good", "create", NAA)
    refusal = f"/good/{NAA}: the kernel module nosuch cannot be loaded: "
    assert done.returncode == 1 and done.stderr.startswith(warning + refusal)
    done = targetcli("saveconfig")
    assert (done.returncode, done.stderr) == (0, warning)


def test_hardware_that_a_file_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "port").write_text(f"{NAA}\n")
    text = f"[fabric]\nkernel_module = nosuch\nwwn_types = naa\nwwn_from_files = {tmp_path}/*\n"
    (folder / "fc9.conf").write_text(text)
    done = targetcli("/fc9", "info")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Allowed WWNs list: {NAA}\n" in done.stdout
    done = targetcli("/fc9", "create")
    assert done.stderr.startswith(f"/fc9/{NAA}: the kernel module nosuch cannot be loaded: ")
    (tmp_path / "port").unlink()
    done = targetcli("/fc9", "create")
    assert done.stderr.startswith("/fc9: no adapter of this host is free")


def test_fabric_that_cannot_be_had_keeps_nothing_else_from_being_restored(folder: Path) -> None:
    for name, kind, wwn in (
        ("foo", "free", "MyT"),
        ("bar", "ib", "ib.fe800000000000000002c90300a0b0c1"),
    ):
        (folder / f"{name}.conf").write_text(
            f"[fabric]\nkernel_module = nosuch\nfeatures = nexus tpgts\nwwn_types = {kind}\n"
        )
        targets = [{"fabric": name, "wwn": wwn, "tpgs": [{"tag": 1}]}]
        portal = {"ip_address": "127.0.0.1", "port": 3260}
        targets.append({"fabric": "iscsi", "wwn": IQN, "tpgs": [{"tag": 1, "portals": [portal]}]})
        file = folder.parent / "saved.json"
        file.write_text(json.dumps({"targets": targets}))
        done = targetcli("restoreconfig", str(file), "clear_existing=true")
        _, *rest = done.stderr.splitlines()
        assert rest[0].startswith(f"/{name}/{wwn}: create target {wwn}: "), done.stderr
        assert rest[1:] == [
            f"/{name}/{wwn}/tpg1: create TPG 1: an object it needs is missing, skipped"
        ]
        assert targetcli(f"/iscsi/{IQN}/tpg1", "status").returncode == 0
        done = targetcli("restoreconfig", str(file), f"target={wwn}")
        assert "create target" in done.stderr, done.stderr
