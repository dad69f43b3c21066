# SPDX-License-Identifier: Apache-2.0
"""What is in the configuration that is measured, by name; imports nothing, so all can have it."""

TARGET = "iqn.2003-01.org.example:bench"
INITIATORS = ("iqn.1994-05.com.example:host1", "iqn.1994-05.com.example:host2")
SPARE = "spare"
"""A storage object that no LUN exports."""
