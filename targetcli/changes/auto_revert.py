# SPDX-License-Identifier: Apache-2.0
"""The process that rolls back a change that was not confirmed in time.

It outlives the terminal, the connection and the login session of the user: with systemd it runs as
a service, otherwise as an orphan in its own session without a terminal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import syslog
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rtslib_ext.errors import LioError, reason
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.host import system
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.steps import Step, inverse
from rtslib_ext.transaction import beside, confirmed_commit
from rtslib_ext.transaction.beside import Replaced
from rtslib_ext.transaction.confirmed_commit import PendingCommit
from rtslib_ext.transaction.journal import Journal
from rtslib_ext.transaction.lock import change_lock

from ..audit import history

if TYPE_CHECKING:
    from ..env import Env

# sd_booted(3)
_SYSTEMD = "/run/systemd/system"
# How often to check whether the change was confirmed.
_LOOK_SECONDS = 5.0
_DETACH = "--detach"
# The start of the outcome of a change that was rolled back.
ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Paths:
    """The lock file, the journal, and the directory in which the history is kept."""

    lock: str
    journal: str
    history: str

    @classmethod
    def of(cls, env: Env) -> Paths:
        """Return those of the commands."""
        return cls(env.lock_file, env.journal, env.history)

    @property
    def commit(self) -> str:
        """The file that describes the change."""
        return confirmed_commit.beside(self.journal)


def start(paths: Paths) -> None:
    """Start the process for the pending change; raises LioError."""
    sources = str(Path(__file__).resolve().parents[2])
    program = [sys.executable, "-m", __name__, paths.lock, paths.journal, paths.history]
    if os.path.isdir(_SYSTEMD) and _as_service(program, sources):
        return
    try:
        done = subprocess.run(
            [*program, _DETACH],
            env={**os.environ, "PYTHONPATH": sources},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            check=False,
        )
    except OSError as err:
        raise LioError(f"cannot start {sys.executable}: {reason(err)}") from err
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LioError(f"the process that rolls back the change did not start: {why}")


def _as_service(program: list[str], sources: str) -> bool:
    """Return True if systemd runs it as a service, which survives the end of the login session."""
    command = ["systemd-run", "--quiet", "--collect", "--property=Type=exec"]
    # It must not end before the change is confirmed or rolled back.
    command += ["--property=Restart=on-failure", "--property=RestartForceExitStatus=SIGTERM"]
    command += [
        "--description=Roll back unless targetcli confirm is run",
        f"--setenv=PYTHONPATH={sources}",
    ]
    with suppress(OSError):
        words = [*command, *program]
        done = subprocess.run(words, env=system.environment(), capture_output=True, check=False)
        return not done.returncode
    return False


def main(words: Sequence[str]) -> None:
    """Run the process; ``words`` are the paths, and an option."""
    lock, journal, records, *detach = words
    if detach:
        if os.fork():
            os._exit(0)
        # Nothing reads this from here on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    paths = Paths(lock, journal, records)
    found = confirmed_commit.find(paths.commit)
    if found:
        _wait(paths, found)


def _wait(paths: Paths, first: PendingCommit) -> None:
    while True:
        pending = confirmed_commit.find(paths.commit)
        if pending is None or pending.about != first.about:
            return
        if pending.left > 0:
            time.sleep(min(pending.left, _LOOK_SECONDS))
            continue
        with suppress(LioError), change_lock(f"/ auto-revert: {pending}", path=paths.lock):
            files = beside.Files.of(paths.journal)
            if not os.path.exists(paths.journal) and beside.is_unfinished(files):
                beside.settle(files)
            # While waiting for the lock, the change may have been confirmed or extended.
            pending = confirmed_commit.find(paths.commit)
            if not pending or pending.about != first.about or pending.left > 0:
                continue
            if not confirmed_commit.blocking(pending, paths.journal):
                roll_back(paths, pending)
                return
        # Wait until recover has ended the interrupted change.
        time.sleep(_LOOK_SECONDS)


def roll_back(paths: Paths, pending: PendingCommit) -> PendingCommit:
    """Roll back the change, under the lock; record and log the outcome."""
    about = {**pending.about, "command": f"auto-revert: {pending.about.get('command')}"}
    # If this is interrupted, the journal must not identify it as the change itself.
    about.pop("process", None)
    about["since"] = time.time()
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    syslog.openlog("targetcli", syslog.LOG_PID, syslog.LOG_DAEMON)
    try:
        replaced = beside.from_plain(pending.replaced)
        with beside.reverting(beside.Files.of(paths.journal), replaced) as (restored, notes):
            steps = confirmed_commit.revert(ConfigFS(), pending, Journal(paths.journal, about))
        _record(paths.history, pending, steps, restored)
        outcome = "; ".join((f"{ROLLED_BACK} at {when}", *notes))
        level = syslog.LOG_WARNING if notes else syslog.LOG_NOTICE
    except (LioError, OSError) as err:
        path = getattr(err, "path", "")
        why = f"{path}: {err}" if path else str(err)
        outcome, level = f"could not be rolled back at {when}: {why}", syslog.LOG_ERR
    ended = pending.ended(outcome)
    confirmed_commit.write(paths.commit, ended)
    syslog.syslog(level, f"{pending}, not confirmed within {pending.seconds:g} s: {outcome}")
    return ended


def _record(
    folder: str,
    pending: PendingCommit,
    steps: Sequence[Step],
    restored: Replaced,
) -> None:
    """Record the roll-back in the history, so that it can be reverted; log if that fails."""
    if not (steps or restored.owners or restored.networks):
        return
    command = f"{pending.about.get('path')} auto-revert: {pending.about.get('command')}"
    try:
        history.keep(
            folder,
            command,
            steps,
            inverse.invert(steps),
            undoes=pending.number,
            owners=restored.owners,
            networks=restored.networks,
        )
    except (OSError, LioError) as err:
        syslog.syslog(syslog.LOG_ERR, f"{command}: not recorded in {folder}: {err}")


if __name__ == "__main__":
    main(sys.argv[1:])
