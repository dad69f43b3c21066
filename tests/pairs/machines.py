# SPDX-License-Identifier: Apache-2.0
"""Machines for a test: user-mode kernels with a network between them, and disks that all have.

The network is a socket of this host, which forwards each frame to all other kernels. The disks are
files of this host, without a lock: what one kernel has written, the others read.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from targetcli.sandbox import kernel

CHECKOUT = Path(__file__).parents[2]
MEMORY = "512M"
_MARK = "end-of-command"
_FRAME = 1 << 16


class Network:
    """Forwards each frame to all other machines; the kernel's transport "bess" connects to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._selector = selectors.DefaultSelector()
        self._ports: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stops = False
        self._thread = threading.Thread(target=self._forward, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stops = True
        self._thread.join()
        for one in (self._listener, *self._ports):
            one.close()

    def _forward(self) -> None:
        while not self._stops:
            for key, _ in self._selector.select(0.2):
                if key.fileobj is self._listener:
                    port, _ = self._listener.accept()
                    self._ports.append(port)
                    self._selector.register(port, selectors.EVENT_READ)
                else:
                    self._pass_on(key.fileobj)  # type: ignore[arg-type]

    def _pass_on(self, source: socket.socket) -> None:
        frame = b""
        with suppress(OSError):
            frame = source.recv(_FRAME)
        if not frame:
            self._selector.unregister(source)
            self._ports.remove(source)
            source.close()
        for port in self._ports:
            if port is not source:
                # A machine that does not keep up loses frames, as on any network.
                with suppress(OSError):
                    port.send(frame, socket.MSG_DONTWAIT)


class Failed(AssertionError):
    """A command on a machine failed."""


class Machine:
    """A running kernel, with a shell that runs one command after the other."""

    def __init__(self, name: str, folder: Path, more: Sequence[str]) -> None:
        self.name = name
        program = _wrapper(folder / f"{name}.uml", more)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "targetcli.sandbox", "--state", folder / name),
                *("--kernel", program, "--memory", MEMORY, "--env", "PYTHONPATH", "bash"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )

    def start(self, command: str) -> None:
        """Begin with a command; finish() waits for its end."""
        assert self._process.stdin
        text = f"{{ {command}\n}} </dev/null 2>&1; echo; echo {_MARK} $?\n"
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def finish(self) -> tuple[int, str]:
        """Return the status and the output of the command that was started."""
        assert self._process.stdout
        lines = []
        for raw in self._process.stdout:
            line = raw.decode().rstrip("\n")
            if line.startswith(_MARK):
                return int(line.split()[1]), "\n".join(lines[:-1])
            lines.append(line)
        raise Failed(f"{self.name} ended: {lines}")

    def run(self, command: str) -> str:
        """Run a command that succeeds; return its output."""
        self.start(command)
        status, said = self.finish()
        if status:
            raise Failed(f"{self.name}: {command}: status {status}: {said}")
        return said

    def write(self, path: str, text: str) -> None:
        """Write a file with its directory."""
        self.run(
            f"mkdir -p {os.path.dirname(path)}; cat >{path} <<'end of file'\n{text}\nend of file"
        )

    def start_in_background(self, command: str, output: str) -> None:
        """Start a program; its errors go to a file beside its output."""
        self.run(f"{command} >{output} 2>{output}.error &")

    def targetcli(self, line: str) -> str:
        return self.run(f"{sys.executable} -m targetcli {line}")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(30)


def _wrapper(path: Path, more: Sequence[str]) -> Path:
    """Write a program that is the kernel of the tests with more parameters."""
    found = kernel.find()
    assert found.modules
    modules = path.parent / "lib" / "modules" / found.release
    modules.parent.mkdir(parents=True, exist_ok=True)
    if not modules.exists():
        modules.symlink_to(found.modules)
    words = " ".join(more)
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {found.path} --version\n'
        f'exec {found.path} "$@" {words}\n'
    )
    path.chmod(0o755)
    return path


@contextmanager
def running(
    folder: Path, names: Sequence[str], shared: Sequence[str], disks: Sequence[Path]
) -> Iterator[dict[str, Machine]]:
    """Boot machines with the addresses 10.9.0.1, .2 ...; those of ``shared`` have the disks."""
    with ExitStack() as stack:
        network = Network(folder / "network")
        stack.callback(network.close)
        found = {}
        for name in names:
            more = [f"vec0:transport=bess,dst={network.path}"]
            if name in shared:
                # s: written at once; c: shared, without a lock.
                more += [f"ubd{number}sc={disk}" for number, disk in enumerate(disks)]
            found[name] = Machine(name, folder, more)
            stack.callback(found[name].close)
        for number, machine in enumerate(found.values(), 1):
            machine.run(f"ip address add 10.9.0.{number}/24 dev vec0 && ip link set vec0 up")
        yield found
