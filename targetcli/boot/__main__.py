# SPDX-License-Identifier: Apache-2.0
"""Run the program: ``python -m targetcli.boot``."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
