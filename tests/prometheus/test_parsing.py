"""What a query says: how operators bind, what is written back, and what is refused by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.prometheus.durations import duration_ms
from simab.prometheus.expressions import (
    COMPARISONS,
    Aggregation,
    Binary,
    Call,
    Expression,
    Kind,
    Matcher,
    Matching,
    Negative,
    Number,
    Selector,
    number_text,
)
from simab.prometheus.functions import AGGREGATIONS
from simab.prometheus.parsing import MOST_DEEP, MOST_PARTS, MOST_STATES, parsed
from simab.prometheus.refusals import QueryRefused
from simab.prometheus.tokens import MOST_CHARACTERS
from tests.prometheus.written import written


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("1 + 2 * 3 ^ 2 ^ 0.5", "1 + (2 * (3 ^ (2 ^ 0.5)))"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("-a ^ 2", "-(a ^ 2)"),
        ("-a * b", "(-a) * b"),
        ("2 ^ -1", "2 ^ (-1)"),
        ("a or b and c unless d", "a or ((b and c) unless d)"),
        ("a > b + 1", "a > (b + 1)"),
        ("a == bool 1", "a == bool 1"),
        ("100 - a / b * 100", "100 - ((a / b) * 100)"),
        ("sum(a) by (le)", "sum by (le) (a)"),
        ("SUM BY (le, x,) (a)", "sum by (le, x) (a)"),
        ("sum without () (a)", "sum without () (a)"),
        ("a{b='c',}[1h30m] offset 1m", 'a{b="c"}[90m] offset 1m'),
        ('{__name__="a", b=~"c|d"}', 'a{b=~"c|d"}'),
        ("a offset -5m", "a offset -5m"),
        ("a # a remark\n+ b", "a + b"),
        ('a{b="\\u00e9\\x41\\n"}', 'a{b="éA\\n"}'),
        ("a{b=`\\d`}", 'a{b="\\\\d"}'),
        ("0x10 + .5e1", "16 + 5"),
        ("a / on (x) b", "a / on (x) b"),
        ("a or on () vector(0)", "a or on () vector(0)"),
        ("a * ignoring (x) b", "a * ignoring (x) b"),
        ("Inf + nan", "+Inf + NaN"),
    ],
)
def test_a_query_binds_as_in_prometheus(query: str, same: str) -> None:
    assert written(parsed(query)) == written(parsed(same))
    assert written(parsed(written(parsed(query)))) == written(parsed(query))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "no expression found"),
        ("1 +", "1:4: parse error: unexpected end"),
        ("a b", "unexpected 'b'"),
        ("a[5m", "expected ']'"),
        ("a[5]", "expected a duration"),
        ("a[0s]", "greater than 0"),
        ("a[400d]", "not a duration up to 366 days"),
        ("a[5m:1m]", "not supported by simab: a subquery"),
        ("rate(a[5m])[5m]", "a subquery"),
        ("sum(a)[5m:1m]", "a subquery"),
        ("a @ 0", "the modifier @"),
        ("a[5m] @ start()", "the modifier @"),
        ("topk(5, a)", "not supported by simab: topk"),
        ("quantile by (x) (0.5, a)", "quantile"),
        ("label_replace(a, 'x', 'y', 'z', '')", "function 'label_replace'"),
        ("a * on (x) group_left b", "group_left"),
        ("a{b!x}", "unexpected character"),
        ("a{b>'c'}", "expected one of"),
        ("a{b=c}", "expected a label's value"),
        ("a{b=~'('}", "is not a regular expression"),
        ("a{b=~'(a)|b)('}", "is not a regular expression"),
        ('{b="c"}', "without the name"),
        ('{__name__=~"a.*"}', "a pattern of names"),
        ('a{__name__="b"}', "more than one name"),
        ("rate(a)", "expected type range vector in call to function"),
        ("rate(sum(a))", "expected type range vector"),
        ("sum(a[5m])", "expected type instant vector in aggregation expression, got range vector"),
        ("a[5m] + 1", "must contain only scalar and instant vector types"),
        ("-a[5m]", "unary expression only allowed"),
        ("1 > 2", "comparisons between scalars must use BOOL"),
        ("1 and a", "set operator 'and' not allowed"),
        ("1 + on (x) a", "vector matching only allowed"),
        ("a + bool b", "bool modifier can only be used on comparison"),
        ("rate(a[5m], 1)", "expected 1 argument(s)"),
        ("histogram_quantile(a, b)", "expected type scalar"),
        ("a offset 5m [1m]", "no offset modifiers allowed before range"),
        ("(a) offset 5m", "must be preceded by a selector"),
        ("a[5m][5m]", "a range has a range"),
        ("'text'", "a text as a value"),
        ("5m", "a duration that stands for a number"),
        ("a[$__rate_interval]", "variables of a dashboard"),
        ("a{b='{{args.x}}'}[{{ interval }}]", "templates have to be filled in"),
        ("a{{{b}}}", "templates have to be filled in"),
        ("a{b='c}", "a text is not closed"),
        ("a{b='\\q'}", "unknown escape sequence"),
        ("5ma", "bad number or duration"),
        ("by", "unexpected 'by'"),
        ("a\n  + ~", "2:5: parse error: unexpected character: '~'"),
    ],
)
def test_what_is_refused_says_why(query: str, why: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        parsed(query)
    assert why in str(refused.value)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "query",
    [
        "(" * 5_000,
        "-" * 5_000 + "1",
        "(" * MOST_DEEP + "1" + ")" * MOST_DEEP,
        "1" + "+1" * MOST_PARTS,
        "1" + "^1" * 5_000,
        "sum(" * 2_000,
        "a" * (MOST_CHARACTERS + 1),
        "a{" + "b='c'," * 5_000,
        "a{b=~'" + "(" * 9_000 + "'}",
        "a{b=~'" + "(a{1000}){1000}" + "'}",
        "a{" + "b=~'(a?){1000}'," * 10 + "}",
        " + ".join(["a{b=~'(a?){1000}'}"] * 10),
    ],
)
def test_endless_queries_are_refused(query: str) -> None:
    with pytest.raises(QueryRefused):
        parsed(query)


def test_all_expressions_of_a_query_together_have_a_bound() -> None:
    fits = MOST_STATES // 1_010
    assert parsed(" + ".join(["a{b=~'x{1000}'}"] * fits))
    with pytest.raises(QueryRefused, match="its expressions have more than 10,000 states"):
        parsed(" + ".join(["a{b=~'x{1000}'}"] * (fits + 1)))


LABELS = st.sampled_from(["le", "variant", "by", "on", "sum"])
LABEL_SETS = st.lists(LABELS, max_size=2, unique=True).map(tuple)
LENGTHS_MS = st.sampled_from([1, 15_000, 60_000, 5_400_000, 86_400_000])
MATCHERS = st.lists(
    st.builds(Matcher, LABELS, st.sampled_from(["=", "!="]), st.text(max_size=4))
    | st.builds(Matcher, LABELS, st.sampled_from(["=~", "!~"]), st.sampled_from([".*", "5..", ""])),
    max_size=2,
).map(tuple)
INSTANT = st.builds(Selector, st.sampled_from(["a", "b:c"]), MATCHERS, st.just(0), LENGTHS_MS)
RANGED = st.builds(Selector, st.sampled_from(["a", "b:c"]), MATCHERS, LENGTHS_MS, LENGTHS_MS)
NUMBERS = st.floats(allow_nan=False).map(Number)


def vectors(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Vectors made of vectors."""
    matching = st.builds(Matching, st.booleans(), LABEL_SETS)
    arithmetic = st.sampled_from(["+", "-", "*", "/", "%", "^"])
    return (
        st.builds(Binary, st.sampled_from(["and", "or", "unless"]), inner, inner, matching)
        | st.builds(Binary, arithmetic, inner, inner, matching)
        | st.builds(Binary, arithmetic, inner, NUMBERS)
        | st.builds(
            Binary, st.sampled_from(sorted(COMPARISONS)), NUMBERS, inner,
            st.just(Matching(False, ())), st.booleans(),
        )
        | st.builds(Aggregation, st.sampled_from(AGGREGATIONS), inner, LABEL_SETS, st.booleans())
        | st.builds(Negative, inner)
        | st.builds(
            lambda share, of: Call("histogram_quantile", (share, of), Kind.INSTANT), NUMBERS, inner
        )
    )  # fmt: skip


RATES = st.builds(lambda of: Call("rate", (of,), Kind.INSTANT), RANGED)


@given(st.recursive(INSTANT | RATES, vectors, max_leaves=12))
def test_what_is_written_is_read_back(expression: Expression) -> None:
    assert parsed(written(expression)) == expression


@pytest.mark.parametrize(
    ("text", "length_ms"),
    [
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("1y2w3d4h5m6s7ms", (((365 + 14 + 3) * 24 + 4) * 60 + 5) * 60_000 + 6_007),
        *((each, None) for each in ("", "5", "m", "1.5h", "30m1h", "5m5m", "-5m", "5 m")),
    ],
)
def test_durations(text: str, length_ms: int | None) -> None:
    assert duration_ms(text) == length_ms


@given(st.text(alphabet="ab(){}[]=~!<>+-*/^%,\"'5m .eE0x#\n@$sumbyratelefst", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parsed(text)
    except QueryRefused:
        return
    assert written(parsed(written(found))) == written(found)


@given(st.floats())
def test_numbers_are_written_shortest_without_an_exponent(value: float) -> None:
    text = number_text(value)
    assert "e" not in text.lower()
    assert float(text) == value or value != value


def test_numbers_as_prometheus_writes_them() -> None:
    texts = map(number_text, (1.0, 0.1, 1e21, 1e-7, -0.0, 1e15, float("inf")))
    assert [*texts] == ["1", "0.1", "1" + "0" * 21, "0.0000001", "-0", "1" + "0" * 15, "+Inf"]
