#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds the configuration of a save file to the running one: apply_file.py FILE [--yes]

Shows the steps and the sessions that they interrupt, asks, and applies them. While it asks it
holds no lock: what another process changes meanwhile is not overwritten.
"""

import sys

from rtslib_ext import Change, LioError, System, savefile
from rtslib_ext.savefile import disk


def planned(system: System, file: str) -> Change:
    """Return the change that a file asks for."""
    loaded = savefile.loads(disk.read(file), file)
    if loaded.problems:
        raise LioError("; ".join(map(str, loaded.problems)))
    return system.plan(loaded.config)


def show(change: Change) -> None:
    """Print the steps, notes on files and devices, and the sessions that the steps interrupt."""
    for step in change.steps:
        print(step)
    for path, note in change.plan.notes:
        print(f"{path}: {note}")
    for interruption in change.interrupts:
        print(f"interrupts: {interruption.text}")


def main(file: str, *options: str) -> None:
    """Plan, show, ask and apply."""
    system = System()
    change = planned(system, file)
    show(change)
    if not change:
        print("Nothing to do.")
    elif "--yes" in options or input("Apply this? [y/N] ") == "y":
        outcome = system.apply(change, f"apply {file}", interrupt=True)
        print(f"Done: {len(outcome.done)} steps.")
        for step in outcome.remaining:
            print(f"the kernel stored another value: {step}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except LioError as err:
        sys.exit(f"{err.path}: {err}" if err.path else str(err))
