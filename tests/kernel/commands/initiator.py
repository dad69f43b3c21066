# SPDX-License-Identifier: Apache-2.0
"""As much of an iSCSI initiator as is needed to be logged in (RFC 7143 section 11.12)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

# Immediate login request; to be done with the operational stage, on to full feature phase.
_LOGIN, _STAGES = 0x43, 0x87
_HEADER = ">BBBBB3s6sHIHHII16x"


@contextmanager
def logged_in(initiator: str, target: str, port: int = 3260) -> Iterator[socket.socket]:
    """A session without authentication, as long as the block lasts."""
    keys = {
        "InitiatorName": initiator,
        "TargetName": target,
        "SessionType": "Normal",
        "HeaderDigest": "None",
        "DataDigest": "None",
        "ErrorRecoveryLevel": "0",
        "DefaultTime2Wait": "2",
        "DefaultTime2Retain": "0",
        "MaxOutstandingR2T": "1",
        "ImmediateData": "Yes",
        "MaxBurstLength": "262144",
    }
    data = "".join(f"{name}={value}\0" for name, value in keys.items()).encode()
    length = len(data).to_bytes(3, "big")
    header = struct.pack(
        _HEADER, _LOGIN, _STAGES, 0, 0, 0, length, b"\x80\0\0\0\0\1", 0, 1, 0, 0, 1, 0
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(header + data + bytes(-len(data) % 4))
        answer = connection.recv(48, socket.MSG_WAITALL)
        # Byte 36 is the class of the status (section 11.13.5).
        assert len(answer) == 48 and answer[36] == 0, answer
        yield connection
