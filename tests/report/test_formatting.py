"""Numbers are written so that they say no more and no less than is known."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.report import formatting
from simab.result import Mean, Proportion, Quantiles
from simab.text import typeset
from simab.text.durations import duration_text
from simab.text.numbers import counted

NAN = math.nan


def plain(text: object) -> str:
    """With ordinary spaces, so that expectations can be typed."""
    return str(text).replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.014, "14 ms"),
        (0.0004, "400 us"),
        (0.9999, "1 s"),
        (9.949, "9.95 s"),
        (4.2, "4.2 s"),
        (48, "48 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (312, "5 min 12 s"),
        (3599.9, "1 h"),
        (18_720, "5 h 12 min"),
        (21_600, "6 h"),
        (48 * 3600 - 1, "2 d"),
        (273_600, "3 d 4 h"),
        (-90, "−1 min 30 s"),
        (NAN, "not known"),
    ],
)
def test_a_duration_shows_its_two_largest_units(seconds: float, text: str) -> None:
    assert plain(typeset.duration(seconds)) == text


@given(st.floats(0, 1e7))
def test_no_unit_of_a_duration_overflows(seconds: float) -> None:
    """There is never a 60 s, 60 min or 24 h beside a larger unit."""
    parts = plain(typeset.duration(seconds)).split()
    assert not {("60", "s"), ("60", "min"), ("24", "h")} & set(
        zip(parts[2::2], parts[3::2], strict=True)
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (2820, 5100, "47 min to 1 h 25 min"),
        (6660, 12_240, "1 h 51 min to 3 h 24 min"),
        (2_592_000, 2_635_200, "30 d to 30 d 12 h"),
        (-90, 30, "−1 min 30 s to 30 s"),
        (21_600, 21_600, "6 to 6 h"),
        (0, 45, "0 to 45 s"),
        (0, 0, "0 to 0 s"),
        (NAN, 3, "not known"),
    ],
)
def test_a_range_of_durations_has_both_ends_as_they_are_alone(
    low: float, high: float, text: str
) -> None:
    assert plain(typeset.duration_range(low, high)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Proportion(57, 0.57, 0.472, 0.663), "57 % (47 to 66 %)"),
        (Proportion(0, 0.0, 0.0, 0.009512), "0 % (0 to 1.0 %)"),  # Wilson, 0 of 400
        (Proportion(400, 1.0, 0.990488, 1.0), "100 % (99.0 to 100 %)"),
        (Proportion(249, 0.996, 0.9777, 0.9993), "99.6 % (98 to 99.9 %)"),
        (Proportion(5700, 0.57, 0.5603, 0.5797), "57.0 % (56.0 to 58.0 %)"),
        (Proportion(0, NAN, NAN, NAN), "not known"),
    ],
)
def test_a_share_is_as_fine_as_its_interval(value: Proportion, text: str) -> None:
    assert plain(formatting.proportion(value)) == text


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 2))
def test_only_nothing_is_0_percent_and_only_everything_100(
    count: int, more: int, decimals: int
) -> None:
    share = count / (count + more)
    assert (float(plain(typeset.percent(share, decimals))[:-2]) == 0) == (count == 0)
    assert plain(typeset.percent(1 - share, decimals)) != "100 %" or count == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Mean(12_345.6, 12_100.0, 12_600.0), "12,346 (12,100 to 12,600)"),
        (Mean(1.968, 1.888, 2.047), "1.97 (1.89 to 2.05)"),
        (Mean(2.0, 2.0, 2.0), "2 (in every run)"),
        (Mean(2.5, NAN, NAN), "2.50"),
        (Mean(NAN, NAN, NAN), "not known"),
    ],
)
def test_a_mean_ends_with_the_first_uncertain_digit(value: Mean, text: str) -> None:
    assert plain(formatting.mean(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Quantiles(400, 3600, 7200, 10_800, 7000, 7400), "2 h (1 to 3 h)"),
        (Quantiles(300, 3600, 7200, NAN, 7000, 7400), "2 h (1 h or more)"),
        (Quantiles(100, 3600, NAN, NAN, NAN, NAN), "over 6 h (1 h or more)"),
        (Quantiles(3, NAN, NAN, NAN, NAN, NAN), "over 6 h"),
        (Quantiles(400, 960, 960, 960, 960, 960), "16 min (the same at 10 and 90 %)"),
        (Quantiles(0, NAN, NAN, NAN, NAN, NAN), "no decision"),
    ],
)
def test_a_quantile_beyond_the_horizon_is_said_to_be_longer(value: Quantiles, text: str) -> None:
    assert plain(formatting.duration_quantiles(value, 21_600)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1 - 1e-5, "99.999 %"),
        (1 - 1e-14, "over 99.9999 %"),
        (1e-5, "0.001 %"),
        (1e-9, "under 0.0001 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
    ],
)
def test_what_is_nearly_all_or_nothing_is_said_to_be_so(share: float, text: str) -> None:
    """Not as a number of many digits: nothing is known as finely."""
    assert plain(typeset.percent(share, 1)) == text


def test_differences_carry_their_sign() -> None:
    assert plain(formatting.points(-0.44, -0.49, -0.39)) == "−44 points (−49 to −39)"
    assert plain(formatting.difference(233.0, 204.0, 262.0)) == "+233 (+204 to +262)"
    assert plain(formatting.difference(0.0, -1.0, 1.0)) == "0 (−1 to +1)"


def test_names_and_values_of_metrics() -> None:
    assert formatting.metric_name("f1") == "F1"
    assert formatting.metric_name("success_rate") == "success rate"
    assert typeset.metric_value(0.8414) == "0.841"
    assert typeset.metric_value(0.0004) == "0.00040"


@pytest.mark.parametrize(
    ("mean", "low", "high", "written"),
    [
        (0.12, 0.11, 0.13, "12 % (11 to 13 %)"),
        (0.0011, 0.0004, 0.0018, "0.11 % (0.04 to 0.18 %)"),
        (0.001, -0.001, 0.003, "0.10 % (0 to 0.30 %)"),
        (0.0, 0.0, 0.0, "0 % (none possible)"),
        (0.02, 0.02, 0.02, "2 % (in every run)"),
        (math.nan, math.nan, math.nan, "not known"),
        (0.25, math.nan, math.nan, "25 %"),
    ],
)
def test_a_mean_share_shows_what_is_rare(
    mean: float, low: float, high: float, written: str
) -> None:
    """Never below 0 %, and with the decimals that a small share needs."""
    assert plain(str(formatting.mean_share(Mean(mean, low, high)))) == written


SIZES_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def read(text: str) -> float:
    """The seconds that a written duration says."""
    words = text.replace("−", "").replace(",", "").split()
    total = sum(
        float(amount) * SIZES_S[unit] for amount, unit in zip(words[::2], words[1::2], strict=True)
    )
    return -total if text.startswith("−") else total


def ends(interval: str) -> list[str]:
    """Both ends of a written range; the first may leave its unit to the second."""
    first, last = interval.split(" to ")
    return [first if " " in first else f"{first} {last.split()[-1]}", last]


DURATIONS = st.floats(0, 3e7) | st.floats(0, 12) | st.sampled_from([3599.5, 172_770.0, 9.95, 59.5])


@given(st.lists(DURATIONS, min_size=2, max_size=2).map(sorted))
def test_a_longer_time_is_never_written_as_a_shorter_one(times: list[float]) -> None:
    short, long = (plain(typeset.duration(each)) for each in times)
    assert read(short) <= read(long) * (1 + 1e-12)
    assert read(long) == pytest.approx(times[1], rel=0.05, abs=1e-6)


@given(DURATIONS)
def test_pages_and_messages_write_a_duration_alike(seconds: float) -> None:
    """`check` and the report are read side by side."""
    assert plain(typeset.duration(seconds)) == duration_text(seconds)


@given(st.lists(DURATIONS | DURATIONS.map(lambda each: -each), min_size=3, max_size=3).map(sorted))
def test_a_duration_lies_within_its_ends_as_written(times: list[float]) -> None:
    """A median of 30 d 12 h does not lie in "30 to 30 d"; for all who write one with its ends."""
    low, middle, high = times
    written = [formatting.signed_duration(middle, low, high)]
    if low >= 0:
        written.append(formatting.mean_duration(Mean(middle, low, high)))
        written.append(formatting.duration_quantiles(Quantiles(9, low, middle, high, low, high)))
    for each in written:
        value = plain(each.value).removeprefix("+")
        assert read(value) == read(plain(typeset.duration(middle)))
        if " to " in each.interval:
            first, last = ends(plain(each.interval))
            slack = 1e-12 * max(abs(low), abs(high))
            assert read(first) - slack <= read(value) <= read(last) + slack


def number(text: str) -> float:
    """A written number, without its unit."""
    found = re.match(r"[+−]?[\d,.]+", plain(text).removeprefix("under ").removeprefix("over "))
    assert found, text
    return float(found[0].replace("−", "-").replace(",", "").replace("+", ""))


@given(st.lists(st.floats(0, 1) | st.floats(0, 1e-4), min_size=3, max_size=3).map(sorted))
def test_a_share_lies_within_its_ends_as_written(shares: list[float]) -> None:
    low, middle, high = shares
    for each in (
        formatting.proportion(Proportion(1, middle, low, high)),
        formatting.mean_share(Mean(middle, low, high)),
    ):
        if " to " in each.interval:
            first, last = each.interval.split(" to ")
            assert number(first) <= number(each.value) <= number(last)


@given(st.lists(st.floats(-1e9, 1e9) | st.floats(-2, 2), min_size=3, max_size=3).map(sorted))
def test_a_number_lies_within_its_ends_as_written(values: list[float]) -> None:
    low, middle, high = values
    for each in (
        formatting.mean(Mean(middle, low, high)),
        formatting.difference(middle, low, high),
        formatting.points(middle, low, high),
    ):
        if " to " in each.interval:
            first, last = each.interval.split(" to ")
            assert number(first) <= number(each.value) <= number(last)


@given(st.integers(0, 10**6))
def test_one_of_a_thing_is_singular(count: int) -> None:
    assert counted(count, "run") == f"{count:,} run{'' if count == 1 else 's'}"


@pytest.mark.parametrize("count", range(2, 199))
def test_a_share_and_its_rest_add_up_to_100(count: int) -> None:
    """Of 200 runs, so that halves occur: 42.5 % and 57.5 % are 42 and 58."""
    both = [typeset.percent(each / 200) for each in (count, 200 - count)]
    assert sum(int(each.partition(typeset.THIN)[0]) for each in both) == 100
