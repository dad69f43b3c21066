# SPDX-License-Identifier: Apache-2.0
"""Plan the fewest steps from one configuration to another."""

from ..config.merge import merge
from .builder import Plan
from .diff import plan

__all__ = ["Plan", "merge", "plan"]
