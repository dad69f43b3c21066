# SPDX-License-Identifier: Apache-2.0
"""The initiator of verify: what it answers, and what of a disk differs from the configuration."""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rtslib_ext.config.model import Auth
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.initiator import chap, pdu, scsi
from rtslib_ext.initiator.pdu import Broken
from rtslib_ext.initiator.scsi import Seen
from rtslib_ext.initiator.session import Failed, Login, Session
from rtslib_ext.recipes import compare
from rtslib_ext.recipes.access import Disk, TpgAccess

LOGIN = Login("127.0.0.1", 3260, "iqn.2003-01.org.example:t", "iqn.2003-01.org.example:i")
WANTED = Disk(
    *(3, ShellPath("/backstores/fileio/disk1"), 8192, 512, "LIO-ORG", "a long name of a disk"),
    *("serial-1", "naa.600140500000000000000000000000a1", False, False, {}),
)
SEEN = Seen(3, "LIO-ORG", "a long name of a", "serial-1", WANTED.naa, 8192, 512, False)


# -- CHAP and keys --------------------------------------------------------------------------


def test_an_answer_to_a_challenge() -> None:
    """RFC 1994 section 4.1: the identifier, the secret, the challenge."""
    wanted = hashlib.md5(b"\x07" + b"geheim" + b"\x01\x02").hexdigest()
    assert chap.answer("7", "0x0102", "geheim") == f"0x{wanted}"
    assert chap.answer("0x07", "0bAQI=", "geheim") == f"0x{wanted}"


def test_the_answer_of_the_target_is_checked() -> None:
    challenge = chap.Challenge()
    right = chap.answer(challenge.identifier, challenge.text, "other")
    challenge.check(right, "other")
    challenge.check(right.upper().replace("0X", "0x"), "other")
    for wrong in (None, "", "0x00", chap.answer(challenge.identifier, challenge.text, "another")):
        with pytest.raises(chap.BadAnswer):
            challenge.check(wrong, "other")


def test_keys_of_a_login() -> None:
    keys = {"InitiatorName": "iqn.x", "CHAP_N": "a=b"}
    assert pdu.keys_of(pdu.text_of(keys)) == keys
    assert pdu.keys_of(b"no key\0Name=\0") == {"Name": ""}


# -- a session ------------------------------------------------------------------------------


@pytest.fixture
def wire() -> Iterator[tuple[Session, socket.socket]]:
    """A session, and the socket of its target: the answers are sent before the question."""
    here, there = socket.socketpair()
    here.settimeout(2)
    there.settimeout(2)
    with here, there:
        yield Session(here, LOGIN), there


def response(status: int, sense: bytes = b"") -> bytes:
    data = len(sense).to_bytes(2, "big") + sense if sense else b""
    length = len(data).to_bytes(3, "big")
    header = struct.pack(">BBBB", 0x21, 0x80, 0, status) + b"\0" + length
    return header.ljust(24, b"\0") + bytes(24) + data + bytes(-len(data) % 4)


def data_in(data: bytes, *, last: bool = True) -> bytes:
    length = len(data).to_bytes(3, "big")
    header = struct.pack(">BBBB", 0x25, 0x81 if last else 0, 0, 0) + b"\0" + length
    return header.ljust(48, b"\0") + data + bytes(-len(data) % 4)


def sense(key: int, code: int) -> bytes:
    return bytes([0x70, 0, key]).ljust(12, b"\0") + code.to_bytes(2, "big") + bytes(4)


def ping() -> bytes:
    header = bytes([0x20, 0x80]).ljust(16, b"\0") + b"\xff\xff\xff\xff" + b"\0\0\0\x09"
    return header.ljust(48, b"\0")


def test_data_comes_in_pieces_and_a_ping_is_answered(
    wire: tuple[Session, socket.socket],
) -> None:
    session, target = wire
    target.sendall(data_in(b"ab", last=False) + ping() + data_in(b"cde"))
    assert session.read(3, b"\x12", 36) == b"abcde"
    command = target.recv(48, socket.MSG_WAITALL)
    assert (command[0], command[8:10]) == (pdu.COMMAND, b"\0\x03")
    pong = target.recv(48, socket.MSG_WAITALL)
    assert (pong[0], pong[20:24]) == (pdu.NOP_OUT, b"\0\0\0\x09")


def test_a_unit_attention_is_noted_and_the_command_repeated(
    wire: tuple[Session, socket.socket],
) -> None:
    session, target = wire
    target.sendall(response(2, sense(6, 0x3F0E)) + data_in(b"x"))
    assert session.read(0, b"\x9e", 32) == b"x"
    assert session.attentions == [0x3F0E]


def test_a_command_that_fails(wire: tuple[Session, socket.socket]) -> None:
    session, target = wire
    target.sendall(response(2, sense(5, 0x2500)) + response(0x18))
    for code in (0x2500, 0):
        with pytest.raises(Failed) as caught:
            session.read(9, b"\x12", 36)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.0 400 Bad request\r\n".ljust(48, b"\xff"), "not iSCSI"),
        (bytes([0x3F]).ljust(48, b"\0"), "sent PDU 0x3f"),
    ],
)
def test_what_is_no_answer(wire: tuple[Session, socket.socket], answer: bytes, text: str) -> None:
    session, target = wire
    target.sendall(answer)
    target.shutdown(socket.SHUT_WR)
    with pytest.raises(Broken, match=text):
        session.read(0, b"\x12", 36)


def test_a_target_that_is_silent(wire: tuple[Session, socket.socket]) -> None:
    session, target = wire
    session._timeout = 0.05
    with pytest.raises(Broken, match="no answer in time"):
        session.log_in()
    # Pings do not count as an answer.
    target.sendall(ping() * 50)
    with pytest.raises(Broken, match="no answer in time"):
        session.read(0, b"\x12", 36)


def test_a_target_that_sends_too_much(wire: tuple[Session, socket.socket]) -> None:
    session, target = wire
    target.sendall(data_in(bytes(40), last=False) * 2)
    with pytest.raises(Broken, match="more than was asked for"):
        session.read(0, b"\x12", 36)


def test_an_answer_that_is_too_short(wire: tuple[Session, socket.socket]) -> None:
    """Another program may have taken the address of a portal: nothing it sends is a bug here."""
    session, target = wire
    for last in ((b"x",), (bytes(32), b"x")):
        target.sendall(b"".join(data_in(part) for part in (b"x", b"x", b"\0\x83\xff\xff", *last)))
        with pytest.raises(Broken, match="an answer has 1 bytes instead of"):
            scsi.disk(session, 0)


@pytest.mark.parametrize(
    ("identifier", "challenge"),
    [("", "0x00"), ("9" * 5000, "0x00"), ("1", "0xzz"), ("1", "0bA"), ("x", "0x00")],
)
def test_a_challenge_that_is_none(identifier: str, challenge: str) -> None:
    with pytest.raises(chap.BadAnswer, match="a challenge that is none"):
        chap.answer(identifier, challenge, "secret")


def test_names_and_secrets_of_any_bytes() -> None:
    assert pdu.text_of({"CHAP_N": "\udcff"}) == b"CHAP_N=\xff\0"
    assert chap.answer("1", "0x00", "\udcff").startswith("0x")


def test_two_sessions_have_different_numbers() -> None:
    one, other = socket.socketpair()
    with one, other:
        first, second = Session(one, LOGIN), Session(other, LOGIN)
        assert first._isid != second._isid and first._isid[0] == 0x80


def test_the_identifier_of_the_unit_is_found() -> None:
    """Identifiers of ports are skipped (SPC-4 section 7.8.6.1)."""
    port = bytes([0x61, 0x93, 0, 8]) + bytes(8)
    unit = bytes([1, 3, 0, 16]) + bytes.fromhex("600140500000000000000000000000a1")
    assert scsi._naa(port + unit) == WANTED.naa
    assert scsi._naa(port) == scsi._naa(b"") == ""


def test_a_login_shows_no_secret() -> None:
    login = replace(LOGIN, auth=Auth("a", "geheim", "b", "auch"))
    assert "geheim" not in repr(login) and "auch" not in repr(login)


# -- what differs ---------------------------------------------------------------------------


def seen_tpg(*disks: Disk) -> TpgAccess:
    path = ShellPath("/iscsi/t/tpg1")
    return TpgAccess(1, path, True, True, None, (), False, Auth(), path, disks)


def test_the_same_disk_does_not_differ() -> None:
    assert list(compare.disk(WANTED, SEEN)) == []
    assert list(compare.luns(seen_tpg(WANTED), [3])) == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("size", 4096, "size is 4096 for the initiator, and 8192 here"),
        ("block_size", 4096, "block_size is 4096"),
        ("write_protected", True, "write_protected is true for the initiator, and false here"),
        ("vendor", "IBM", "vendor is IBM"),
        ("product", "other", "product is other"),
        ("serial", "", "serial is not set for the initiator, and serial-1 here"),
        ("naa", "naa.5", "naa is naa.5"),
    ],
)
def test_each_difference_is_told(name: str, value: object, text: str) -> None:
    seen = replace(SEEN, **{name: value})
    (remark,) = compare.disk(WANTED, seen)
    assert remark.path == WANTED.path and f"LUN 3: {text}" in remark.text


def test_what_is_not_known_does_not_differ() -> None:
    seen = replace(SEEN, size=None, block_size=None, write_protected=None)
    assert list(compare.disk(WANTED, seen)) == []
    raw = replace(WANTED, passed_through=True, naa="", serial="", size=None)
    assert list(compare.disk(raw, SEEN)) == []


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([], ["LUN 3 is configured, but the initiator does not see it"]),
        ([3, 7], ["the initiator sees LUN 7, which is not configured for it"]),
        # REPORT LUNS lists LUN 0 without a disk at it.
        ([0, 3], []),
    ],
)
def test_luns_that_differ(numbers: list[int], texts: list[str]) -> None:
    assert [remark.text for remark in compare.luns(seen_tpg(WANTED), numbers)] == texts
