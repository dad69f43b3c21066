# SPDX-License-Identifier: Apache-2.0
"""Runs one command; prints how many system calls it made on the target tree, at the end.

python -m benchmarks.counted WORD ...
"""

from __future__ import annotations

import sys
from typing import Any

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import cli


def main(words: list[str]) -> int:
    """Run it; its exit status."""
    counters: list[Any] = []
    make = ConfigFS.__init__

    def noted(self: ConfigFS, *arguments: Any) -> None:
        make(self, *arguments)
        counters.append(self.calls)

    ConfigFS.__init__ = noted  # type: ignore[assignment, method-assign]
    status = cli.main(words)
    # A snapshot shares the counter of what it looks at.
    print(sum(sum(each.values()) for each in {id(item): item for item in counters}.values()))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
