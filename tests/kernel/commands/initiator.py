# SPDX-License-Identifier: Apache-2.0
"""A minimal iSCSI initiator: it logs in (RFC 7143 section 11.12) and reads.

It sends names as they are given, which other initiators refuse to.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Immediate login request; to be done with the operational stage, on to full feature phase.
_LOGIN, _STAGES = 0x43, 0x87
_HEADER = ">BBBBB3s6sHIHHII16x"


@contextmanager
def logged_in(
    initiator: str, target: str, port: int = 3260, *, isid: int = 1, **more: str
) -> Iterator[Connected]:
    """Yield a session without authentication; ``more`` are text keys.

    Sessions of one initiator have different ``isid`` (section 10.1.4).
    """
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
        "MaxRecvDataSegmentLength": "65536",
        **more,
    }
    data = "".join(f"{name}={value}\0" for name, value in keys.items()).encode()
    length = len(data).to_bytes(3, "big")
    header = struct.pack(
        _HEADER,
        _LOGIN,
        _STAGES,
        0,
        0,
        0,
        length,
        b"\x80" + isid.to_bytes(5, "big"),
        0,
        1,
        0,
        0,
        1,
        0,
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(header + data + bytes(-len(data) % 4))
        answer = connection.recv(48, socket.MSG_WAITALL)
        # Byte 36 is the class of the status (section 11.13.5).
        if len(answer) != 48 or answer[36]:
            raise Refused(answer[36:38])
        data_of(connection, answer)
        yield Connected(connection)


class Refused(Exception):
    """The target refused the login, with this class and detail."""


@dataclass
class Connected:
    """A session; ``number`` is CmdSN of the next command (section 4.2.2.1)."""

    connection: socket.socket
    number: int = 1

    def luns(self) -> list[int]:
        """Return the LUNs that it sees: REPORT LUNS (SPC-4 section 6.33)."""
        found = self.read(struct.pack(">BxxxxxBBBBxx", 0xA0, 0, 0, 16, 0))
        numbers = (found[start : start + 8] for start in range(8, len(found), 8))
        return sorted(int.from_bytes(number[:2], "big") & 0x3FFF for number in numbers)

    def read(self, command: bytes, lun: int = 0, length: int = 4096) -> bytes:
        """Return the data of a SCSI command, at most ``length`` bytes; b"" if it fails or has none.

        The LUN is below 256 (SAM-5 section 4.7.4).
        """
        header = struct.pack(
            ">BBxxxxxxBB6xIIII16s",
            1,
            0xC1 if length else 0x81,
            0,
            lun,
            2,
            length,
            self.number,
            1,
            command.ljust(16, b"\0"),
        )
        self.connection.sendall(header)
        self.number += 1
        found = b""
        while True:
            answer = self.connection.recv(48, socket.MSG_WAITALL)
            data = data_of(self.connection, answer)
            code, last = answer[0] & 0x3F, answer[1] & 1
            # Data, with the status in it (section 11.7); or the response to the command.
            if code == 0x25:
                found += data
            if code == 0x21 or last:
                return found

    def log_out(self) -> None:
        """Log out: the target closes the connection after the response."""
        request = struct.pack(">BBxxxxxx8xIIII16x", 0x46, 0x80, 3, 0, self.number, 1)
        self.connection.sendall(request)
        while self.connection.recv(4096):
            pass


def data_of(connection: socket.socket, header: bytes) -> bytes:
    """Read the data segment that follows a header."""
    length = int.from_bytes(header[5:8], "big")
    padded = length + -length % 4
    return connection.recv(padded, socket.MSG_WAITALL)[:length] if padded else b""


def until(there: Callable[[], object]) -> None:
    """The kernel lists a session some time after it answered the login."""
    end = time.monotonic() + 10
    while not there() and time.monotonic() < end:
        time.sleep(0.02)
    assert there()
