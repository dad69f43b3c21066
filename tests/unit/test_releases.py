# SPDX-License-Identifier: Apache-2.0
"""What kernels can, by release."""

from __future__ import annotations

import re

import pytest

from rtslib_ext import schema
from rtslib_ext.schema import releases
from rtslib_ext.schema.releases import BEHAVIOURS, Behaviour

SOURCE = re.compile(r"(drivers|fs|net|include|lib)/[\w/.-]+|SPC-4|SBC-4|measured on \d+\.\d+\.\d+")


@pytest.mark.parametrize("item", BEHAVIOURS, ids=lambda item: item.text[:40])
def test_a_behaviour_has_a_release_and_a_source(item: Behaviour) -> None:
    assert re.fullmatch(r"\d+\.\d+", item.since)
    assert SOURCE.match(item.source) and item.text.endswith(".")


def test_behaviours_are_in_the_order_of_releases() -> None:
    found = [tuple(map(int, item.since.split("."))) for item in BEHAVIOURS]
    assert found == sorted(found)


def test_every_setting_that_not_all_kernels_have_has_a_place_and_a_source() -> None:
    names = set()
    for group, row in releases.changed():
        assert group in releases.PLACES and SOURCE.search(row.source), row.name
        names.add(row.name)
    rows = [row for rows in schema.GROUPS.values() for row in rows]
    assert names == {row.name for row in rows if row.since or row.until}


@pytest.mark.parametrize(
    ("release", "name", "when"),
    [
        ("6.1.0-44-amd64", "rtpi", "needs Linux 6.4"),
        ("6.12.113", "complete_type", "needs Linux 7.1"),
        ("7.2.7", "netif_timeout", "gone since Linux 6.6"),
    ],
)
def test_what_a_kernel_lacks(release: str, name: str, when: str) -> None:
    missing = dict(releases.missing(release))
    assert missing[name] == when
    assert ("netif_timeout" in missing) is not release.startswith("6.1.")


def test_which_behaviours_a_kernel_has() -> None:
    behaviours = [item for item in BEHAVIOURS if item.in_kernel("6.12.113")]
    assert [item.since for item in behaviours] == ["6.4", "6.5", "6.12", "6.12"]
