# SPDX-License-Identifier: Apache-2.0
"""Enabled TPGs without a portal: no initiator can log in."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.model import Config
from ..config.shell_paths import ShellPath
from ..kernel import paths
from ..kernel.configfs import ReadFS
from ..reading.reader import Reader
from ..reading.tpg_keys import tpgs_of_config

TEXT = "is enabled and has no portal: no initiator can log in"
CURE = "portals/ create creates one"


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each enabled TPG of a configuration that has no portal."""
    for path, _, tpg in tpgs_of_config(config, "nps"):
        if tpg.enable and not tpg.portals:
            yield path.shell, f"it {TEXT} ({CURE})"


def of_running(fs: ReadFS, config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield the same for those TPGs of a configuration that are enabled in the kernel."""
    reader = Reader(fs)
    for path, _, _ in tpgs_of_config(config, "nps"):
        if reader.enabled(path.configfs) and not reader.portal_names(paths.portals(path.configfs)):
            yield path.shell, f"it {TEXT} ({CURE})"
