# SPDX-License-Identifier: Apache-2.0
"""The plan of a change of the running configuration, with the kernel's files that it needs."""

from __future__ import annotations

from ..config.model import Config
from ..kernel import paths, setup
from ..kernel.configfs import ReadFS
from ..plan.builder import Plan
from ..plan.diff import plan
from ..usage import reservations


def planned(fs: ReadFS, have: Config, want: Config) -> Plan:
    """Return the plan from ``have``, the running configuration, to ``want``.

    Raises KernelRefused if a file cannot be read, KeyError for an unknown fabric.
    """
    dbroot = setup.dbroot(fs)
    return plan(
        have,
        want,
        paths.locator(fs),
        paths.HbaAllocator(fs),
        lambda serial: reservations.kept(dbroot, serial),
        fs.read_if_there,
    )
