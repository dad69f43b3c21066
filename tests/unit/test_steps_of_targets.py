# SPDX-License-Identifier: Apache-2.0
"""Steps for targets and TPGs as values: no kernel."""

from __future__ import annotations

import pytest

from rtslib_ext.config.model import Tpg
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import Fabric
from rtslib_ext.steps import targets
from rtslib_ext.steps.context import Operation
from rtslib_ext.steps.operations import Fail, Write

NAA, IQN = "naa.5001405000000001", "iqn.2003-01.org.example:a"


def nexus(wwn: str, *kinds: str, given: str | None = None) -> Operation:
    """What gives a new TPG its nexus, in a fabric with such WWNs."""
    fabric = Fabric("foo", "foo", ("nexus",), kinds, "foo")
    step, *_ = targets.create_tpg(fabric, wwn, Tpg(1, nexus=given))
    return step.operations[-1]


@pytest.mark.parametrize(
    ("wwn", "kinds", "made"),
    [
        (NAA, ("naa",), "naa."),
        (IQN, ("naa", "iqn"), "iqn."),
        ("MyT", ("free",), ""),
        ("iqn.of-no-kind", ("free",), ""),
    ],
)
def test_a_nexus_is_of_the_kind_of_its_target(wwn: str, kinds: tuple[str, ...], made: str) -> None:
    write = nexus(wwn, *kinds)
    assert isinstance(write, Write) and write.file == f"foo/{wwn}/tpgt_1/nexus"
    assert write.value.startswith(made) and write.value != wwn


def test_a_nexus_that_cannot_be_made_up_is_refused_in_its_turn() -> None:
    refusal = nexus("ib.fe800000000000000002c90300a0b0c1", "ib")
    assert isinstance(refusal, Fail) and isinstance(refusal.reason, InvalidValue)


def test_a_nexus_that_is_given_is_taken() -> None:
    write = nexus("MyT", "ib", given="ib.1")
    assert isinstance(write, Write) and write.value == "ib.1"
