# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.fuzz``."""

import sys

from .campaign import main

sys.exit(main())
