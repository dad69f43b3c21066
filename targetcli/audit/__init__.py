# SPDX-License-Identifier: Apache-2.0
"""The history of changes on disk: changes with their authors."""
