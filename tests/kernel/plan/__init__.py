# SPDX-License-Identifier: Apache-2.0
"""The oracle: what rtslib-fb makes of a file and what this project makes of it, compared."""
