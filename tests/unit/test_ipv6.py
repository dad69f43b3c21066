# SPDX-License-Identifier: Apache-2.0
"""Portals of a configuration on a host without IPv6."""

from __future__ import annotations

import errno
import socket

import pytest

from rtslib_ext.config.model import Config, Portal, Target, Tpg
from rtslib_ext.host import network
from rtslib_ext.usage import ipv6

WWN = "iqn.2003-01.org.example:a"


def config(*portals: Portal) -> Config:
    tpg = Tpg(1, portals={portal.name: portal for portal in portals})
    target = Target("iscsi", WWN, {1: tpg})
    return Config(targets={target.key: target})


@pytest.fixture
def no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.usefixtures("no_ipv6")
def test_wildcards_become_those_of_ipv4() -> None:
    assert not network.has_ipv6()
    have = config(Portal("[::0]", 3260, iser=True), Portal("[2001:db8::1]", 3260))
    found, notes = ipv6.fit(have)
    assert found == config(Portal("0.0.0.0", 3260, iser=True), Portal("[2001:db8::1]", 3260))
    text = "this host has no IPv6, so 0.0.0.0:3260 is used instead of [::0]:3260"
    assert notes == [(f"/iscsi/{WWN}/tpg1/portals/[::0]:3260", text)]
    found, notes = ipv6.fit(config(Portal("[::]", 3260), Portal("0.0.0.0", 3260)))
    assert found == config(Portal("0.0.0.0", 3260)) and len(notes) == 1


@pytest.mark.usefixtures("no_ipv6")
def test_others_stay() -> None:
    have = config(Portal("0.0.0.0", 3260), Portal("192.0.2.1", 3261))
    assert ipv6.fit(have) == (have, []) and ipv6.fit(have)[0] is have


def test_with_ipv6_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "has_ipv6", lambda: True)
    have = config(Portal("[::0]", 3260))
    assert ipv6.fit(have) == (have, [])
