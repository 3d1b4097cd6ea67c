"""Conditions on the result of a measurement: what they mean, and what is refused."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.policies.argo_conditions import NoVerdict, checked_condition, holds


@pytest.mark.parametrize(
    ("condition", "value", "truth"),
    [
        ("result[0] >= 0.95", 0.95, True),
        ("result[0]>=.95", 0.94, False),
        ("result >= 0.95", 0.95, True),
        ("result[0] < 1e-2", 0.009, True),
        ("result[0] == 3", 3.0, True),
        ("result[0] != 3", 3.0, False),
        ("result[0] > 0.1 && result[0] < 0.2", 0.15, True),
        ("result[0] > 0.1 and result[0] < 0.2", 0.25, False),
        ("result[0] < 0.1 || result[0] > 0.2", 0.25, True),
        ("not (result[0] < 0.1 or result[0] > 0.2)", 0.15, True),
        ("!(result[0] < 0.1)", 0.05, False),
        ("len(result) == 0 || result[0] < 1", 0.5, True),
        ("len(result) > 0 && result[0] < 1", 2.0, False),
        ("isNaN(result[0]) || result[0] < 1", math.nan, True),
        ("!isNaN(result[0])", math.nan, False),
        ("isInf(result[0])", math.inf, True),
        ("asFloat(result) * 100 > 5", 0.06, True),
        ("asInt(result[0]) == 2", 2.9, True),
        ("default(result, 0) < 0.05", 0.01, True),
        ("(1 - result[0]) * 100 <= 1 + 1", 0.99, True),
        ("-result[0] < -1", 2.0, True),
        ("result[0] / 0 > 5", 1.0, True),
        ("result[0] % 2 == 1", 5.0, True),
        ("(result[0] > 1) == true", 2.0, True),
        ("true", 0.0, True),
        ("result[0] >= 0.95", math.nan, False),
    ],
)
def test_a_condition_holds_or_not(condition: str, value: float, truth: bool) -> None:
    """As Argo's expression language would say; comparisons with NaN are false."""
    assert holds(checked_condition(condition), (value,)) is truth


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("len(result) == 0 || result[0] < 1", True),
        ("isNil(result) or result < 1", True),
        ("default(result, 0) < 0.05", True),
        ("default(result[0], 1) < 0.05", False),
        ("len(result) == 0", True),
    ],
)
def test_an_empty_result_can_be_asked_about(condition: str, truth: bool) -> None:
    """A query that finds nothing gives an empty list; `||` and `&&` stop at what decides."""
    assert holds(condition, ()) is truth


@pytest.mark.parametrize("condition", ["result[0] < 1", "result < 1", "!(result < 1) && true"])
def test_reading_an_empty_result_is_an_error(condition: str) -> None:
    """Not false: the measurement is an Error then, and no Failed one."""
    with pytest.raises(NoVerdict):
        holds(condition, ())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2.0**63, -(2.0**63) * 1.5])
def test_a_whole_number_of_no_number_is_an_error(value: float) -> None:
    """A ratio of two error rates is NaN in health; asInt cannot tell what it is."""
    with pytest.raises(NoVerdict, match="asInt of"):
        holds("asInt(result[0]) <= 2", (value,))
    assert holds("asInt(result[0]) <= 2", (-(2.0**63) * 0.5,))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("result[0]", "the condition must be true or false"),
        ("result[0] >=", "ends too early"),
        ("result[0] >= 0.95)", "one too many"),
        ("(result[0] >= 0.95", r"'\)' is missing"),
        ("result[1] > 0", "only result"),
        ("value > 0", "'value' is not known"),
        ("all(result, {# < 1})", "cannot read"),
        ("result.count > 1", "cannot read"),
        ("not result[0] > 1", "what follows ! must be true or false"),
        ("0.1 < result[0] < 0.2", "do not chain"),
        ("result[0] > 1 && 5", "the right of && must be true or false"),
        ("(result[0] > 1) + 1 > 0", "the left of \\+ must be a number"),
        ("len(result[0]) > 0", "takes the whole result"),
        ("__import__('os').system('id') == 0", "cannot read"),
        ('result == "ok"', "cannot read"),
        ("", "ends too early"),
    ],
)
def test_what_is_no_condition_is_refused(condition: str, message: str) -> None:
    """With what is wrong and an example of what is right."""
    with pytest.raises(InvalidInput, match=message) as refused:
        checked_condition(condition)
    assert "; write for example `result[0] >= 0.95`" in str(refused.value)


@given(st.text(max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Whatever is written is a condition or InvalidInput; nothing of it runs."""
    with suppress(InvalidInput):
        assert checked_condition(text) == text


@pytest.mark.parametrize("sign", ["(", "!", "-", "len("])
def test_nesting_has_an_end(sign: str) -> None:
    """A text made to exhaust the parser is refused like any other."""
    with pytest.raises(InvalidInput, match="nested too deeply"):
        checked_condition(sign * 5_000)


numbers = st.floats(allow_nan=True, allow_infinity=True)
expressions = st.recursive(
    st.sampled_from(["result[0]", "1", "2.5", "0"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
    max_leaves=6,
)


@given(expressions, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), expressions, numbers)
def test_arithmetic_is_that_of_floats(left: str, sign: str, right: str, value: float) -> None:
    """Python reads the same text the same way."""
    expected = eval(f"{left} {sign} {right}", {"result": [value]})
    assert holds(f"{left} {sign} {right}", (value,)) is expected
