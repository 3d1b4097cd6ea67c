"""Durations, rates and shares: what people write, read back exactly; what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab import units
from simab.errors import InvalidInput


@given(st.integers(0, units.LONGEST_DURATION_NS))
def test_a_duration_written_and_read_is_the_same(duration_ns: int) -> None:
    """The text of a duration is exact."""
    assert units.parse_duration(units.format_duration(duration_ns)) == duration_ns


@given(st.floats(1e-9, 1e9))
def test_a_rate_written_and_read_is_the_same(per_second: float) -> None:
    """The text of a rate gives the same float back."""
    assert units.parse_rate(units.format_rate(per_second)) == per_second


@given(
    st.integers(0, 10**6),
    st.sampled_from([("us", 10**3), ("ms", 10**6), ("s", 10**9), ("min", 60 * 10**9)]),
)
def test_decimals_of_a_unit_are_exact(thousandths: int, unit: tuple[str, int]) -> None:
    """Three decimals of any unit are whole nanoseconds, by decimal arithmetic and not by floats."""
    name, size_ns = unit
    text = f"{thousandths // 1000}.{thousandths % 1000:03d}{name}"
    assert units.parse_duration(text) == Fraction(thousandths, 1000) * size_ns


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("0s", 0),
        ("1ns", 1),
        ("62s", 62_000_000_000),
        ("1.5 h", 5_400_000_000_000),
        ("0.1ms", 100_000),
        ("10m", 600_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1 h 30 min", 5_400_000_000_000),
        ("2w", 1_209_600_000_000_000),
        ("1s2ms", 1_002_000_000),
        ("5ms", 5_000_000),
        ("3µs", 3_000),
        ("366d", 31_622_400_000_000_000),
    ],
)
def test_durations_that_people_write(text: str, duration_ns: int) -> None:
    """Worked by hand."""
    assert units.parse_duration(text) == duration_ns


@pytest.mark.parametrize(
    "text",
    ["", "5", 5, None, "-1s", "1 M", "1h30", "m", "5 S", "1e3s", "0.1ns", "1.0005us", "367d", "٣s"],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    """No unit, an unknown one, a sign, an exponent, a part of a nanosecond, over 366 days."""
    with pytest.raises(InvalidInput, match="a duration is"):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [("2/s", 2.0), ("120/min", 2.0), ("3600 / h", 1.0), ("0.5/d", 0.5 / 86400)],
)
def test_rates_that_people_write(text: str, per_second: float) -> None:
    """Worked by hand."""
    assert units.parse_rate(text) == per_second


@pytest.mark.parametrize("text", ["2", 2, "2/ms", "-2/s", "2 per s", "1e3/s"])
def test_what_is_no_rate_is_refused(text: object) -> None:
    """No unit, an unknown one, a sign, an exponent."""
    with pytest.raises(InvalidInput, match="a rate is"):
        units.parse_rate(text)


@pytest.mark.parametrize(("value", "share"), [("5%", 0.05), ("12.5 %", 0.125), (0, 0.0), (1, 1.0)])
def test_shares_that_people_write(value: object, share: float) -> None:
    """Worked by hand."""
    assert units.parse_share(value) == share


@pytest.mark.parametrize("value", ["5", True, None, -0.1, 1.1, "101%", float("nan"), "-1%"])
def test_what_is_no_share_is_refused(value: object) -> None:
    """Text without a percent sign, a truth value, anything outside 0 to 1."""
    with pytest.raises(InvalidInput, match="a share"):
        units.parse_share(value)
