# SPDX-License-Identifier: Apache-2.0
"""Performs a plan: all of it or nothing."""
