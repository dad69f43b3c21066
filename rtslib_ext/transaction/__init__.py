# SPDX-License-Identifier: Apache-2.0
"""Perform a plan, all of it or nothing, and recover after a crash."""
