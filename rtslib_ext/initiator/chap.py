# SPDX-License-Identifier: Apache-2.0
"""CHAP with MD5, in both directions (RFC 7143 section 12.1, RFC 1994)."""

from __future__ import annotations

import hashlib
import hmac
import os

from ..errors import LioError

MD5 = "5"
_LENGTH = 16


class BadAnswer(LioError):
    """The target could not authenticate itself, or what it sent is no CHAP."""


def answer(identifier: str, challenge: str, secret: str) -> str:
    """Return CHAP_R for a challenge of the other side. Raises BadAnswer."""
    word = secret.encode("utf-8", "surrogateescape")
    try:
        data = bytes([int(identifier, 0) & 0xFF]) + word + binary(challenge)
    except ValueError as err:
        raise BadAnswer("the target sent a challenge that is none (RFC 7143)") from err
    return f"0x{hashlib.md5(data, usedforsecurity=False).hexdigest()}"


def binary(text: str) -> bytes:
    """Return a binary value, which is in hexadecimal or base64 (RFC 7143 section 6.1)."""
    if text[:2].lower() == "0b":
        import base64

        return base64.b64decode(text[2:])
    return bytes.fromhex(text[2:])


class Challenge:
    """A challenge to the target."""

    def __init__(self) -> None:
        self.identifier = str(os.urandom(1)[0])
        self.text = f"0x{os.urandom(_LENGTH).hex()}"

    def check(self, given: str | None, secret: str) -> None:
        """Raise BadAnswer unless the target gave the answer for a secret."""
        wanted = answer(self.identifier, self.text, secret)
        if given is None or not hmac.compare_digest(wanted.lower(), given.lower()):
            raise BadAnswer(
                "the target did not authenticate itself with mutual_password",
                hint="set it again",
            )
