# SPDX-License-Identifier: Apache-2.0
"""What the kernel refuses is explained, and what the explanation names helps."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import refusals
from rtslib_ext.errors import KernelRefused
from rtslib_ext.host import devices, system
from rtslib_ext.kernel import paths
from rtslib_ext.refusals import Refusal
from rtslib_ext.steps import Context
from rtslib_ext.steps.operations import Write
from rtslib_ext.steps.step import set_step
from rtslib_ext.transaction import executor

from ..commands.harness import Answer, Shell
from ..commands.test_user_backed import BUSCTL
from ..conftest import TARGET, clear
from .rows import D1, D1_OUT, ROWS, TPG, Row

TABLE = {row.name: row for row in refusals.ROWS}
# What takes a line of a set-up back, by a word in it.
UNDO = {
    "mount /dev/ram0": "umount DISKS/mnt",
    "mount -t tmpfs": "umount DISKS/small",
    "chattr +i DISKS/mnt": "chattr -i DISKS/mnt",
    "swapon": "swapoff /dev/ram1",
    "dmsetup create": "dmsetup remove held",
    "--setro": "blockdev --setrw SDISK",
    "/proc/sys/kernel/modprobe": "echo /sbin/modprobe >/proc/sys/kernel/modprobe",
    "keep-away": "rm -f /etc/modprobe.d/keep-away.conf",
}
BUS = Path("/run/dbus/system_bus_socket")


@dataclass
class Scene:
    """A host, and a user at its shell; the words of the table are filled in."""

    shell: Shell
    disks: Path
    words: dict[str, str]
    monkeypatch: pytest.MonkeyPatch
    handles: list[int] = field(default_factory=list)
    programs: list[subprocess.Popen[bytes]] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)

    def fill(self, text: str) -> str:
        """A text of the table with this host's names in it."""
        for word, value in self.words.items():
            text = re.sub(rf"\b{word}\b", value, text)
        return text

    def do(self, line: str) -> None:
        """Do one line of a set-up, or of a help."""
        undo = next((text for word, text in UNDO.items() if word in line), "")
        if undo:
            self.undo.append(self.fill(undo))
        line = self.fill(line)
        word, _, rest = line.partition(" ")
        if line.startswith("!"):
            subprocess.run(line[1:], shell=True, check=True, capture_output=True)
        elif word.isupper():
            getattr(self, word.lower())(*([rest] if rest else []))
        else:
            self.shell.ok(line)

    def hold(self, device: str) -> None:
        """Have a device alone."""
        self.handles.append(os.open(device, os.O_RDWR | os.O_EXCL))

    def unnoticed(self) -> None:
        """Let all devices look unused: others open them between our look and the kernel's."""
        self.monkeypatch.setattr(devices, "is_exclusive_open", lambda path: False)

    def listen(self, port: str) -> None:
        """Listen on a port, as another program."""
        self.sockets.append(socket.create_server(("127.0.0.1", int(port))))

    def close(self) -> None:
        """Stop listening."""
        for listener in self.sockets:
            listener.close()

    def run(self, program: str) -> None:
        """Run a program."""
        self.programs.append(subprocess.Popen(program.split()))
        while os.readlink(f"/proc/{self.programs[-1].pid}/exe") != program.split()[0]:
            time.sleep(0.01)

    def end(self) -> None:
        """End it."""
        for program in self.programs:
            program.kill()
            program.wait()

    def readonly(self, file: str) -> None:
        """A loop device that can be read only: LOOP."""
        words = ["losetup", "--find", "--show", "--read-only", file]
        self.loops.append(subprocess.check_output(words, text=True).strip())
        self.words["LOOP"] = self.loops[-1]

    def handler(self) -> None:
        """Play the handler rbd."""
        program = self.disks / "bin/busctl"
        program.parent.mkdir()
        program.write_text(BUSCTL.format(log=self.disks / "log"))
        program.chmod(0o755)
        self.monkeypatch.setattr(system, "PATH", f"{program.parent}:{system.PATH}")
        BUS.parent.mkdir(exist_ok=True)
        BUS.touch()

    def tidy(self) -> None:
        """Leave the host as it was; the target goes first, as it holds files."""
        self.close()
        self.end()
        for handle in self.handles:
            os.close(handle)
        clear(TARGET)
        for device in self.loops:
            subprocess.run(["losetup", "--detach", device], check=True)
        for line in reversed(self.undo):
            # The help may have done it already.
            subprocess.run(line, shell=True, check=False, capture_output=True)
        BUS.unlink(missing_ok=True)


@pytest.fixture
def scene(
    shell: Shell,
    disks: Path,
    ram: list[str],
    scsi_disk: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    subprocess.run(["modprobe", "-a", "loop", "dm-mod"], check=True)
    (generic,) = Path(f"/sys/class/scsi_device/{scsi_disk[1]}/device/scsi_generic").iterdir()
    words = {"DISKS": str(disks), "SDISK": scsi_disk[0], "SGENERIC": f"/dev/{generic.name}"}
    made = Scene(shell, disks, words, monkeypatch)
    yield made
    made.tidy()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_refusal(scene: Scene, row: Row) -> None:
    for line in row.setup:
        scene.do(line)
    if row.change:
        change(scene, row)
    answer = refused(scene, row)
    is_explained(answer.stderr, TABLE.get(row.refusal), row.advised)
    for text in row.says:
        assert scene.fill(text) in answer.stderr, answer.stderr
    for line in row.help:
        command = scene.fill(line).removeprefix("!")
        assert command in answer.stderr or command.isupper(), answer.stderr
        scene.do(line)
    if row.help or row.then:
        scene.shell.ok(scene.fill(row.then or row.line))


def refused(scene: Scene, row: Row) -> Answer:
    """Run the line of a row."""
    answer = scene.shell(scene.fill(row.line))
    assert answer.exit == 1 and answer == "", answer
    if row.change:
        assert answer.stderr.startswith("Configuration restored, "), answer.stderr
    else:
        assert answer.stderr.startswith("/") and answer.stderr.count("\n") == 1, answer.stderr
    return answer


def change(scene: Scene, row: Row) -> None:
    """Save what there is, with the values of a row changed."""
    scene.shell.ok(f"saveconfig {scene.disks}/changed.json")
    file = scene.disks / "changed.json"
    config = json.loads(file.read_text())
    for place, value in row.change:
        item: Any = config
        for part in place[:-1]:
            item = item.setdefault(part, {}) if isinstance(item, dict) else item[part]
        item[place[-1]] = value
    file.write_text(json.dumps(config))


def is_explained(message: str, row: Refusal | None, advised: bool) -> None:
    """No bare errno, nothing of Python; and what the table says."""
    assert "Traceback" not in message and "Error(" not in message, message
    assert "bug in targetcli" not in message, message
    for found in re.finditer(r"\[Errno \d+\][^\n]*", message):
        # The words of the errno, the file where there is one, and then the reason.
        assert re.match(r"\[Errno \d+\] [A-Z][a-z ]+(: '[^']+')?: [^ ]", found[0]), message
    if row is None:
        return
    assert said(row.cause, message), f"{row.cause}\n{message}"
    assert advised or said(row.help, message), f"{row.help}\n{message}"
    assert ("; the kernel says: " in message) == bool(row.log), message
    if row.log:
        assert re.search(row.log, message.partition("; the kernel says: ")[2]), message


def said(text: str, message: str) -> bool:
    """Whether a message has a text of the table in it, with every name in it filled in."""
    parts = re.split(r"\{[^}]+\}", text)
    return bool(re.search(".+?".join(map(re.escape, parts)), message))


def test_identity_of_an_exported_storage_object(shell: Shell, disks: Path) -> None:
    """No command changes it; a program may."""
    for line in D1_OUT:
        shell.ok(line.replace("DISKS", str(disks)))
    file = f"{paths.find_storage_object(shell.fs, 'fileio', 'd1')}/wwn/vpd_unit_serial"
    step = set_step(D1, "wwn", "abc", None, (Write(file, "abc"),))
    with pytest.raises(KernelRefused) as caught:
        executor.perform(Context(shell.fs), [step])
    assert caught.value.path == D1
    is_explained(f"{caught.value} ({caught.value.hint})", TABLE["identity-exported"], False)
    assert f"{TPG}/luns delete 0" in caught.value.hint


def test_every_row_of_the_table_is_provoked() -> None:
    provoked = {row.refusal for row in ROWS} - {""} | {"identity-exported", "portal-no-ipv6"}
    assert sorted(provoked) == sorted(TABLE)
    assert len(TABLE) == len(refusals.ROWS)


def test_forty_causes() -> None:
    assert len({row.refusal for row in ROWS} - {""}) >= 40
