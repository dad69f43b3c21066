# SPDX-License-Identifier: Apache-2.0
"""The host below the target: devices, adapters, CPUs, memory, network, programs."""
