# SPDX-License-Identifier: Apache-2.0
"""Which source owns which objects of the running configuration, and what its fragment changes."""
