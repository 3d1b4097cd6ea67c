"""Parameters are words and numbers: whatever a policy is given, no JSON reaches the page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.report.parameter_text import parameter_lines

WORDS = st.text("abcdefg_ ", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.floats(0, 1) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_no_sign_of_json_is_left(value: Any) -> None:
    """Neither braces nor brackets, quotes, null, true or an underscore of a name."""
    lines = parameter_lines(value)
    assert lines
    for line in lines:
        assert line
        assert not set('{}[]"') & set(line)
        assert "null" not in line
        assert "True" not in line


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (0.05, ["0.05"]),
        (3600, ["3,600"]),
        (True, ["yes"]),
        ("10min", ["10 min"]),
        ("90s", ["1 min 30 s"]),
        ("obrien_fleming", ["obrien_fleming"]),
        ([0.01, 0.5], ["0.01, 0.5"]),
        ([], ["none"]),
        ({"size": 0.1, "type": "CANARY"}, ["type CANARY, size 0.1"]),
        ([{"set_weight": 20, "pause": None}, {"pause": {"duration": "10min"}}],
         ["1. set weight 20", "2. pause (duration 10 min)"]),
        ({"errors": {"metric": "5XX", "threshold": 0.05}}, ["errors: metric 5XX, threshold 0.05"]),
    ],
)  # fmt: skip
def test_values_read_as_people_write_them(value: Any, lines: list[str]) -> None:
    """Durations in two units, parts numbered or named, what a part is about first."""
    assert parameter_lines(value) == lines
