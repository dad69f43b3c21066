# SPDX-License-Identifier: Apache-2.0
"""Full screens at a terminal, with urwid: ``browse`` and ``top``. Only these commands import it."""
