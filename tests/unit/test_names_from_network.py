# SPDX-License-Identifier: Apache-2.0
"""Names of initiators that become part of a command, which a user may paste into a shell."""

from __future__ import annotations

import shlex

import pytest

from rtslib_ext import naming
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics.refused_logins import UNKNOWN_INITIATOR, Refusal
from targetcli.commands import login_cures

TYPES = FABRICS["iscsi"].wwn_types
NAME = "iqn.2003-01.org.example"


@pytest.mark.parametrize("end", ["host", "host_1", "a.b-c", "b:c", "höst"])
def test_names_that_initiators_have(end: str) -> None:
    assert naming.is_name(TYPES, f"{NAME}:{end}")
    assert shlex.split(f"{NAME}:{end};") == [f"{NAME}:{end};"]


@pytest.mark.parametrize("char", [*"$`;|&<>(){}[]*?!#~'\"\\/^ \t\n", "\x1b", "\u202e"])
def test_characters_that_a_shell_may_take_for_more(char: str) -> None:
    assert not naming.is_name(TYPES, f"{NAME}:a{char}b")


def test_refused_login_of_such_a_name_has_no_command() -> None:
    cures = object.__new__(login_cures.Cures)
    cures._reader = Reader(ConfigFS())
    cures._targets = []
    refusal = Refusal(1.0, UNKNOWN_INITIATOR, "session", f"{NAME}:t", 1, f"{NAME}:$(id)")
    found = cures.of(refusal)
    assert found.words == () and "is not of type iqn, naa or eui" in found.reason
