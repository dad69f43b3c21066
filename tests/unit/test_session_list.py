# SPDX-License-Identifier: Apache-2.0
"""What is known of sessions beside the kernel's own text: connections, times, the table."""

from __future__ import annotations

import sys

import pytest

from rtslib_ext.host import tcp
from rtslib_ext.host.tcp import TcpConnection
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.usage import sessions
from rtslib_ext.usage.session_list import ACL, DYNAMIC, UNLISTED, Entry, _Host
from rtslib_ext.usage.sessions import Session
from targetcli.views import sessions as view

NAME = "iqn.2003-01.org.example:i"
# Documentation/networking/proc_net_tcp.rst, on a little-endian host.
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 00000000:0CBC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0A0200C0:0CBC 010200C0:B56C 01 00000000:00000000 00:00000000 00000000     0
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000100007F:0CBC 0000000000000000FFFF00000100007F:B56E 01
   1: B80D0120000000000000000001000000:0CBD B80D0120000000000000000002000000:B570 01
"""


def test_connections_of_ipv4_and_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"/proc/net/tcp": TCP, "/proc/net/tcp6": TCP6}
    monkeypatch.setattr(tcp, "read_text", texts.__getitem__)
    monkeypatch.setattr(sys, "byteorder", "little")
    assert tcp.established() == [
        TcpConnection("192.0.2.10", 3260, "192.0.2.1", 46444),
        TcpConnection("127.0.0.1", 3260, "127.0.0.1", 46446),
        TcpConnection("2001:db8::1", 3261, "2001:db8::2", 46448),
    ]


def test_a_host_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "read_text", {"/proc/net/tcp": TCP, "/proc/net/tcp6": ""}.get)
    assert [item.port for item in tcp.established()] == [3260]


def session(tsih: int, tpg: int = 1, name: str = "i") -> Session:
    acl = ConfigfsPath(f"iscsi/iqn.2003-01.org.example:t/tpgt_{tpg}/acls/{name}{tsih}")
    return Session(tsih, name, "", "Normal", "LOGGED_IN", (), "t", tpg, acl, False, tsih=tsih)


@pytest.mark.parametrize(
    ("found", "starts", "expected"),
    [
        # All sessions of one TPG: the order of their numbers is that of the threads.
        ([(9, 1), (4, 1)], [10.0, 20.0], [(20, 20), (10, 10)]),
        # Another session began some time.
        ([(9, 1), (4, 1)], [10.0, 20.0, 30.0], [(20, 30), (10, 20)]),
        ([(1, 1), (1, 2)], [10.0, 20.0], [(10, 20), (10, 20)]),
        # iSER has no such threads.
        ([(1, 1), (2, 1)], [10.0], [None, None]),
        ([(0, 1)], [10.0], [None]),
    ],
)
def test_when_sessions_began(
    found: list[tuple[int, int]], starts: list[float], expected: list[object]
) -> None:
    assert _Host([], starts).since([session(*item) for item in found]) == expected


class Fibre(ReadFS):
    """A fabric whose ACLs show no session; ``ident`` is None where the kernel says ENODEV."""

    def __init__(self, ident: str | None) -> None:
        self.ident = ident

    def directories(self, path: ConfigfsPath) -> list[str]:
        return ["lun_0"]

    def read_if_there(self, path: str) -> str | None:
        return self.ident if path.endswith("/scsi_att_intr_port/port_ident") else None


def test_a_session_of_another_fabric() -> None:
    from rtslib_ext.fabrics import FABRICS

    fabric = FABRICS["qla2xxx"]
    tpg = ConfigfsPath("qla2xxx/50:01:40:50:00:00:00:01/tpgt_1")

    def of(ident: str | None) -> Session | None:
        return sessions.of_acl(Reader(Fibre(ident)), fabric, tpg, "50:01:40:50:00:00:00:02")

    found = of("50:01:40:50:00:00:00:02+i+x")
    assert found is not None and of(None) is None
    assert (found.sid, found.state, found.initiator) == (0, "LOGGED_IN", "naa.5001405000000002")


@pytest.mark.parametrize(
    ("luns", "text"),
    [((), ""), ((0,), "0"), ((0, 1, 2, 7), "0-2,7"), ((3, 5, 6), "3,5-6"), (None, "?")],
)
def test_numbers_as_ranges(luns: tuple[int, ...] | None, text: str) -> None:
    assert view.numbers(luns) == text


def test_the_table() -> None:
    listed = Entry(
        ACL,
        "iscsi",
        "iqn.2003-01.org.example:t",
        1,
        NAME,
        session(3),
        tag="web1",
        addresses=("192.0.2.1",),
        portals=("192.0.2.10:3260",),
        luns=(0, 1),
        authentication="mutual CHAP",
        since=(86400.0, 86400.5),
    )
    guest = Entry(DYNAMIC, "iscsi", "t", 1, "g\x1b[m", luns=(0,), authentication="none")
    more = Entry(UNLISTED, "iscsi", "t", None, NAME, number=2)
    lines = list(view.lines([listed, guest, more], None, is_root=True))
    assert [line.split()[0] for line in lines] == ["SID", "3", "-", "-"]
    assert lines[1].split()[-2:] == ["LOGGED_IN", "mutual"] and " 1970-01-02 " in lines[1]
    assert r"g\x1b[m" in lines[2] and f"2 sessions of {NAME}" in lines[3]
    assert "AUTH" not in next(view.lines([listed], None, is_root=False))
    assert "NAME" not in next(view.lines([guest], None, is_root=True))
    for width in (80, 132):
        assert max(map(len, view.lines([listed, guest, more], width, is_root=True))) <= width
