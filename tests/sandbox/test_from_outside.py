# SPDX-License-Identifier: Apache-2.0
"""The sandbox from outside: streams, terminals, signals, exit status, and kernels that fail."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from targetcli import sandbox
from targetcli.sandbox.kernel import KernelFailed

SANDBOX = [sys.executable, "-m", "targetcli.sandbox"]
TIMEOUT = 60
NOISE = random.Random(1).randbytes(5_000_000)


def run(*words: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    stdin = subprocess.DEVNULL if data is None else None
    return subprocess.run(
        [*SANDBOX, *words], input=data, stdin=stdin, capture_output=True, timeout=TIMEOUT
    )


# -- Streams and status --------------------------------------------------------------------


def test_output_errors_and_status_are_apart() -> None:
    done = run("sh", "-c", "echo out; echo err >&2; exit 42")
    assert (done.stdout, done.stderr, done.returncode) == (b"out\n", b"err\n", 42)


def test_five_megabytes_each_way_byte_by_byte() -> None:
    done = run("tee", "/dev/stderr", data=NOISE)
    assert done.returncode == 0
    assert done.stdout == NOISE
    assert done.stderr == NOISE


def test_input_that_nobody_reads() -> None:
    assert run("true", data=NOISE).returncode == 0


def test_empty_input_ends() -> None:
    assert run("cat", data=b"").stdout == b""
    assert run("cat").stdout == b""


def test_a_pipe_is_no_terminal() -> None:
    done = run("sh", "-c", "for fd in 0 1 2; do test -t $fd && echo $fd; done; tty", data=b"")
    assert done.stdout == b"not a tty\n"


def test_output_arrives_while_the_program_runs() -> None:
    program = "while read -r line; do echo got $line; done"
    with subprocess.Popen(
        [*SANDBOX, "sh", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout
        for word in (b"one\n", b"two\n"):
            process.stdin.write(word)
            process.stdin.flush()
            assert process.stdout.readline() == b"got " + word
        process.stdin.close()
    assert process.returncode == 0


def test_a_daemon_left_behind_holds_up_nobody() -> None:
    assert run("sh", "-c", "sleep 1000 & echo done").stdout == b"done\n"


def test_a_reader_that_leaves() -> None:
    with subprocess.Popen([*SANDBOX, "yes"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(TIMEOUT) == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    ("command", "status"),
    [(("no-such-program",), 127), (("/etc/passwd",), 126), (("sh", "-c", "kill -9 $$"), 137)],
)
def test_status(command: Sequence[str], status: int) -> None:
    assert run(*command).returncode == status


# -- The host is not touched ---------------------------------------------------------------


def test_only_the_state_changes_on_the_host(tmp_path: Path) -> None:
    state, work = tmp_path / "the state", tmp_path / "work"
    work.mkdir()
    (work / "mine").write_text("old")
    script = """
        pwd; rm mine; echo new >new
        mkdir -p "$HOME" && touch /etc/sandbox-was-here /var/sandbox-was-here
        echo 1 >/etc/target/saved; echo 2 >/disks/disk; echo 3 >"$HOME/.targetcli/prefs"
    """
    done = subprocess.run(
        [*SANDBOX, "--state", state, "bash", "-ec", script],
        cwd=work,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert (done.stdout, done.stderr) == (f"{work}\n", "")
    assert [path.name for path in work.iterdir()] == ["mine"]
    assert (work / "mine").read_text() == "old"
    assert not Path("/etc/sandbox-was-here").exists()
    files = {str(path.relative_to(state)) for path in state.rglob("*") if path.is_file()}
    assert files == {"console.log", "lock", "target/saved", "disks/disk", "preferences/prefs"}


def test_the_hosts_list_of_mounts_does_not_change() -> None:
    """mount(8) runs before the guest has a root of its own."""
    table = Path("/run/mount/utab")
    before = table.read_bytes() if table.exists() else None
    assert run("true").returncode == 0
    assert (table.read_bytes() if table.exists() else None) == before


def test_variables_and_modules_of_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHOSEN", "it's\nthis")
    monkeypatch.setenv("NOT_CHOSEN", "x")
    show = 'cut -d " " -f 1 /proc/modules; env -0'
    done = run("--env", "CHOSEN", "--module", "brd", "--memory", "256M", "sh", "-c", show)
    assert done.stdout.startswith(b"brd\n")
    assert b"CHOSEN=it's\nthis\0" in done.stdout
    assert b"NOT_CHOSEN" not in done.stdout


# -- Signals -------------------------------------------------------------------------------


def allow_interrupt() -> None:
    """A shell that runs tests in the background has them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A sandbox whose program has said that it is up."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [*SANDBOX, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=allow_interrupt,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == b"up\n"
        self.kernel = int(children(self.process.pid)[0])

    def end(self) -> tuple[bytes, int]:
        output, _ = self.process.communicate(timeout=TIMEOUT)
        return output, self.process.returncode


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def gone(process: int) -> bool:
    """Whether a process ends within a few seconds."""
    for _ in range(100):
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.05)
    return False


PYTHON = """
import time
try:
    print("up", flush=True)
    # Short ones: a signal just before a sleep does not end it.
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    print("interrupted")
    raise SystemExit(5)
"""


def test_the_interrupt_is_the_programs() -> None:
    running = Running(sys.executable, "-c", PYTHON)
    running.process.send_signal(signal.SIGINT)
    assert running.end() == (b"interrupted\n", 5)
    assert gone(running.kernel)


def test_termination() -> None:
    running = Running("sh", "-c", "echo up; exec sleep 1000")
    running.process.terminate()
    assert running.end() == (b"", 128 + signal.SIGTERM)


def test_a_program_that_does_not_listen() -> None:
    running = Running("sh", "-c", "trap '' INT TERM; echo up; sleep 1000")
    for _ in range(3):
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    assert running.end()[1] == 128 + signal.SIGINT
    assert gone(running.kernel)


def test_the_kernel_ends_with_us(tmp_path: Path) -> None:
    running = Running("--state", str(tmp_path), "sh", "-c", "echo up; exec sleep 1000")
    running.process.kill()
    running.end()
    assert gone(running.kernel)


# -- Kernels that fail ---------------------------------------------------------------------


def test_a_panic_is_told(tmp_path: Path) -> None:
    done = run("--state", str(tmp_path), "sh", "-c", "echo c >/proc/sysrq-trigger; sleep 1000")
    log = tmp_path / "console.log"
    assert done.stderr.decode() == (
        f"the sandbox's kernel ended: sysrq triggered crash\nthe kernel's messages are in {log}\n"
    )
    assert done.returncode == 1
    assert "Kernel panic" in log.read_text()


def test_a_boot_that_fails_is_told(tmp_path: Path) -> None:
    done = run("--state", str(tmp_path), "--module", "no_such_module", "true")
    assert b"the sandbox did not start: modprobe: " in done.stderr
    assert b"no_such_module" in done.stderr
    assert (done.stdout, done.returncode) == (b"", 1)


def test_a_boot_that_takes_too_long(tmp_path: Path) -> None:
    settings = sandbox.Settings(state=tmp_path, boot_timeout=0.1)
    with pytest.raises(KernelFailed, match=r"the sandbox was not up after 0\.1 seconds") as failed:
        sandbox.run(["true"], settings)
    assert failed.value.hint.endswith("console.log")
    assert children(os.getpid()) == []


def test_an_interrupt_during_the_boot(tmp_path: Path) -> None:
    process = subprocess.Popen([*SANDBOX, "--state", tmp_path, "true"], preexec_fn=allow_interrupt)
    while not (tmp_path / "console.log").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT) == 128 + signal.SIGINT
    assert not (tmp_path / "run").exists()


def test_two_at_once(tmp_path: Path) -> None:
    running = Running("--state", str(tmp_path), "sh", "-c", "echo up; exec sleep 1000")
    assert run("true").returncode == 0
    refused = run("--state", str(tmp_path), "true")
    assert f"in use by another sandbox, process {running.process.pid}" in refused.stderr.decode()
    assert refused.returncode == 1
    running.process.terminate()
    running.end()
    assert run("--state", str(tmp_path), "true").returncode == 0


# -- targetcli in it -----------------------------------------------------------------------


def test_the_configuration_is_there_again(tmp_path: Path) -> None:
    def targetcli(line: str) -> str:
        program = [sys.executable, "-m", "targetcli", "--sandbox", "--state", str(tmp_path)]
        done = subprocess.run([*program, line], capture_output=True, text=True, timeout=TIMEOUT)
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout

    targetcli("/backstores/fileio create disk1 /disks/disk1 8M")
    assert "[/disks/disk1 (8.0MiB)" in targetcli("ls /backstores/fileio")
    assert "All configuration cleared" in targetcli("clearconfig confirm=True")
    assert "Storage Objects: 0" in targetcli("ls /backstores/fileio")


def test_a_configuration_that_cannot_be_restored(tmp_path: Path) -> None:
    """The program starts all the same, and the saved file keeps what is missing."""
    program = [sys.executable, "-m", "targetcli", "--sandbox", "--state", str(tmp_path)]

    def targetcli(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*program, line], capture_output=True, text=True, timeout=TIMEOUT)

    assert targetcli("/backstores/fileio create disk1 /disks/disk1 8M").returncode == 0
    saved = tmp_path / "target/saveconfig.json"
    before = saved.read_bytes()
    (tmp_path / "disks/disk1").unlink()
    done = targetcli("ls /backstores/fileio")
    assert done.returncode == 0 and "Storage Objects: 0" in done.stdout
    assert "/backstores/fileio/disk1" in done.stderr
    assert "sandbox: not everything was restored" in done.stderr
    assert saved.read_bytes() == before


# -- Terminals -----------------------------------------------------------------------------


@dataclass
class Terminal:
    """Our end of a terminal that a program runs on."""

    descriptor: int
    process: int
    seen: bytes = field(default=b"")

    def wait(self, text: bytes) -> bytes:
        """What was shown up to and with a text."""
        end = time.monotonic() + TIMEOUT
        while text not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], end - time.monotonic())
            assert ready, f"{text!r} is not in {self.seen!r}"
            self.seen += os.read(self.descriptor, 65536)
        shown, _, self.seen = self.seen.partition(text)
        return shown + text

    def send(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def resize(self, rows: int, columns: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A shell on a terminal of 30 rows and 90 columns."""
    process, descriptor = pty.fork()
    if not process:
        allow_interrupt()
        os.execvpe("sh", ["sh"], {**os.environ, "PS1": "host$ ", "TERM": "xterm"})
    shell = Terminal(descriptor, process)
    shell.resize(30, 90)
    shell.wait(b"host$ ")
    yield shell
    os.close(descriptor)
    # The hang-up ends it; what does not listen must not hold the tests up.
    if not gone_child(process):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def gone_child(process: int) -> bool:
    """Whether a child ends within some seconds."""
    for _ in range(200):
        if os.waitpid(process, os.WNOHANG)[0]:
            return True
        time.sleep(0.05)
    return False


LINE = " ".join(SANDBOX).encode()


def test_a_shell_on_a_terminal(terminal: Terminal) -> None:
    terminal.send(b"stty -g; " + LINE + b" bash --norc; echo status $?; stty -g\r")
    terminal.wait(b"stty -g\r\n")
    before = terminal.wait(b"\r\n")
    terminal.wait(b"# ")
    terminal.send(b"tty; stty size\r")
    terminal.wait(b"/dev/tty1\r\n30 90\r\n")
    terminal.resize(40, 100)
    terminal.send(b"sleep 0.3; stty size\r")
    terminal.wait(b"\r40 100\r\n")
    # From the child: before it has the terminal, the interrupt would be for the shell.
    terminal.send(b"sh -c 'echo now; exec sleep 1000'\r")
    terminal.wait(b"\rnow\r\n")
    time.sleep(0.3)
    terminal.send(b"\x03")
    terminal.wait(b"^C")
    terminal.wait(b"# ")
    terminal.send(b"echo left $?; exitt 7\x1b[D\x1b[D\x7f\r")  # cursor keys: the line is edited
    terminal.wait(b"left 130\r\n")
    terminal.wait(b"status 7\r\n")
    assert terminal.wait(b"\r\n") == before


def test_all_output_is_shown_on_a_terminal(terminal: Terminal) -> None:
    terminal.send(LINE + b" seq 100000\r")
    terminal.wait(b"seq 100000\r\n")
    expected = b"".join(b"%d\r\n" % number for number in range(1, 100001))
    assert terminal.wait(b"host$ ") == expected + b"host$ "


def test_a_password_is_not_shown(terminal: Terminal) -> None:
    ask = f"{sys.executable} -c 'import getpass; print(getpass.getpass()[::-1])'".encode()
    terminal.send(LINE + b" " + ask + b"\r")
    terminal.wait(b"Password: ")
    terminal.send(b"secret\r")
    assert terminal.wait(b"terces\r\n") == b"\r\nterces\r\n"


def test_lines_for_a_program_that_shows_on_a_terminal(terminal: Terminal) -> None:
    terminal.send(b"echo line | " + LINE + b" sh -c 'cat; tty <&1; exec sleep 1000'\r")
    terminal.wait(b"sleep 1000'\r\n")
    assert terminal.wait(b"tty1\r\n") == b"line\r\n/dev/tty1\r\n"
    terminal.send(b"\x03")
    terminal.wait(b"host$ ")


def test_the_way_out_of_a_sandbox_that_hangs(terminal: Terminal) -> None:
    terminal.send(LINE + b" sh -c 'trap \"\" INT; echo up; sleep 1000'; echo status $?\r")
    terminal.wait(b"\r\nup\r\n")
    terminal.send(b"\x1d\x1d\x1d")
    terminal.wait(b"status 137\r\n")


TARGETCLI = f"{sys.executable} -m targetcli --sandbox"
KEPT = (
    "sandbox: /etc/target, /disks and the preferences are kept in {}; all else, /tmp too, is lost"
)


def test_a_shell_says_what_is_kept(terminal: Terminal, tmp_path: Path) -> None:
    terminal.send(f"stty columns 300; {TARGETCLI} --state {tmp_path} --exec bash --norc\r".encode())
    assert terminal.wait(KEPT.format(tmp_path).encode()).startswith(b"stty")
    terminal.wait(b"# ")
    terminal.send(b"targetcli pwd; touch /tmp/x && exit\r")
    terminal.wait(b"\r/\r\n")
    terminal.wait(b"host$ ")
    terminal.send(f"{TARGETCLI} --state {tmp_path}\r".encode())
    terminal.wait(KEPT.format(tmp_path).encode())
    terminal.wait(b"/> ")
    terminal.send(b"exit\r")
    terminal.wait(b"host$ ")
    terminal.send(f"{TARGETCLI} --exec true\r".encode())
    terminal.wait(b"sandbox: nothing is kept at its end; --state DIR keeps /etc/target, /disks")
    terminal.wait(b"host$ ")
    # One command has its own output only.
    terminal.send(f"{TARGETCLI} --state {tmp_path} pwd\r".encode())
    terminal.wait(b"pwd\r\n")
    assert terminal.wait(b"host$ ") == b"/\r\nhost$ "


def test_scripts_are_told_nothing(tmp_path: Path) -> None:
    words = [*TARGETCLI.split(), "--state", tmp_path, "--exec", "targetcli", "pwd"]
    done = subprocess.run(words, capture_output=True, timeout=TIMEOUT)
    assert (done.stdout, done.stderr, done.returncode) == (b"/\n", b"", 0)
