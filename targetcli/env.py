# SPDX-License-Identifier: Apache-2.0
"""The environment of one run of the program, and the state of its session."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.kernel.configfs import ConfigFS, WriteFS

from .options import Options
from .prefs import Preferences
from .report import Done, Report
from .result import Result

if TYPE_CHECKING:
    from rtslib_ext.kernel.host_files import HostFiles
    from rtslib_ext.plan.builder import Plan
    from rtslib_ext.steps import Step
    from rtslib_ext.transaction.executor import Outcome
    from rtslib_ext.transaction.lock import LastChange

    # For type checkers only: creating a Protocol class at run time is slow.
    class PendingChanges(Protocol):
        """Changes that are queued instead of made; ``changes.transaction.Transaction`` is one."""

        asks: bool
        is_dry_run: bool
        is_trial: bool
        free_numbers: dict[str, int]
        steps: list[Step]
        records: Any
        """The owners and networks; a ``changes.queued_records.QueuedRecords``."""

        @property
        def host(self) -> HostFiles:
            """Return the host's files as they would be."""

        def add(self, steps: Iterable[Step], replaced: Mapping[str, str] | None = None) -> Outcome:
            """Queue steps."""

        def note(self, text: str) -> None:
            """Queue a text that is only shown."""

        def defer(self, text: str, action: Callable[[], Result]) -> Result:
            """Queue an action that follows the steps."""

        def follow(self, action: Callable[[], None]) -> None:
            """Queue an action that follows the steps, and is not shown."""

        def set_preference(self, text: str, change: Callable[[Preferences], object]) -> None:
            """Queue a change of the preferences."""

        def refuse_irreversible(self) -> None:
            """Refuse the present command."""

        def plan(self) -> Plan:
            """Return everything that is queued."""

        def report(self, report: Report, result: Result) -> Result:
            """Return what a line would do."""

        def at_stake(self) -> list[str]:
            """Return what discarding would lose."""

        def discard(self) -> list[str]:
            """Drop everything that is queued."""

        def start_trial(self) -> None:
            """Only show what the present line would queue."""

        def end_trial(self) -> None:
            """Drop what this line queued."""

        def savepoint(self) -> Any:
            """Return a mark for ``rollback_to``."""

        def rollback_to(self, savepoint: Any) -> None:
            """Drop the changes queued since a savepoint."""

    class Counter(Protocol):
        """Counts long work; ``progress.Work`` is one."""

        def count(self, *_: object) -> None:
            """Count one piece."""

        def hide(self) -> None:
            """Hide the bar: output has started."""

        def end(self) -> None:
            """Remove the bar."""


TARGET_DIR = "/etc/target"
SAVE_FILE = f"{TARGET_DIR}/saveconfig.json"
LOCK_FILE = "/var/run/targetcli.lock"
JOURNAL = "/run/targetcli/journal"
HISTORY = "/var/lib/targetcli/history"


@dataclass(slots=True)
class Session:
    """The state that a session keeps from line to line: a shell, standard input, one command."""

    cwd: str = "/"
    """The node at which a relative path starts."""
    interactive: bool = False
    several: bool = False
    """Whether it runs several lines: the shell, or standard input."""
    transaction: PendingChanges | None = None
    """Takes the changes instead of the kernel: --dry-run, --batch, begin."""
    work: Counter | None = None
    """The long work in progress, which a bar may show."""
    report: Report = field(default_factory=Report)
    """The results of the present line."""
    done: list[Done] = field(default_factory=list)
    """The changes of this session that were not undone, the last one last."""
    undone: list[Done] = field(default_factory=list)
    """The undos after the last other change, the last one last: redo undoes them."""
    leaving: bool = False
    """Whether the shell is exiting, which saves without asking."""
    changed: bool = False
    """Whether it changed the running configuration, or confirmed a change of it."""
    unsaved: set[tuple[str, str]] = field(default_factory=set)
    """What it changed since it saved the configuration: (shell path, setting or "")."""
    recorded: list[int] = field(default_factory=list)
    """The numbers in the history of these changes."""
    last_change: LastChange | None = None
    """The kind of the last change; None until the lock was taken once."""
    logs: bool = True
    """Whether the log file, if any, could be written so far."""
    batch: Callable[[Env, str], int] | None = None
    """Runs the lines of a file: ``--batch FILE`` as a line. It is a layer above."""
    agreed: tuple[str, ...] = ()
    """The facts of the present command that the user has agreed to."""
    agrees: Callable[[str], bool] | None = None
    """Answers the questions of a line that a full screen runs: whether it has shown this fact."""

    def note_unsaved(self, path: str, what: str) -> None:
        """Note a change beside the kernel's objects, so that leaving the shell saves it."""
        self.changed = True
        self.unsaved.add((path, what))


@dataclass(slots=True)
class Env:
    """Everything around the commands; tests pass their own."""

    prefs: Preferences
    fs: WriteFS = field(default_factory=ConfigFS)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    save_file: str = SAVE_FILE
    lock_file: str = LOCK_FILE
    journal: str = JOURNAL
    history: str = HISTORY
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    options: Options = field(default_factory=Options)
    session: Session = field(default_factory=Session)

    @property
    def unrestored(self) -> str:
        """Return the path of the record of what could not be restored, beside the journal."""
        return f"{os.path.dirname(self.journal)}/unrestored.json"

    @property
    def applied_fragments(self) -> str:
        """Return the path of the list of the owners whose fragments in conf.d were applied."""
        return f"{os.path.dirname(self.history)}/fragments.json"

    @property
    def waiting_fragments(self) -> str:
        """Return the path of the record of the fragments that wait for devices since boot."""
        return f"{os.path.dirname(self.journal)}/waiting_fragments.json"

    @property
    def allowed_networks(self) -> str:
        """Return the path of the record of the networks that may reach each portal."""
        return f"{os.path.dirname(self.journal)}/allowed_networks.json"

    @property
    def owners(self) -> str:
        """Return the path of the record of the owners, beside the journal."""
        return f"{os.path.dirname(self.journal)}/owners.json"

    @property
    def has_owners(self) -> bool:
        """Return True if there is a record of the owners, or a transaction has queued one."""
        transaction = self.session.transaction
        queued = transaction is not None and bool(transaction.records.has_owners)
        return queued or os.path.exists(self.owners)

    @property
    def pairs(self) -> str:
        """Return the directory of the fragments that move between hosts: not applied at boot."""
        return f"{os.path.dirname(self.save_file)}/pairs"

    @property
    def fragments(self) -> str:
        """Return the directory of the fragments that have their owner's name."""
        return f"{os.path.dirname(self.save_file)}/conf.d"

    @property
    def host(self) -> HostFiles:
        """Return the host's files: staged while changes are queued."""
        if self.session.transaction is not None:
            return self.session.transaction.host
        # Imported here: commands that only look need none of it.
        from rtslib_ext.kernel.host_files import RealHostFiles

        return RealHostFiles()

    @property
    def on_terminal(self) -> bool:
        """Return True if standard output is a terminal."""
        return self.stdout.isatty()

    @property
    def uses_colors(self) -> bool:
        """Return True at a terminal, unless color_mode is off or NO_COLOR (no-color.org) is set."""
        if not self.on_terminal or os.environ.get("NO_COLOR"):
            return False
        return self.prefs.flag("color_mode")
