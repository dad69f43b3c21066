# SPDX-License-Identifier: Apache-2.0
"""The commands: functions of (Env, Node, parameters) that return results."""
