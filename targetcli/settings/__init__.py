# SPDX-License-Identifier: Apache-2.0
"""Groups of settings: what ``get`` shows and what ``set`` turns into steps.

Those of one kind of node only are imported by that node, when it is asked for its groups.
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
