"""What is known beforehand of a scenario's users: how far sums over them will stray."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from simab.explain.user_values import values_under_control
from simab.scenario.models import Scenario
from simab.scenario.rates import mean_rate_per_s
from simab.stats.user_forecast import UserForecast, user_forecast

__all__ = ["effect_when_adjusted_by_request", "forecast_of_users", "variance_of_values"]

Floats = NDArray[np.float64]


def forecast_of_users(
    scenario: Scenario,
    of_all: float,
    of_before: float,
    *,
    kept: bool,
    triggered: Collection[str] = (),
) -> UserForecast | None:
    """Of so many labelled requests of all users in a test and before it; None of unknown users.

    Of two variants that both answer as the control does, and of the triggered segments alone if
    there are any; `kept`: a user sends all to one variant.
    """
    segments = [
        each
        for name, each in scenario.traffic.items()
        if each.labelled and (not triggered or name in triggered)
    ]
    values = [values_under_control(scenario, each) for each in segments]
    rates = [mean_rate_per_s(scenario, each) for each in segments]
    whole = math.fsum(rates)
    unknown = any(each.trace is not None or each.opt_out for each in segments)
    if unknown or None in values or not whole * of_all:
        return None
    parts = [
        (rate / whole, each, own)
        for rate, each, own in zip(rates, segments, values, strict=True)
        if own is not None
    ]
    mean = math.fsum(part * own.mean for part, _, own in parts)
    shares = [part * each.activity.shares(each.clients) for part, each, _ in parts]
    apart = [(own.mean - mean) ** 2 + own.between for _, _, own in parts]
    within = [max(own.mean_square - own.mean**2 - own.between, 0.0) for _, _, own in parts]
    return user_forecast(
        of_all * np.concatenate(shares),
        of_before * np.concatenate(shares),
        _repeated(apart, shares),
        _repeated(within, shares),
        kept=kept,
    )


def effect_when_adjusted_by_request(
    scenario: Scenario, of_all: float, of_before: float, triggered: Collection[str] = ()
) -> float:
    """How much larger the variance of an adjusted difference is than a test by request takes it.

    Where users are kept with a variant: theta and the variance are those of requests that are drawn
    each for itself. NaN of unknown users.
    """
    kept, drawn = (
        forecast_of_users(scenario, of_all, of_before, kept=each, triggered=triggered)
        for each in (True, False)
    )
    if kept is None or drawn is None or not drawn.left > 0.0:
        return math.nan
    return kept.adjusted_by(drawn.theta) / (drawn.metric * drawn.left)


def variance_of_values(scenario: Scenario) -> float:
    """Of the value of a labelled answer of the control; NaN where it is not known."""
    segments = [each for each in scenario.traffic.values() if each.labelled]
    rates = [mean_rate_per_s(scenario, each) for each in segments]
    found = [values_under_control(scenario, each) for each in segments]
    whole = math.fsum(rates)
    if not whole or None in found:
        return math.nan
    own = [each for each in found if each is not None]
    mean, square = (
        math.fsum(rate * getattr(each, what) for rate, each in zip(rates, own, strict=True)) / whole
        for what in ("mean", "mean_square")
    )
    return float(square - mean**2)


def _repeated(values: Sequence[float], shares: Sequence[Floats]) -> Floats:
    return np.repeat(np.asarray(values, dtype=np.float64), [len(each) for each in shares])
