# SPDX-License-Identifier: Apache-2.0
"""A session: login, SCSI commands that read, logout (RFC 7143 sections 6.3, 11)."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..config.model import Auth
from ..errors import LioError, reason
from ..fast_dataclasses import dataclass, field
from . import pdu
from .chap import MD5, Challenge, answer
from .pdu import Broken, Pdu

TIMEOUT = 10.0
# Stages (section 11.12.3): security, operational, full feature.
_SECURITY, _OPERATIONAL, _FULL = 0, 1, 3
_ROUNDS = 12
# What follows from a status (section 11.13.5).
REFUSALS = {
    0x0201: "the target refuses the credentials",
    0x0202: "the target does not admit this initiator",
    0x0203: "the target is not found at this portal",
    0x0207: "parameters of the login are missing",
    0x0301: "the target is not at this portal, or its TPG is disabled",
    0x0302: "the target has no resources left",
}
_GOOD, _CHECK = 0, 2
_ATTENTION = 6
_KEYS = {
    "HeaderDigest": "None",
    "DataDigest": "None",
    "ErrorRecoveryLevel": "0",
    "InitialR2T": "Yes",
    "ImmediateData": "No",
    "MaxRecvDataSegmentLength": "262144",
    "MaxBurstLength": "262144",
    "DefaultTime2Wait": "2",
    "DefaultTime2Retain": "0",
    "MaxOutstandingR2T": "1",
    "MaxConnections": "1",
}


class Refused(LioError):
    """The target refused the login."""


class Failed(LioError):
    """A SCSI command failed; ``code`` is its ASC and ASCQ, 0 without sense data."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Login:
    """A portal, the target and the initiator of a login; ``auth`` is empty without CHAP."""

    address: str
    port: int
    target: str
    initiator: str
    auth: Auth = field(default_factory=Auth)


@contextmanager
def logged_in(login: Login, timeout: float = TIMEOUT) -> Iterator[Session]:
    """Yield a session for the block. Raises Refused, BadAnswer or Broken."""
    try:
        connection = socket.create_connection((login.address, login.port), timeout)
    except OSError as err:
        raise Broken(f"cannot connect: {reason(err)}") from err
    with connection:
        session = Session(connection, login, timeout)
        session.log_in()
        yield session
        session.log_out()


class Session:
    """A connection to a target, and the numbers of its sequence (section 4.2.2)."""

    def __init__(self, connection: socket.socket, login: Login, timeout: float = TIMEOUT) -> None:
        self.attentions: list[int] = []
        """The unit attentions (ASC and ASCQ) that the target reported in this session."""
        self._connection = connection
        self._login = login
        # Of random format (section 11.12.5), so that no session of the initiator has it.
        self._isid = b"\x80" + os.urandom(5)
        self._tag = self._number = 1
        self._status = 0
        self._timeout = timeout
        self._end = 0.0

    # -- login ------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Log in; raises Refused, BadAnswer or Broken."""
        auth = self._login.auth
        keys = {
            "InitiatorName": self._login.initiator,
            "TargetName": self._login.target,
            "SessionType": "Normal",
        }
        if auth.userid and auth.password:
            self._authenticate(keys, auth)
            keys = {}
        self._to(_FULL, _OPERATIONAL, {**keys, **_KEYS})

    def _authenticate(self, keys: dict[str, str], auth: Auth) -> None:
        given = self._round(_SECURITY, None, {**keys, "AuthMethod": "CHAP"})
        if given.get("AuthMethod") != "CHAP":
            raise Refused("the target does not offer CHAP")
        given = self._round(_SECURITY, None, {"CHAP_A": MD5})
        if "CHAP_C" not in given:
            raise Refused("the target sent no challenge")
        response = answer(given.get("CHAP_I", ""), given["CHAP_C"], auth.password or "")
        keys = {"CHAP_N": auth.userid or "", "CHAP_R": response}
        challenge = Challenge()
        is_mutual = bool(auth.mutual_userid and auth.mutual_password)
        if is_mutual:
            keys.update({"CHAP_I": challenge.identifier, "CHAP_C": challenge.text})
        given = self._to(_OPERATIONAL, _SECURITY, keys)
        if is_mutual:
            challenge.check(given.get("CHAP_R"), auth.mutual_password or "")

    def _to(self, following: int, stage: int, keys: dict[str, str]) -> dict[str, str]:
        """Send keys, and ask for the next stage until the target agrees; return its keys."""
        given: dict[str, str] = {}
        for _ in range(_ROUNDS):
            given.update(self._round(stage, following, keys))
            if self._answered.flags & pdu.FINAL:
                return given
            keys = {}
        raise Broken("the login does not end")

    def _round(self, stage: int, following: int | None, keys: dict[str, str]) -> dict[str, str]:
        """Send keys in a stage and return those of the target."""
        flags = stage << 2 if following is None else pdu.FINAL | stage << 2 | following
        header = struct.pack(
            ">BBBB4x6sHIHHII16x",
            *(pdu.LOGIN, flags, 0, 0, self._isid, 0, 1, 0, 0, self._number, self._status),
        )
        self._send(header, pdu.text_of(keys))
        self._answered = found = pdu.receive(self._connection, self._end)
        if found.opcode != pdu.LOGIN_RESPONSE:
            raise Broken("the answer is not iSCSI login: another program has this port")
        status = int.from_bytes(found.header[36:38], "big")
        if status:
            raise Refused(REFUSALS.get(status, f"the target refuses the login ({status:#06x})"))
        self._status = (found.number(24) + 1) & 0xFFFFFFFF
        return pdu.keys_of(found.data)

    # -- commands ---------------------------------------------------------------------------

    def read(self, lun: int, command: bytes, length: int) -> bytes:
        """Return the data of a SCSI command; repeated after a unit attention. Raises Failed."""
        for _ in range(_ROUNDS):
            data, status, sense = self._read(lun, command, length)
            if status == _GOOD:
                return data
            key, code = _parsed(sense)
            if status != _CHECK or key != _ATTENTION:
                break
            self.attentions.append(code)
        text = f"command {command[0]:#04x} failed with status {status}, sense {code:#06x}"
        raise Failed(text, code)

    def _read(self, lun: int, command: bytes, length: int) -> tuple[bytes, int, bytes]:
        """Send a command; return (data, status, sense data)."""
        self._tag += 1
        header = struct.pack(
            ">BB2x4x8sIIII16s",
            *(pdu.COMMAND, 0xC1, _lun(lun), self._tag, length, self._number, self._status),
            command,
        )
        self._number += 1
        self._send(header)
        data = bytearray()
        while True:
            found = self._receive()
            if found.opcode == pdu.DATA_IN:
                data += found.data
                if len(data) > length:
                    raise Broken("the target sent more than was asked for")
                if found.flags & 1:
                    return bytes(data), found.header[3], b""
            elif found.opcode == pdu.RESPONSE:
                sense = found.data[2 : 2 + int.from_bytes(found.data[:2], "big")]
                return bytes(data), found.header[3], sense
            else:
                raise Broken(f"the target sent PDU {found.opcode:#04x} instead of an answer")

    def _send(self, header: bytes, data: bytes = b"") -> None:
        """Send a request; its answer has to be here in time."""
        self._end = time.monotonic() + self._timeout
        pdu.send(self._connection, header, data)

    def _receive(self) -> Pdu:
        """Return the next PDU; a ping of the target is answered."""
        while True:
            found = pdu.receive(self._connection, self._end)
            if found.opcode != pdu.DATA_IN or found.flags & 1:
                self._status = (found.number(24) + 1) & 0xFFFFFFFF
            if found.opcode != pdu.NOP_IN:
                return found
            if found.number(20) != pdu.NO_TAG:
                self._answer_ping(found)

    def _answer_ping(self, ping: Pdu) -> None:
        header = struct.pack(
            ">BB2x4x8sIIII16x",
            *(pdu.NOP_OUT, pdu.FINAL, ping.header[8:16], pdu.NO_TAG, ping.number(20)),
            *(self._number, self._status),
        )
        pdu.send(self._connection, header)

    def log_out(self) -> None:
        """End the session; wait until the target has done so."""
        self._tag += 1
        header = struct.pack(
            ">BB2x4x8xIH2xII16x",
            *(pdu.LOGOUT, pdu.FINAL, self._tag, 0, self._number, self._status),
        )
        self._send(header)
        while self._receive().opcode != pdu.LOGOUT_RESPONSE:
            pass


def _lun(number: int) -> bytes:
    """Return a LUN as LIO writes it (scsi_common.c, int_to_scsilun)."""
    return number.to_bytes(2, "big") + bytes(6)


def _parsed(sense: bytes) -> tuple[int, int]:
    """Return the key, and ASC and ASCQ, of sense data in fixed format (SPC-4 section 4.5.3)."""
    if len(sense) < 14:
        return 0, 0
    return sense[2] & 0xF, sense[12] << 8 | sense[13]
