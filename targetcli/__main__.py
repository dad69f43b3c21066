# SPDX-License-Identifier: Apache-2.0
"""Run the program: ``python -m targetcli``."""

import gc
import sys

# A start creates many objects and drops none, so collections would only cost time.
gc.set_threshold(50_000)

try:
    from targetcli.cli import main as _main
except KeyboardInterrupt:
    # Ctrl-C at once: as of any program, without a traceback.
    sys.exit(130)


def main() -> None:
    """Run the console script."""
    status = _main()
    # Nothing is left to collect: at exit, Python would visit every object once more.
    gc.freeze()
    sys.exit(status)


if __name__ == "__main__":
    main()
