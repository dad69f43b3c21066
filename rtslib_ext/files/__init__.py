# SPDX-License-Identifier: Apache-2.0
"""Files that others may control or read: trusted, read up to a limit, replaced atomically."""
