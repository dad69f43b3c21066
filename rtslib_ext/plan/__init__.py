# SPDX-License-Identifier: Apache-2.0
"""Config x Config -> the fewest steps from the one to the other."""

from ..config.merge import merge
from .builder import Plan
from .diff import plan

__all__ = ["Plan", "merge", "plan"]
