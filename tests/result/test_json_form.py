"""Records become JSON and come back by the types of their fields, and errors name the place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.result.json_form import dumped, loaded
from simab.result.json_metadata import required_keys, spread_keys
from simab.result.reader import Reader


@dataclass(frozen=True)
class Inner:
    value: float
    count: int = 0


@dataclass(frozen=True)
class Record:
    name: str
    whole: int
    number: float
    flag: bool
    maybe: str | None
    items: tuple[Inner, ...]
    named: Mapping[str, Inner] = field(metadata=required_keys(["must"]))
    beside: Mapping[str, Inner] = field(metadata=spread_keys(["left", "right"]))
    given: Mapping[str, Any] = field(default_factory=dict)


def record(**parts: Any) -> Record:
    plain = {
        "name": "a", "whole": 3, "number": 0.5, "flag": True, "maybe": None, "items": (),
        "named": {"must": Inner(1.0)}, "beside": {"left": Inner(2.0), "right": Inner(3.0)},
    }  # fmt: skip
    return Record(**plain | parts)


NUMBERS = st.floats(allow_infinity=False, allow_nan=False)
INNER = st.builds(Inner, NUMBERS, st.integers(0, 10**15))


@given(
    st.builds(
        record,
        name=st.text(),
        whole=st.integers(-(10**15), 10**15),
        number=NUMBERS,
        flag=st.booleans(),
        maybe=st.none() | st.text(),
        items=st.lists(INNER, max_size=3).map(tuple),
        named=st.dictionaries(st.text(), INNER, max_size=3).map(
            lambda d: {"must": Inner(0.0), **d}
        ),
    )
)
def test_a_record_comes_back_from_json_as_it_was(drawn: Record) -> None:
    """Whole numbers stay whole, texts keep every character."""
    text = json.dumps(dumped(drawn), allow_nan=False)
    assert loaded(Record, Reader(json.loads(text))) == drawn


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_and_comes_back_as_nan(value: float) -> None:
    """JSON has neither."""
    plain = dumped(Inner(value))
    assert plain == {"value": None, "count": 0}
    assert math.isnan(loaded(Inner, Reader(plain)).value)


def test_a_mapping_that_is_spread_has_its_entries_beside_the_fields() -> None:
    """So a result keeps its flat form in JSON."""
    plain = dumped(record())
    assert plain["left"] == {"value": 2.0, "count": 0}
    assert "beside" not in plain


def test_what_an_older_file_lacks_is_not_known() -> None:
    """A number is NaN, a list empty, a text that may be absent None, an added column unknown."""
    plain = dumped(record())
    for key in ("number", "items", "maybe", "right"):
        del plain[key]
    read = loaded(Record, Reader(plain))
    assert math.isnan(read.number)
    assert (read.items, read.maybe) == ((), None)
    assert math.isnan(read.beside["right"].value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, "result.name = 3: a text"),
        ({"name": None}, "result.name = None: a text"),
        ({"whole": 1.5}, "result.whole = 1.5: a whole number"),
        ({"whole": None}, "result.whole = None: a whole number"),
        ({"number": "7"}, "result.number = '7': a number"),
        ({"number": True}, "result.number = True: a number"),
        ({"number": 10**400}, "result.number = 1.*: a number below 1e308"),
        ({"number": math.inf}, "result.number = inf: a number below 1e308"),
        ({"flag": 1}, "result.flag = 1: true or false"),
        ({"items": {"value": 1}}, "result.items = .*: a list"),
        ({"items": [{"value": 1.0}, 2]}, r"result.items\[1\] = 2: an object"),
        ({"named": []}, "result.named = .*: an object"),
        ({"named": {}}, "result.named = {}: the key 'must' is missing"),
        ({"left": 4}, "result.left = 4: an object"),
    ],
)
def test_a_wrong_value_names_its_place_and_the_rule(change: dict[str, Any], message: str) -> None:
    """Path, value and rule."""
    with pytest.raises(InvalidInput, match=message):
        loaded(Record, Reader(dumped(record()) | change))


@pytest.mark.parametrize("key", ["name", "whole"])
def test_a_missing_key_is_an_error_where_nothing_stands_for_it(key: str) -> None:
    """A text and a whole number have no value for "not known"."""
    plain = dumped(record())
    del plain[key]
    with pytest.raises(InvalidInput, match=f"the key '{key}' is missing"):
        loaded(Record, Reader(plain))
