"""The scale of a distribution of durations: all of them so many times as long."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from simab.profiles import DurationProfile

READER = TypeAdapter(DurationProfile)
ONE_OF_EACH = (
    {"kind": "constant", "value": "40ms"},
    {"kind": "exponential", "mean": "40ms"},
    {"kind": "lognormal", "median": "40ms", "p99": "200ms"},
    {"kind": "lognormal", "mean": "40ms", "cv": 2.0},
    {"kind": "gamma", "mean": "40ms", "cv": 0.5},
    {"kind": "hyperexponential", "mean": "40ms", "cv": 2.0},
    {"kind": "weibull", "mean": "40ms", "cv": 2.0},
    {"kind": "weibull", "median": "40ms", "p99": "200ms"},
    {
        "kind": "mixture",
        "parts": [
            {"share": 0.5, "duration": {"kind": "constant", "value": "40ms"}},
            {"share": 0.5, "duration": {"kind": "exponential", "mean": "1s"}},
        ],
    },
    {"kind": "quantiles", "quantiles": {"p0": "5ms", "p50": "20ms", "p100": "400ms"}},
    {"kind": "quantiles", "quantiles": {"p50": "20ms", "p99": "400ms"}},
    {"kind": "samples", "values": ["31ms", "38ms", "90ms"]},
)


def test_all_families_are_here() -> None:
    """No family goes unchecked below."""
    kinds = {
        member.model_fields["kind"].default for member in get_args(get_args(DurationProfile)[0])
    }
    assert {profile["kind"] for profile in ONE_OF_EACH} == kinds


@pytest.mark.parametrize("profile", ONE_OF_EACH, ids=lambda profile: profile["kind"])
def test_every_quantile_is_so_many_times_as_long(profile: dict) -> None:
    """The table of scale 3 is three times the table of scale 1, to the rounding of a nanosecond."""
    plain = READER.validate_python(profile).table().edges
    scaled = READER.validate_python(profile | {"scale": 3.0}).table().edges
    assert np.abs(scaled - 3 * plain).max() <= 3  # each edge is rounded once


@pytest.mark.parametrize("profile", ONE_OF_EACH, ids=lambda profile: profile["kind"])
def test_a_scale_of_1_changes_no_bit(profile: dict) -> None:
    """Files without a scale are played as before."""
    family = READER.validate_python(profile)
    survival = 2.0 ** -np.arange(1, 40)
    assert np.array_equal(family.quantile_of_survival_ns(survival), family.unscaled_ns(survival))
