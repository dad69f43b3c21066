# SPDX-License-Identifier: Apache-2.0
"""What all tests share."""

from hypothesis import settings

# A system call that takes 1 us on the host takes 10 in the sandbox: time says nothing.
settings.register_profile("targetcli", deadline=None)
settings.load_profile("targetcli")
