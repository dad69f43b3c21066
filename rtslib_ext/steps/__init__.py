# SPDX-License-Identifier: Apache-2.0
"""Everything that changes the kernel, as data: steps that can be said, done and undone."""

from .context import Context
from .step import Action, Step

__all__ = ["Action", "Context", "Step"]
