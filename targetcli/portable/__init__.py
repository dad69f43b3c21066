# SPDX-License-Identifier: Apache-2.0
"""A configuration as text for other tools: commands of this program, tasks of Ansible."""
