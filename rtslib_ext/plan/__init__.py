# SPDX-License-Identifier: Apache-2.0
"""Config x Config -> the fewest steps from the one to the other."""

from .draft import Plan
from .over import over
from .whole import plan

__all__ = ["Plan", "over", "plan"]
