#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists the iSCSI sessions: the initiator, the target, the TPG, and where it connects from."""

from rtslib_ext import System

system = System()
for session in system.sessions():
    addresses = ", ".join(connection.address for connection in session.connections)
    print(f"{session.initiator} {session.target} tpg{session.tpg} {addresses}")
for dynamic in system.dynamic_sessions():
    print(f"{dynamic.initiator} {dynamic.target} tpg{dynamic.tpg} (no ACL)")
