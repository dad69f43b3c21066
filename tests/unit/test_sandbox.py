# SPDX-License-Identifier: Apache-2.0
"""The sandbox's parts that need no kernel; tests/sandbox has the whole."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.errors import InUse, InvalidValue, NotFound, Unsupported
from rtslib_ext.files.trusted import Untrusted
from targetcli import sandbox
from targetcli.sandbox import guest as sandbox_guest
from targetcli.sandbox import kernel as sandbox_kernel
from targetcli.sandbox import suite_kernel
from targetcli.sandbox.guest import Guest, Streams, choose_streams
from targetcli.sandbox.relay import Control, Input, Output

MARK = b"0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sandbox_guest.INSIDE, raising=False)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


# -- What goes over the lines --------------------------------------------------------------


def carried(pieces: list[bytes]) -> bytes:
    """What arrives of pieces, one read each."""
    source, feed = os.pipe()
    result, target = os.pipe()
    output = Output(source, target, MARK)
    try:
        for piece in pieces:
            if not output.ended:
                os.write(feed, piece)
                output.read()
        assert output.ended
        os.close(target)
        return os.read(result, 1 << 16)
    finally:
        for end in (source, feed, result):
            os.close(end)


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.just(MARK[:-1]), st.just(MARK[:5])), max_size=6),
    st.lists(st.integers(1, 60), max_size=9),
)
def test_all_before_the_mark_arrives_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    if MARK in data:
        return
    rest, pieces = data + MARK + b"from a process left behind", []
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert carried([piece for piece in [*pieces, rest] if piece]) == data


def test_what_cannot_be_the_mark_does_not_wait(pipe: tuple[int, int]) -> None:
    result, target = os.pipe()
    output = Output(pipe[0], target, MARK)
    os.write(pipe[1], b"prompt> " + MARK[:3])
    output.read()
    assert os.read(result, 100) == b"prompt> "
    os.close(result)
    os.close(target)


def test_output_nobody_reads(pipe: tuple[int, int]) -> None:
    result, target = os.pipe()
    os.close(result)
    output = Output(pipe[0], target, MARK)
    os.write(pipe[1], b"lost" * 20 + MARK)
    output.read()
    os.close(target)
    assert output.broken and output.ended


def test_input_is_counted(pipe: tuple[int, int]) -> None:
    stream = Input(pipe[0], -1, terminal=False)
    os.write(pipe[1], b"a\x00\xff")
    stream.read()
    assert stream.pending == b"3\na\x00\xff"


def test_the_end_of_input_is_told() -> None:
    with open(os.devnull, "rb") as nothing:
        stream = Input(nothing.fileno(), -1, terminal=False)
        stream.read()
    assert stream.ended
    assert stream.pending == b"0\n"


def test_escapes_in_a_row(pipe: tuple[int, int]) -> None:
    stream = Input(pipe[0], -1, terminal=True)
    for keys, count in ((b"\x1d", 1), (b"\x1d", 2), (b"x", 0), (b"\x1d\x1d\x1d", 3)):
        os.write(pipe[1], keys)
        stream.read()
        assert stream.escapes == count
        assert stream.pending == keys


def test_reports_are_lines(pipe: tuple[int, int]) -> None:
    control = Control(pipe[0], -1)
    os.write(pipe[1], b"ready\nexi")
    assert control.reports() == [["ready"]]
    os.write(pipe[1], b"t 3\n")
    assert control.reports() == [["exit", "3"]]


# -- Which streams -------------------------------------------------------------------------


@pytest.fixture
def terminal() -> Iterator[int]:
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def test_pipes(pipe: tuple[int, int]) -> None:
    source, target = pipe
    with open(os.devnull, "w") as null:
        assert choose_streams(source, target, null.fileno()) == Streams("input", "output", "null")
        assert choose_streams(null.fileno(), target, 99).error == "null"  # 99 is closed


def test_one_pipe_for_output_and_errors_keeps_their_order(pipe: tuple[int, int]) -> None:
    again = os.dup(pipe[1])
    assert choose_streams(pipe[0], pipe[1], again) == Streams("input", "output", "same")
    os.close(again)


def test_terminal(terminal: int) -> None:
    streams = choose_streams(terminal, terminal, terminal)
    assert streams == Streams("console", "console", "same", "rows 0 cols 0")


def test_a_terminal_for_output_only(terminal: int, pipe: tuple[int, int]) -> None:
    streams = choose_streams(pipe[0], terminal, pipe[1])
    assert streams == Streams("input", "console", "error", "rows 0 cols 0 -echo -onlcr")


def test_keys_are_for_the_pager(terminal: int, pipe: tuple[int, int]) -> None:
    assert choose_streams(terminal, pipe[1], terminal) == Streams("null", "output", "error")


# -- What the guest is given ---------------------------------------------------------------


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    passed = {"TERM", "LC_ALL", "CI", "PYTHONHASHSEED", "WANTED", "TARGETCLI_DEBUG"}
    for name in (*passed, "AWS_SECRET_ACCESS_KEY", "TARGETCLI_HOME"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PATH", "/a:/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "/b")
    given = sandbox_guest.environment(["WANTED"], tmp_path)
    assert passed <= set(given)
    assert not {"AWS_SECRET_ACCESS_KEY", "TARGETCLI_HOME"} & set(given)
    assert given["PATH"].startswith(f"{tmp_path}/run/bin:/a:/usr/bin:/usr/local/sbin:")
    assert given["PYTHONPATH"].split(":")[-1] == "/b"
    assert given[sandbox_guest.INSIDE] == "1"


def guest(state: Path, *command: str) -> Guest:
    return Guest(
        state=state,
        release="6.1.0",
        modules=Path("/usr/lib/uml/modules/6.1.0"),
        streams=Streams("null", "output", "same"),
        mark=MARK.decode(),
        environment={"HOME": "/root", "ODD": "it's\n$(here)"},
        load=(),
        before=(),
        command=command,
        after=("true",),
    )


def test_parameters_mean_the_same_to_the_shell(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    words = ("echo", "", "a b", "it's", "$HOME", "\n", "\udcff")
    guest(tmp_path, *words).write(folder)
    show = f'. {shlex.quote(str(folder))}/parameters; printf "%s\\0" "${{command[@]}}"'
    shown = subprocess.run(["bash", "-c", show], capture_output=True, check=True).stdout
    assert shown == b"".join(os.fsencode(word) + b"\0" for word in words)
    count = '. "$0"/parameters; echo ${#before[@]} ${#after[@]} ${#environment[@]} "$output"'
    counted = subprocess.run(["bash", "-c", count, folder], capture_output=True, text=True)
    assert counted.stdout == "0 1 2 output\n"


def test_mounts_of_odd_names(tmp_path: Path) -> None:
    state = tmp_path / "a b#c"
    state.mkdir()
    folder = state / "run"
    folder.mkdir()
    guest(state).write(folder)
    lines = (folder / "fstab").read_text().splitlines()
    assert all(len(line.split()) == 4 for line in lines)
    assert any("/a\\040b\\043c/target " in line and "/etc/target " in line for line in lines)


# -- Refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["", "1", "x", "64M", "-1G", "1.5G"])
def test_memory_that_is_none(size: str) -> None:
    with pytest.raises(InvalidValue, match="size of memory"):
        sandbox.run(["true"], sandbox.Settings(memory=size))


def test_without_the_kernel(capfd: pytest.CaptureFixture[str]) -> None:
    assert sandbox.main(["--kernel", "linux.none", "true"]) == 1
    assert capfd.readouterr() == (
        "",
        "linux.none not found: the sandbox needs the user-mode kernel\n"
        "install the Debian package user-mode-linux, or use that of a suite: --kernel trixie\n",
    )


def test_the_kernel_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox_kernel.CHOICE, "linux.chosen")
    with pytest.raises(NotFound, match="linux.chosen not found"):
        sandbox_kernel.find()
    with pytest.raises(NotFound, match="linux.given not found"):
        sandbox_kernel.find("linux.given")


def test_a_kernel_that_does_not_run(tmp_path: Path) -> None:
    fake = tmp_path / "linux.fake"
    fake.write_text("#!/bin/sh\necho a >&2; echo 'needs GLIBC_2.38' >&2; exit 1\n")
    fake.chmod(0o755)
    with pytest.raises(Unsupported, match="linux.fake does not run: needs GLIBC_2.38$"):
        sandbox_kernel.find(str(fake))


def test_a_word_that_is_no_program_is_a_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(suite_kernel, "fetch", fetched.append)
    monkeypatch.setattr(sandbox_kernel, "_release", lambda path: "1.2.3")
    monkeypatch.setattr(sandbox_kernel, "_modules", lambda path, release: Path("/m"))
    sandbox_kernel.find("trixie")
    assert fetched == ["trixie"]


def test_without_its_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "linux.fake"
    fake.write_text("#!/bin/sh\necho 1.2.3\n")
    fake.chmod(0o755)
    with pytest.raises(NotFound, match="lib/uml/modules/1.2.3 not found: the modules of"):
        sandbox_kernel.find(str(fake))


@pytest.mark.parametrize("place", ["lib/uml/modules", "bin/lib/modules"])
def test_modules_beside_the_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    fake = tmp_path / "bin/linux.fake"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 1.2.3\n")
    fake.chmod(0o755)
    modules = tmp_path / place / "1.2.3"
    modules.mkdir(parents=True)
    monkeypatch.chdir(fake.parent)
    for name in ("./linux.fake", "linux.fake", str(fake)):
        found = sandbox_kernel.find(name)
        assert found == sandbox_kernel.Kernel(str(fake), "1.2.3", modules)


def test_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox_guest.INSIDE, "1")
    with pytest.raises(Unsupported, match="in a sandbox"):
        sandbox.run(["true"], sandbox.Settings())


@pytest.fixture
def some_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that is found; none of these tests gets to start it."""
    kernel = sandbox_kernel.Kernel("/bin/false", "1.2.3", Path("/nowhere"))
    monkeypatch.setattr(sandbox_kernel, "find", lambda name: kernel)


@pytest.mark.parametrize("state", ["/dev/shm/x", "/proc/x", '/tmp/a"b', "/tmp/a\nb"])
@pytest.mark.usefixtures("some_kernel")
def test_folders_that_cannot_be_the_state(state: str) -> None:
    with pytest.raises(InvalidValue):
        sandbox.run(["true"], sandbox.Settings(state=Path(state)))
    assert not os.path.exists(state)


@pytest.mark.usefixtures("some_kernel")
def test_a_state_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match="cannot be created: Not a directory"):
        sandbox.run(["true"], sandbox.Settings(state=tmp_path / "file" / "x"))


def test_modules_in_the_current_directory_are_not_imported(tmp_path: Path) -> None:
    for name in ("targetcli", "rtslib_ext"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('planted')")
    for name in ("io", "json", "types", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')")
    words = [*sandbox_guest.TARGETCLI, "--version"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.startswith("targetcli version ")


@pytest.mark.parametrize("mode", [0o777, 0o1777])
@pytest.mark.usefixtures("some_kernel")
def test_state_that_others_can_write_to(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "console.log").symlink_to(tmp_path / "victim")
    state.chmod(mode)
    with pytest.raises(Untrusted, match=f"others can write to the directory {state} .mode"):
        sandbox.run(["true"], sandbox.Settings(state=state))
    assert os.listdir(tmp_path) == ["state"] and os.listdir(state) == ["console.log"]


@pytest.mark.usefixtures("some_kernel")
def test_state_below_a_directory_that_others_can_write_to(tmp_path: Path) -> None:
    (tmp_path / "open" / "state").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Untrusted, match=f"others can write to the directory {tmp_path}/open "):
        sandbox.run(["true"], sandbox.Settings(state=tmp_path / "open" / "state"))


@pytest.mark.usefixtures("some_kernel")
def test_state_behind_a_planted_link(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    (tmp_path / "open" / "state").symlink_to(tmp_path / "mine")
    with pytest.raises(Untrusted, match="open/state is a symbolic link, and others can write"):
        sandbox.run(["true"], sandbox.Settings(state=tmp_path / "open" / "state"))
    assert os.listdir(tmp_path / "mine") == []


@pytest.mark.parametrize("name", ["lock", "target", "preferences"])
@pytest.mark.usefixtures("some_kernel")
def test_state_with_a_pipe_in_it(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InvalidValue, match=f"{tmp_path}/{name}.*: not a ") as caught:
        sandbox.run(["true"], sandbox.Settings(state=tmp_path))
    assert caught.value.hint == sandbox.ANOTHER


@pytest.mark.usefixtures("some_kernel")
def test_links_in_the_state_are_not_written_through(tmp_path: Path) -> None:
    """A link for the log is replaced, and so is one for the files of the run."""
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir()
    victim.mkdir()
    (victim / "log").write_text("precious")
    (state / "console.log").symlink_to(victim / "log")
    (state / "run").symlink_to(victim)
    with pytest.raises(sandbox_kernel.KernelFailed):
        sandbox.run(["true"], sandbox.Settings(state=state))
    assert ((victim / "log").read_text(), os.listdir(victim)) == ("precious", ["log"])
    assert not (state / "console.log").is_symlink()
    (state / "lock").unlink()
    (state / "lock").symlink_to(victim / "new")
    with pytest.raises(InvalidValue, match="/lock: too many levels of symbolic links"):
        sandbox.run(["true"], sandbox.Settings(state=state))
    assert os.listdir(victim) == ["log"]


@pytest.mark.usefixtures("some_kernel")
def test_one_sandbox_in_a_state(tmp_path: Path) -> None:
    with (
        sandbox._lock(tmp_path),
        pytest.raises(InUse, match=f"another sandbox, process {os.getpid()}"),
    ):
        sandbox.run(["true"], sandbox.Settings(state=tmp_path))


def test_no_room_for_the_memory() -> None:
    with pytest.raises(Unsupported, match="has room for 1048576 MiB"):
        sandbox_kernel._memory_folder(1 << 40)


INIT_ENDED = "[ 1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n"
NO_EXECUTION = "Checking PROT_EXEC mmap in /tmp...Operation not permitted"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("[ 1.1] Kernel panic - not syncing: VFS: no root\n[ 1.2] CPU: 0\n", "VFS: no root"),
        ("[ 1.0] a\nmount: no such thing\n[ 1.1] b\n" + INIT_ENDED, "mount: no such thing"),
        (NO_EXECUTION + "\n\n", NO_EXECUTION),
        ("", "its log is empty"),
    ],
)
def test_last_words(tmp_path: Path, log: str, words: str) -> None:
    path = tmp_path / "console.log"
    path.write_text(log)
    assert sandbox_kernel._last_words(path) == words


# -- targetcli in it -----------------------------------------------------------------------


def test_default_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert sandbox.default_state() == Path("/x/targetcli/sandbox")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert sandbox.default_state() == Path("/h/.local/state/targetcli/sandbox")


def test_targetcli_restores_what_was_saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[sandbox.Settings] = []

    def run(command: list[str], settings: sandbox.Settings) -> int:
        assert command == [*sandbox_guest.TARGETCLI, "ls"]
        asked.append(settings)
        return 3

    monkeypatch.setattr(sandbox, "run", run)
    assert sandbox.run_targetcli(["ls"], sandbox.Settings(state=tmp_path)) == 3
    (tmp_path / "target").mkdir()
    (tmp_path / "target/saveconfig.json").touch()
    sandbox.run_targetcli(["ls"], sandbox.Settings(state=tmp_path))
    first, second = asked
    assert first.before == ()
    assert second.before == (*sandbox_guest.TARGETCLI, "restoreconfig")
    assert first.after == (*sandbox_guest.TARGETCLI, "--yes", "saveconfig")
    assert first.modules == ("target_core_mod",)
