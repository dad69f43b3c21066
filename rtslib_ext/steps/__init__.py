# SPDX-License-Identifier: Apache-2.0
"""Every change to the kernel, as data: steps that can be described, performed and reversed."""

from .context import Context
from .step import Action, Step

__all__ = ["Action", "Context", "Step"]
