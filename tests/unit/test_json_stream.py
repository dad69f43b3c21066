# SPDX-License-Identifier: Apache-2.0
"""The text of a save file is what json.dumps would make of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.savefile import json_stream

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_text_is_as_json_dumps_makes_it(value: dict[str, Any]) -> None:
    wanted = json.dumps(value, sort_keys=True, indent=2)
    assert "".join(json_stream.pieces(value)) == json_stream.text(value) == wanted


def test_lists_may_come_by_and_by() -> None:
    found = list(json_stream.pieces({"many": ({"a": number} for number in range(3)), "none": ()}))
    assert json.loads("".join(found)) == {"many": [{"a": 0}, {"a": 1}, {"a": 2}], "none": []}
    assert len(found) > 5
