# SPDX-License-Identifier: Apache-2.0
"""Groups of settings: their values for ``get`` and their steps for ``set``.

A group that only one kind of node has is imported by that node, when its groups are needed.
"""

from .alua import AluaSettings, LunAlua
from .auth import Credentials, DiscoveryAuth, is_secret
from .group import Folder, Group
from .preferences import Preferences

__all__ = [
    "AluaSettings",
    "Credentials",
    "DiscoveryAuth",
    "Folder",
    "Group",
    "LunAlua",
    "Preferences",
    "is_secret",
]
