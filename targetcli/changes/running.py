# SPDX-License-Identifier: Apache-2.0
"""Read the whole running configuration, with a progress bar."""

from __future__ import annotations

from rtslib_ext.config.model import Config
from rtslib_ext.reading import counting

from .. import progress
from ..env import Env


def read(env: Env) -> Config:
    """Return the running configuration; raises LioError."""
    with progress.work(env, "reading", lambda _: counting.running(env.fs)) as work:
        return counting.CountedReader(env.fs, work.count).config()
