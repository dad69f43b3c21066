# SPDX-License-Identifier: Apache-2.0
"""Run the program: ``python -m targetcli``."""

import sys

from targetcli.cli import main as _main


def main() -> None:
    """Run the console script."""
    sys.exit(_main())


if __name__ == "__main__":
    main()
