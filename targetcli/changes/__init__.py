# SPDX-License-Identifier: Apache-2.0
"""Apply, queue, confirm and ask about the changes that commands make."""
