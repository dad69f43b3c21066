# SPDX-License-Identifier: Apache-2.0
"""The attributes of demo mode in wanted configurations."""

from __future__ import annotations

import pytest

from rtslib_ext.config import merge
from rtslib_ext.config.model import Config, Target, Tpg
from rtslib_ext.plan import demo_mode

WWN = "iqn.2003-01.org.example:t"


def config(fabric: str = "iscsi", **attributes: str) -> Config:
    """One TPG with generate_node_acls and cache_dynamic_acls as ``open`` and ``cache``."""
    names = {"open": "generate_node_acls", "cache": "cache_dynamic_acls"}
    tpg = Tpg(1, attributes={names[name]: value for name, value in attributes.items()})
    return Config(targets={(fabric, WWN): Target(fabric, WWN, {1: tpg})})


RUNS = config(open="1", cache="1")


@pytest.mark.parametrize(
    ("have", "want", "becomes"),
    [
        (RUNS, config(open="0"), config(open="0", cache="0")),
        (RUNS, config(open="0", cache="1"), None),
        (config(open="0", cache="1"), config(open="0"), config(open="0", cache="0")),
        (config(open="0", cache="0"), config(open="0"), None),
        (Config(), config(open="0"), None),
        (RUNS, config(), None),
    ],
)
def test_closing(have: Config, want: Config, becomes: Config | None) -> None:
    assert demo_mode.consistent(have, want) == (becomes or want, [])


@pytest.mark.parametrize(
    ("have", "want", "becomes"),
    [
        (RUNS, config(open="1", cache="0"), config(open="1")),
        (RUNS, config(cache="0"), config()),
        (Config(), config(open="1", cache="0"), config(open="1")),
    ],
)
def test_a_value_that_the_kernel_does_not_keep(have: Config, want: Config, becomes: Config) -> None:
    found, notes = demo_mode.consistent(have, want)
    assert found == becomes
    text = "cache_dynamic_acls=0 has no effect: the kernel keeps cache_dynamic_acls=1 while "
    assert notes == [(f"/iscsi/{WWN}/tpg1", f"{text}generate_node_acls=1")]


def test_another_fabric_keeps_it() -> None:
    want = config("qla2xxx", open="1", cache="0")
    assert demo_mode.consistent(Config(), want) == (want, [])


def test_a_merged_part_closes_it() -> None:
    merged = merge.merge(RUNS, config(open="0"))
    assert merged == config(open="0", cache="0")
