# SPDX-License-Identifier: Apache-2.0
"""All that runs, read while somebody may watch."""

from __future__ import annotations

from rtslib_ext import census
from rtslib_ext.model import Config

from .. import progress
from ..env import Env


def running(env: Env) -> Config:
    """The whole running configuration."""
    with progress.work(env, "reading", lambda _: census.running(env.fs)) as work:
        return census.CountedReader(env.fs, work.count).config()
