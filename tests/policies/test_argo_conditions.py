"""Conditions on the result of a measurement: what they mean, and what is refused."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simab.errors import InvalidInput
from simab.policies.argo.conditions import NoVerdict, checked_condition, holds, shape_of
from tests.strategies import CHARACTERS


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
        ("result[0] / -0.0 < -5", 1.0, True),
        ("asInt(result[0]) % 2 == 1", 5.0, True),
        ("asInt(result[0]) % 2 == -1", -5.0, True),
        ("7 / 2 == 3.5 and 2 ** 3 == 8 and -2 ** 2 == -4", 0.0, True),
        ("result[0] > 1 ? result[0] < 3 : result[0] < -1", 2.0, True),
        ("result > 1 ? false : result > 0 ? true : false", 0.5, True),
        ("result in [1, 2.5, 3]", 2.5, True),
        ("result[0] not in 1..3", 3.0, False),
        ("0.5 in result", 0.5, True),
        ("result != nil", 0.5, True),
        ("result.rate >= 0.9", 0.95, True),
        ("result.data['rate'] > 0 && result.data.rate < 1", 0.95, True),
        ("(result?.rate ?? 1) < 0.5", 0.4, True),
        ("result ?? 0 < 1", 0.4, True),
        ("all(result, # < 1)", 0.4, True),
        ("any(result, {# < 1}) || none(result, {# > 1})", 2.0, False),
        ("count(result, {# < 1}) == 1 and one(result, # < 1)", 0.4, True),
        ("max(result, 2) == 2 && min(result, 2) == 1 && abs(-result) == 1", 1.0, True),
        ("round(result) == 3 && floor(result) == 2 && ceil(result) == 3", 2.5, True),
        ("asFloat('0.5') < result", 0.6, True),
        ("not isInf(result) && !isNaN(result)", 0.6, True),
        ("9223372036854775 * 10000 < 0", 0.0, True),
        ("default(result, 0) < 0.05", math.nan, False),
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
        ("default(result, 1) < 0.05", False),
        ("len(result) == 0", True),
        ("len(result) == 0 ? true : result[0] < 1", True),
        ("isNil(result) || len(result) == 0", True),
        ("len(result) == 0 && isNil(result)", False),
        ("len(result) == 0 && result == nil", False),
        ("result == nil || result < 1", True),
        ("nil == result.rate", True),
        ("(result?.rate ?? 0) < 1", True),
        ("all(result, # < 1)", True),
        ("any(result, # < 1)", False),
    ],
)
def test_an_empty_result_can_be_asked_about(condition: str, truth: bool) -> None:
    """A list is empty then, and never nil, while a number or a field is nil.

    `||`, `&&`, `??` and `? :` stop at what decides.
    """
    assert holds(condition, ()) is truth


@pytest.mark.parametrize(
    "condition",
    [
        "result[0] < 1",
        "result < 1",
        "!(result < 1) && true",
        "result.rate < 1",
        "default(result[0], 1) < 0.05",
        "isNil(result[0])",
        "isNaN(result)",
        "asFloat(result) < 1",
        "asInt(result) < 1",
    ],
)
def test_reading_an_empty_result_is_an_error(condition: str) -> None:
    """Not false: the measurement is an Error then, and no Failed one."""
    with pytest.raises(NoVerdict):
        holds(condition, ())


@pytest.mark.parametrize(
    "condition",
    [
        "default(result[0], 1) < 0.05",  # gives the whole list, as the tool's own does
        "asInt('2.5') == 2",
        "asFloat('many') > 1",
        "asInt(result[0]) % (1 - 1) == 0",
        "default(result, 1)",
    ],
)
def test_what_fails_when_it_runs_is_an_error(condition: str) -> None:
    """The tool's compiler takes it; each measurement is an Error."""
    with pytest.raises(NoVerdict):
        holds(checked_condition(condition), (2.0,))


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
        ("all(result, {# < 1)", "one too many"),
        ("all(result)", "takes a list and a predicate"),
        ("all(result, any(result, # < 1))", "within a predicate"),
        ("# < 1", "only in a predicate"),
        ("result.a > 1 && result.b > 1", "cannot both be"),
        ("result.a > 1 && result[0] > 1", "a list and have fields"),
        ("len(result) == 0 || result < 1", "the left of < must be a number; the result is a list"),
        ("result % 2 == 1", "the left of % must be a whole number"),
        ("true ? 1", "':' is missing"),
        ("true : false", "':' is one too many"),
        ("result ? true : false", r"the left of \? must be true or false"),
        ("result in 5", "the right of in must be a list"),
        ("len(result, 1) > 1", "len takes 1 argument"),
        ("not result[0] > 1", "what follows ! must be true or false"),
        ("0.1 < result[0] < 0.2", "do not chain"),
        ("result[0] > 1 && 5", "the right of && must be true or false"),
        ("(result[0] > 1) + 1 > 0", "the left of \\+ must be a number"),
        ("len(result[0]) > 0", "takes the whole result"),
        ("__import__('os').system('id') == 0", "'__import__' is not known"),
        ('result == "ok"', "the right of == must be a number"),
        ("result matches 'a'", "'matches' is one too many"),
        ("result @ 1", "cannot read"),
        ("", "ends too early"),
    ],
)
def test_what_is_no_condition_is_refused(condition: str, message: str) -> None:
    """With what is wrong and an example of what is right."""
    with pytest.raises(InvalidInput, match=message) as refused:
        checked_condition(condition)
    assert "; write for example `result[0] >= 0.95`" in str(refused.value)


@given(st.text(CHARACTERS, max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Whatever is written is a condition or InvalidInput; nothing of it runs."""
    with suppress(InvalidInput):
        assert checked_condition(text) == text


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 10_000 + "result[0] > 1" + ")" * 10_000,
        "!" * 10_000 + "(result[0] > 1)",
        "-" * 10_000 + "result[0] > 1",
        " && ".join(["result[0] > 1"] * 5_000),
        "result[0] > 1 ? " * 3_000 + "true" + " : false" * 3_000,
        "1 + (" * 5_000 + "0" + ")" * 5_000 + " < result[0] + 5000",
    ],
)
def test_deep_but_valid_conditions_are_evaluated(condition: str) -> None:
    """However deep they are nested, without recursion."""
    assert holds(checked_condition(condition), (2.0,))


@pytest.mark.parametrize("sign", ["(", "!", "-", "len(", "[", "true ? ", "all(result, {"])
def test_what_is_nested_without_end_is_refused(sign: str) -> None:
    """A text made to exhaust the parser is refused like any other."""
    with pytest.raises(InvalidInput, match="condition"):
        checked_condition(sign * 5_000)


def test_what_a_condition_takes_the_result_for() -> None:
    """A list where it is indexed, fields where one is named; else what the other one says."""
    assert shape_of("result[0] > 1") == ("list", "")
    assert shape_of("result.data['rate'] > 1") == ("fields", ".data.rate")
    assert shape_of("result < 1 || isNil(result)") == ("number", "")
    assert shape_of("isNil(result)") is None
    assert holds("isNil(result)", ())
    assert not holds("isNil(result)", (), "list")


WORDS = (
    "result [0] . x ?. ?? ? : ( ) { } [ ] , # 1 2.5 .. && || ! not in < == + - * / % ** len( all( "
    "default( asInt( isNil( nil true 'a'"
)
alphabet = st.sampled_from(WORDS.split())  # and nothing of it may raise what it should not


@given(st.lists(alphabet, max_size=12).map(" ".join), st.sampled_from([(), (0.5,), (math.nan,)]))
@settings(max_examples=300)
def test_no_string_of_its_words_does_more_than_be_refused(
    text: str, found: tuple[float, ...]
) -> None:
    """It is refused, or an Error, or true or false: never another exception."""
    with suppress(InvalidInput, NoVerdict):
        assert holds(checked_condition(text), found) in (True, False)


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
