"""Saved results have the bytes that the standard library writes, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simab.result.saved_json import canonical_text, compact_text
from simab.text.untrusted import json_escaped

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e-07, 1e16, -0.0, 5e-324, 1e22, 0.1 + 0.2]),
    st.text(),
    st.sampled_from(["\x7f", "\u2028", "é", "\ud800", '"\\/\b\f\n\r\t', "<script>&"]),
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=30,
)


def as_the_library(value: Any, **form: Any) -> str:
    return json_escaped(
        json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, **form)
    )


@given(PLAIN)
def test_indented_as_the_standard_library_writes_it(value: Any) -> None:
    assert canonical_text(value) == f"{as_the_library(value, indent=1)}\n"


@given(PLAIN)
def test_compact_as_the_standard_library_writes_it(value: Any) -> None:
    assert compact_text(value) == as_the_library(value, separators=(",", ":"))
