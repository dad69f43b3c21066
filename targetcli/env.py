# SPDX-License-Identifier: Apache-2.0
"""The world of one run of the program, passed to everything that needs a part of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from rtslib_ext.configfs import ConfigFS
from rtslib_ext.records import dataclass, field

from .options import Options
from .prefs import Preferences
from .report import Done, Report

if TYPE_CHECKING:
    from .collection import Collection
    from .progress import Work

TARGET_DIR = "/etc/target"
SAVE_FILE = f"{TARGET_DIR}/saveconfig.json"
LOCK_FILE = "/var/run/targetcli.lock"
JOURNAL = "/run/targetcli/journal"
HISTORY = "/var/lib/targetcli/history"


@dataclass(slots=True)
class Env:
    """Everything around the commands; tests put their own in."""

    prefs: Preferences
    fs: ConfigFS = field(default_factory=ConfigFS)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    save_file: str = SAVE_FILE
    lock_file: str = LOCK_FILE
    journal: str = JOURNAL
    history: str = HISTORY
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    options: Options = field(default_factory=Options)
    # The node in which a relative path starts.
    cwd: str = "/"
    interactive: bool = False
    # Whether this is a line of several: the shell, or standard input.
    session: bool = False
    # Where changes go instead of into the kernel: --dry-run, --batch, begin.
    collection: Collection | None = None
    # The work that goes on, which a bar may show.
    work: Work | None = None
    # What became of the line that is being run.
    report: Report = field(default_factory=Report)
    # What this session changed and did not take back yet, the last change last.
    done: list[Done] = field(default_factory=list)
    # Whether the shell is being left, which saves unasked.
    leaving: bool = False
    # What the last change of the configuration was, where that matters; known under the lock.
    last_change: str = ""
    # Whether the log file, where there is one, could be written so far.
    logs: bool = True
    # What the present command may cut off: the facts that somebody said yes to.
    agreed: tuple[str, ...] = ()

    @property
    def on_terminal(self) -> bool:
        """Tell whether a person reads the output."""
        return self.stdout.isatty()
