# SPDX-License-Identifier: Apache-2.0
"""targetcli-fb beside this tool: the same lines, the same answers, the same kernel."""
