# SPDX-License-Identifier: Apache-2.0
"""Run commands in this process, and return their output and exit status."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import session
from targetcli.env import Env, Options, Session
from targetcli.language import grammar
from targetcli.prefs import Preferences
from targetcli.report import Done
from targetcli.result import Result

TARGET = Path("/sys/kernel/config/target")
ETC = Path("/etc/target")

# The beginnings of messages that targetcli-fb does not have.
ASIDES = ("Note: ", "Deleted LUN ")

# Counters, and numbers that each new object gets.
_VOLATILE = frozenset({"statistics", "fabric_statistics", "rtpi", "hba_info"})


class Answer(str):
    """Standard output; ``exit`` is the exit status, ``stderr`` standard error."""

    exit: int
    stderr: str
    result: Result | None

    @property
    def rows(self) -> list[str]:
        """Return the lines of standard output."""
        return self.splitlines()

    @property
    def asides(self) -> list[str]:
        """Return the lines of standard error, of a command that did not fail."""
        return self.stderr.splitlines()


@dataclass
class Shell:
    """One user: preferences, current path and changes are kept from command to command."""

    home: Path
    fs: ConfigFS = field(default_factory=ConfigFS)
    cwd: str = "/"
    save_file: str = f"{ETC}/saveconfig.json"
    done: list[Done] = field(default_factory=list)
    undone: list[Done] = field(default_factory=list)
    kept: str = ""
    several: bool = True
    """False: each line is a one-shot command."""
    _tree: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def history(self) -> str:
        """Return the directory of this user's history."""
        return self.kept or f"{self.home}.history"

    def __call__(self, line: str, **options: object) -> Answer:
        """Run a line as the interactive shell does."""
        return self._run(lambda: grammar.parse(line), options)

    def words(self, *words: str, **options: object) -> Answer:
        """Run a one-shot command."""
        return self._run(lambda: grammar.parse_words(words), options)

    def ok(self, line: str, **options: object) -> Answer:
        """Run a line that must succeed; it may print notes on standard error."""
        answer = self(line, **options)
        assert answer.exit == 0, f"{line}: {answer.stderr}"
        assert all(row.startswith(ASIDES) for row in answer.asides), f"{line}: {answer.stderr}"
        return answer

    def refuses(self, line: str, *texts: str, also: Sequence[Path] = ()) -> Answer:
        """Run a line that must fail with a reason, and change nothing.

        ``texts`` must be in the message, ``also`` are more directories that must not change.
        """
        before = self._tree or tree(), files(ETC, *also)
        answer = self(line)
        self._tree = tree()
        assert differences(self._tree, before[0]) == [], line
        assert differences(files(ETC, *also), before[1]) == [], line
        assert (answer.exit, answer) == (1, ""), line
        assert answer.stderr.count("\n") == 1, answer.stderr
        assert "Traceback" not in answer.stderr and "bug in targetcli" not in answer.stderr
        for text in texts:
            assert text in answer.stderr, f"{line}: {answer.stderr}"
        return answer

    def env(self, **options: object) -> Env:
        """Return the environment of the next command."""
        return Env(
            Preferences.load(self.home),
            fs=self.fs,
            stdin=io.StringIO(),
            stdout=io.StringIO(),
            stderr=io.StringIO(),
            save_file=self.save_file,
            history=self.history,
            is_root=bool(options.pop("is_root", True)),
            options=Options(**options),  # type: ignore[arg-type]
            session=Session(cwd=self.cwd, several=self.several, done=self.done, undone=self.undone),
        )

    def _run(self, read: object, options: dict[str, object]) -> Answer:
        self._tree = {}
        env = self.env(**options)
        result = session.run_line(env, read)  # type: ignore[arg-type]
        self.cwd = env.session.cwd
        answer = Answer(env.stdout.getvalue())  # type: ignore[attr-defined]
        answer.exit = env.session.report.failed if result is None else result.status
        answer.stderr = env.stderr.getvalue()  # type: ignore[attr-defined]
        answer.result = result
        return answer


def tree(*below: str) -> dict[str, str]:
    """Return the target tree, or some directories of it: names, links, readable values."""
    found: dict[str, str] = {}
    for start in below or ("",):
        found.update(_walk(TARGET / start))
    return found


def _walk(folder: Path) -> Iterator[tuple[str, str]]:
    for item in os.scandir(folder):
        name = f"{item.path}".removeprefix(f"{TARGET}/")
        if item.is_symlink():
            yield name, f"-> {os.readlink(item.path)}"
        elif item.name in _VOLATILE:
            continue
        elif item.is_dir():
            yield name, "/"
            yield from _walk(Path(item.path))
        else:
            yield name, _settled(item.name, _text(item.path))


def _settled(name: str, text: str) -> str:
    """Return a value without the parts that differ from run to run."""
    if name == "members":
        return "\n".join(sorted(text.replace("\0", "").split("\n")))
    if name == "info":
        return re.sub(r"\bID: \d+", "ID", text)
    if name == "address":
        # The number of its SCSI host, which another host may have taken meanwhile.
        return text.partition(":")[2]
    # Credentials that were taken away; an empty one cannot be written.
    return "\n" if text == "NULL\n" else text


def _text(path: str) -> str:
    # Not by a file object: this reads thousands of files on a kernel that takes its time.
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as err:
        return f"errno {err.errno}"
    try:
        return os.read(handle, 65536).decode(errors="replace")
    except OSError as err:
        return f"errno {err.errno}"
    finally:
        os.close(handle)


def differences(have: Mapping[str, object], want: Mapping[str, object]) -> list[str]:
    """Return the differences of two trees, a line each."""
    names = sorted(have.keys() | want.keys())
    return [
        f"{name}: {have.get(name)!r}, not {want.get(name)!r}"
        for name in names
        if have.get(name) != want.get(name)
    ]


def files(*folders: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return the files in some directories of the host: mode, and contents or type."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for folder in folders:
        for path in sorted([folder, *folder.rglob("*")]):
            status = path.lstat()
            mode = status.st_mode
            if stat.S_ISLNK(mode):
                found[str(path)] = (0, os.readlink(path))
            else:
                data = path.read_bytes() if stat.S_ISREG(mode) else oct(stat.S_IFMT(mode))
                found[str(path)] = (stat.S_IMODE(mode), data)
    return found


def value(path: str) -> str:
    """Return the value of one file of the target tree."""
    return (TARGET / path).read_text().rstrip("\n\0")


def done(rows: list[str]) -> list[str]:
    """Return the lines of a plan as they are once it is carried out."""
    words = {"create": "created", "change": "changed", "recreate": "recreated", "delete": "deleted"}
    words |= {"set": "set", "remap": "remapped", "unmap": "unmapped", "map": "mapped"}
    return [
        re.sub(r"to (\w+)", lambda found: words[found[1]], row.replace("Plan: ", "Done: "))
        if row.startswith("Plan: ")
        else re.sub(r"would (\w+)", lambda found: words[found[1]], row)
        for row in rows
    ]
