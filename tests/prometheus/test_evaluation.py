"""Values of queries over series that are written down."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.prometheus.effort import Effort
from simab.prometheus.evaluation import value_at
from simab.prometheus.parsing import MOST_PARTS, parsed
from simab.prometheus.refusals import QueryRefused
from simab.prometheus.series import Series
from tests.prometheus.held import Held, counting

REQUESTS = [
    counting(15, [0, 30, 60, 90, 120], variant="a", code="200"),
    counting(15, [0, 0, 15, 15, 30], variant="a", code="500"),
    counting(15, [0, 60, 120, 180, 240], variant="b", code="200"),
]
BUCKETS = [
    counting(15, [0, 5, 10], first_s=30, variant=variant, le=le)
    for variant in "ab"
    for le in ("0.1",)
] + [
    counting(15, [0, 10, 20], first_s=30, variant=variant, le=le)
    for variant in "ab"
    for le in ("0.5", "+Inf")
]


@pytest.fixture
def held() -> Held:
    idle = [counting(15, [7, 7, 7, 7, 7], variant="a", code="200")]
    return Held({"requests": REQUESTS, "buckets": BUCKETS, "idle": idle})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # (0, 60] has the samples at 15, 30, 45 and 60 s: 90 in 45 s, and 15 s to each zero or end.
        ("rate(requests{variant='a',code='200'}[1m])", {"code=200,variant=a": 2.0}),
        ("increase(requests{variant='b'}[1m])", {"code=200,variant=b": 240.0}),
        ("irate(requests{code='500'}[1m])", {"code=500,variant=a": 1.0}),
        ("sum(requests)", {"": 390}),
        ("sum by (variant) (requests)", {"variant=a": 150, "variant=b": 240}),
        ("sum without (code) (requests)", {"variant=a": 150, "variant=b": 240}),
        ("count(requests) by (code)", {"code=200": 2, "code=500": 1}),
        ("min(requests) by (variant)", {"variant=a": 30, "variant=b": 240}),
        ("max(requests)", {"": 240}),
        ("avg by (variant) (requests)", {"variant=a": 75, "variant=b": 240}),
        ("sum by (absent) (requests)", {"": 390}),
        ("requests{code=~'5..'}", {"__name__=requests,code=500,variant=a": 30}),
        ("requests{code!~'5.*',variant!='b'}", {"__name__=requests,code=200,variant=a": 120}),
        ("requests offset 30s", {
            "__name__=requests,code=200,variant=a": 60,
            "__name__=requests,code=500,variant=a": 15,
            "__name__=requests,code=200,variant=b": 120,
        }),
        ("requests{code='404'} or vector(0)", {"": 0}),
        ("sum(requests{code='404'}) or vector(0)", {"": 0}),
        ("sum(requests) or vector(0)", {"": 390}),
        ("requests{code='404'} or on() vector(0)", {"": 0}),
        ("sum(requests{code=~'2..'}) / sum(requests) * 100", {"": 360 / 390 * 100}),
        ("100 - sum(requests{code!='500'}) / sum(requests) * 100", {"": 100 - 360 / 390 * 100}),
        ("requests{code='500'} / ignoring (code) requests{code='200'}", {"variant=a": 0.25}),
        ("requests{code='500'} / on (variant) requests{code='200'}", {"variant=a": 0.25}),
        ("requests{code='500'} / requests{code='200'}", {}),
        ("sum by (variant) (requests) > 200", {"variant=b": 240}),
        ("sum by (variant) (requests) > bool 200", {"variant=a": 0, "variant=b": 1}),
        ("200 < sum by (variant) (requests)", {"variant=b": 240}),
        ("requests and on (variant) requests{code='500'}", {
            "__name__=requests,code=200,variant=a": 120, "__name__=requests,code=500,variant=a": 30,
        }),
        ("requests unless on (variant) requests{code='500'}", {
            "__name__=requests,code=200,variant=b": 240,
        }),
        ("-sum(requests)", {"": -390}),
        ("scalar(sum(requests)) + 1", 391),
        ("2 ^ 3 % 5 - -1", 4),
        ("3 > bool 2", 1),
        ("time()", 60),
        ("vector(1)", {"": 1}),
        ("histogram_quantile(0.5, sum by (le) (rate(buckets[1m])))", {"": 0.1}),
        ("histogram_quantile(0.75, sum by (le, variant) (rate(buckets[1m])))",
         {"variant=a": 0.3, "variant=b": 0.3}),
        ("histogram_quantile(0.75, buckets)", {"variant=a": 0.3, "variant=b": 0.3}),
        ("max_over_time(requests{variant='b'}[30s])", {"code=200,variant=b": 240}),
        ("last_over_time(idle[1m])", {"__name__=idle,code=200,variant=a": 7}),
    ],
)  # fmt: skip
def test_a_value_by_hand(held: Held, query: str, expected: object) -> None:
    assert held.value(query) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("0 / 0", math.nan),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("5 % 0", math.nan),
        ("-7 % 4", -3),
        ("(-8) ^ 0.5", math.nan),
        ("10 ^ 400", math.inf),
        ("scalar(vector(1) or requests)", math.nan),
        ("scalar(requests{code='404'})", math.nan),
        ("NaN == bool NaN", 0),
    ],
)
def test_numbers_are_those_of_processors(held: Held, query: str, value: float) -> None:
    assert held.value(query) == pytest.approx(value, nan_ok=True)


def test_a_share_of_nothing_is_not_a_number(held: Held) -> None:
    """What a canary analysis meets where a variant has no traffic."""
    assert math.isnan(held.value("sum(rate(idle[1m])) / sum(rate(idle[1m]))")[""])
    held.series["empty"] = [counting(15, [3, 3, 3], first_s=30, le=le) for le in ("1", "+Inf")]
    assert math.isnan(held.value("histogram_quantile(0.9, rate(empty[1m]))")[""])


def test_what_is_older_than_five_minutes_is_not_seen(held: Held) -> None:
    assert held.value("sum(requests)", at_s=359.999) == {"": 390}
    assert held.value("sum(requests)", at_s=360) == {}
    assert held.value("sum(rate(requests[1m]))", at_s=119) == {}
    assert held.value("sum(requests)", at_s=-1) == {}


def test_what_is_known_to_be_gone_is_not_seen_until_it_is_back() -> None:
    samples = counting(15, [1, 2, 3])
    gone = Series({}, samples.times_ms, samples.values, 1.0, (20_000, 45_000))
    held = Held({"m": [gone]})
    seen = [held.value("m", at_s=at_s) for at_s in (15, 19, 20, 29, 30, 44, 45, 60)]
    assert seen == [{"__name__=m": n} if n else {} for n in (2, 2, 0, 0, 3, 3, 0, 0)]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("unheard_of", "simab has no metric 'unheard_of'; it has buckets, idle and requests"),
        ("requests{pod='x'}", "requests of simab has no label 'pod'; it has code and variant"),
        ("requests{code='500'} / on () requests", "found duplicate series"),
        ("requests / on () requests{code='500'}", "multiple matches for labels"),
        *(
            (query, "metrics with the same labelset")
            for query in (
                "-(requests or on (__name__) idle)",
                "(requests or on (__name__) idle) + 1",
                "0 < bool (requests or on (__name__) idle)",
            )
        ),
    ],
)
def test_what_cannot_be_evaluated_says_why(held: Held, query: str, why: str) -> None:
    with pytest.raises(QueryRefused, match="(?s)" + why.replace("(", r"\(")) as refused:
        held.value(query)
    assert refused.value.status == 422


def test_a_query_as_deep_as_is_read_is_evaluated(held: Held) -> None:
    assert held.value("1" + "+1" * (MOST_PARTS // 2)) == MOST_PARTS // 2 + 1
    assert held.value("-" * 60 + "1") == 1


def test_samples_and_time_have_an_end(held: Held) -> None:
    expression = parsed("sum(rate(requests[1m]))")
    with pytest.raises(QueryRefused, match="too many samples"):
        value_at(expression, held, 60_000, Effort(math.inf, samples=3))
    with pytest.raises(QueryRefused, match="timed out") as refused:
        value_at(expression, held, 60_000, Effort(0.0))
    assert refused.value.status == 503


class Unread(Series):
    """A series whose samples may be counted, and not read."""

    def samples(self, first: int, last: int) -> tuple[list[int], list[float]]:
        raise AssertionError((first, last))


def test_samples_that_are_too_many_are_not_read() -> None:
    one = counting(15, [0, 1, 2, 3])
    held = Held({"m": [Unread({}, one.times_ms, one.values)]})
    with pytest.raises(QueryRefused, match="too many samples"):
        value_at(parsed("rate(m[1m])"), held, 60_000, Effort(math.inf, samples=3))


def test_finding_the_series_of_a_name_has_an_end_too(held: Held) -> None:
    with pytest.raises(QueryRefused, match="timed out"):
        held.family("requests", Effort(0.0).look_at_time)
    held.series["none"] = []
    with pytest.raises(QueryRefused, match="timed out"):
        value_at(parsed("none"), held, 60_000, Effort(0.0))


def test_an_expression_that_would_backtrack_without_end_is_answered(held: Held) -> None:
    name = "a" * 60
    held.series["long"] = [counting(15, [1], first_s=60, variant=name)]
    assert held.value("sum(long{variant=~'(a+)+b'})") == {}
    assert held.value("sum(long{variant=~'(a+)+'})") == {"": 1}


COUNTS = st.lists(st.integers(0, 1_000), min_size=5, max_size=5).map(
    lambda growths: [sum(growths[: n + 1]) for n in range(5)]
)


@given(st.lists(st.tuples(st.sampled_from("abc"), COUNTS), min_size=1, max_size=6))
def test_sums_by_a_label_add_up_to_the_sum(drawn: list[tuple[str, list[int]]]) -> None:
    series = [
        counting(15, values, variant=variant, code=str(number))
        for number, (variant, values) in enumerate(drawn)
    ]
    held = Held({"m": series})
    for inner in ("m", "rate(m[1m])", "increase(m[45s])"):
        parts, whole = held.value(f"sum by (variant) ({inner})"), held.value(f"sum({inner})")
        assert sum(parts.values()) == pytest.approx(whole[""])
        counted = held.value(f"count by (variant) ({inner})")
        assert counted == {f"variant={name}": n for name, n in Counter(v for v, _ in drawn).items()}
        means = held.value(f"avg by (variant) ({inner})")
        assert all(means[key] * counted[key] == pytest.approx(parts[key]) for key in parts)
