# SPDX-License-Identifier: Apache-2.0
"""The rule by which make test runs fewer tests on the newer kernels than on the first one.

All tests run on the kernel of bookworm. On the others, with ``--thin SUITE``, run

- whole, the parts whose tests are tables of what the kernel has, takes and refuses, and the quick
  ones;
- of every other part one test in so many (SHARES), and all marked ``differs_by_kernel``; none that
  needs all of its part (OF_THE_WHOLE).

Which one in so many depends on the name of the test and on the suite only: a kernel gets the same
tests in each run, and two kernels different ones.
"""

from __future__ import annotations

import zlib

SUITES = ("trixie", "sid")
MARK = "differs_by_kernel"
# A part is a file, or a directory with all its files.
WHOLE = (
    "tests/kernel/fabrics/",
    "tests/kernel/refusals/",
    "tests/kernel/test_reader.py",
    "tests/kernel/test_restore.py",
    "tests/kernel/test_sandbox.py",
    "tests/kernel/test_schema.py",
    "tests/kernel/test_staging.py",
)
SHARES = {
    "tests/clients/": 2,
    "tests/kernel/commands/": 7,
    "tests/kernel/compatibility/": 4,
    "tests/kernel/oracle/": 3,
    "tests/kernel/plan/": 8,
    "tests/kernel/screens/": 4,
}
# Tests of the results of all others of their part.
OF_THE_WHOLE = ("tests/kernel/oracle/test_oracle.py::test_every_exception_is_needed",)


def runs(name: str, suite: str, marked: bool) -> bool:
    """Return True if a test, such as tests/kernel/plan/test_pairs.py::test_x[a], runs on a kernel.

    Raises LookupError for a test in none of the parts, ValueError for another suite.
    """
    if name in OF_THE_WHOLE:
        return False
    if marked or name.startswith(WHOLE):
        return True
    share = next((number for part, number in SHARES.items() if name.startswith(part)), None)
    if share is None:
        raise LookupError(f"{name} is in no part of tests/thinning.py")
    return zlib.crc32(name.encode()) % share == SUITES.index(suite) % share
