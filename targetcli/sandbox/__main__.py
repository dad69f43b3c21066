# SPDX-License-Identifier: Apache-2.0
"""Run a program on a kernel of its own: ``python -m targetcli.sandbox``."""

import sys

from . import main

sys.exit(main())
