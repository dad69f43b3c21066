# SPDX-License-Identifier: Apache-2.0
"""Plan the fewest steps from one configuration to another."""
