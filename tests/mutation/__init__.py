# SPDX-License-Identifier: Apache-2.0
"""Do the tests notice? Change one thing at random, and see which test fails (CONTRIBUTING.md)."""
