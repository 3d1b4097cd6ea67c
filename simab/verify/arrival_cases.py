"""Arrivals: gaps of every law, streams together and apart, and rates that change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from simab.scenario.models import Scenario
from simab.theory.modulated_counts import two_state_mean_per_s, two_state_variance
from simab.verify import measures
from simab.verify.case import Case, world
from simab.verify.checks import Check, Floats, Law, Value
from simab.verify.requests import Requests

__all__ = ["QUICK", "arrival_cases"]

QUICK: Final[dict[str, Any]] = {"workers": 1_000, "latency": {"kind": "constant", "value": "1ms"}}
"""Workers for everybody, who are done at once."""
_GAPS: Final = "Gaps between arrivals"
_STREAMS: Final = "Streams together and apart"
_RATES: Final = "Rates that change"
_UNIT: Final = partial(measures.exponential_law, mean=1.0)
_RENEWAL: Final = "renewal process"
_LEAST: Final = 1e-4
"""In mean gaps. One of ten gamma gaps of cv 2 is shorter, one of sixty than a nanosecond."""


def arrival_cases() -> Iterator[Case]:
    """All of them."""
    yield from _renewal_gaps()
    yield _batches()
    yield _superposition()
    yield from _splitting()
    yield from _curves()
    yield _modulated()


def _renewal_gaps() -> Iterator[Case]:
    """Law and mean square of gaps, and that one says nothing of the next."""
    weibull_cv = math.sqrt(32.0 / (3.0 * math.pi) - 1.0)  # of shape 2/3: 3! / (1.5!)^2 - 1
    laws: list[tuple[str, dict[str, Any], float, Callable[[Floats], Floats], float]] = [
        ("Poisson", {"kind": "poisson"}, 1.0, _UNIT, 1_000),
        ("gamma of cv .5", {"kind": "gamma", "cv": 0.5}, 0.5, _gamma(0.5), 1_000),
        ("gamma of cv 2", {"kind": "gamma", "cv": 2}, 2.0, _gamma(2.0), 2_500),
        (
            "Weibull of shape 2/3", {"kind": "weibull", "cv": weibull_cv}, weibull_cv,
            partial(measures.weibull_law, mean=1.0, shape=2.0 / 3.0), 2_500,
        ),
    ]  # fmt: skip
    for name, gaps, cv, law, horizon_s in laws:
        made = world(QUICK, {"rate": "50/s", "arrivals": {"gaps": gaps}}, horizon_s=horizon_s)
        of_gaps = partial(measures.gaps, rate_per_s=50.0)
        yield Case(
            _GAPS,
            name,
            made,
            (
                _law("gaps", f"its law, {_RENEWAL}", of_gaps, law),
                Value(
                    "squared gaps",
                    "1 + cv², in squared means",
                    1.0 + cv**2,
                    partial(measures.squared, of=of_gaps),
                ),
                Value(
                    "a gap times the next",
                    f"independent, {_RENEWAL}",
                    1.0,
                    partial(measures.neighbouring_gaps, rate_per_s=50.0),
                ),
            ),
        )


def _law(
    name: str,
    source: str,
    values: Callable[[Requests], Floats],
    law: Callable[[Floats], Floats],
) -> Law:
    """Of gaps that are long enough that to round them to whole nanoseconds changes nothing."""
    return Law(
        name,
        source,
        partial(measures.beyond, of=values, least=_LEAST),
        partial(measures.law_beyond, law=law, least=_LEAST),
    )


def _gamma(cv: float) -> Callable[[Floats], Floats]:
    return partial(measures.gamma_law, mean=1.0, cv=cv)


def _batches() -> Case:
    """Of geometric size: 3 of 4 come with the one before, the others after a Poisson gap."""
    gaps = {"kind": "batches", "mean_size": 4}
    return Case(
        _GAPS,
        "batches of 4",
        world(QUICK, {"rate": "50/s", "arrivals": {"gaps": gaps}}, horizon_s=2_000),
        (
            Value("with the one before", "geometric sizes", 0.75, measures.without_gap),
            Law(
                "gaps between batches",
                "Poisson batches",
                partial(measures.positive_gaps, rate_per_s=12.5),
                _UNIT,
            ),
        ),
    )


def _superposition() -> Case:
    """Two Poisson segments together are one."""
    both = world(
        QUICK,
        {"rate": "1/s"},
        horizon_s=8_000,
        traffic={"few": {"rate": "3/s"}, "many": {"rate": "5/s"}},
    )
    return Case(
        _STREAMS,
        "Poisson 3/s and 5/s together",
        both,
        (
            Law("gaps", "superposition", partial(measures.gaps, rate_per_s=8.0), _UNIT),
            _variance_of_counts("superposition: the mean", 8.0, 8_000, (1.0, 1.0), 8.0),
        ),
    )


def _splitting() -> Iterator[Case]:
    """Parts of a Poisson stream are Poisson, and know nothing of each other."""
    for part, of_all, weights in ((2.0, "a quarter", (1, 3)), (4.0, "half", (1, 1))):
        variants = {
            name: {"quality": {"kind": "success", "probability": 0.5}, "weight": weight, **QUICK}
            for name, weight in zip("ab", weights, strict=True)
        }
        made = world({}, {"rate": "8/s"}, horizon_s=10_000, endpoint={"variants": variants})
        share = part / 8.0
        yield Case(
            _STREAMS,
            f"{of_all} of Poisson 8/s",
            made,
            (
                Value("share", "weight / sum", share, partial(measures.of_variant, variant=0)),
                _variance_of_counts("splitting: the mean", part, 10_000, (1.0, 0.0), part),
                _variance_of_counts(
                    "independent parts: the sum", 8.0, 10_000, (1.0, -1.0), 2 * part - 8.0
                ),
            ),
        )


def _variance_of_counts(
    source: str, theory: float, seconds: int, weights: tuple[float, float], mean: float
) -> Check:
    """Of the counts in a second: of one part, of both, or of their difference."""
    what = "difference of counts" if weights[1] < 0.0 else "counts"
    measure = partial(measures.squared_deviations, span=(1, seconds), weights=weights, mean=mean)
    return Value(f"variance of {what}", source, theory, measure)


def _curves() -> Iterator[Case]:
    """A ramp and a spike, in operational time: a Poisson or gamma process of rate 1."""
    ramp = ((0.0, 0.5), (100.0, 2.0), (200.0, 0.5))
    shape = {"kind": "points", "points": {f"{at:g}s": factor for at, factor in ramp}}
    # Up and down by 1.5 in 100 s: 1.8125 on average in the middle quarter of 1.25 in all.
    middle = partial(measures.arrived_between, since_s=75.0, until_s=125.0)
    yield _curve(
        "a ramp up and down",
        world(QUICK, {"rate": "400/s", "arrivals": {"shape": shape}}, horizon_s=200),
        (ramp, 400.0),
        _UNIT,
        Value("in the middle quarter", "integral of the rate", 1.8125 / 5.0, middle),
    )
    spiked = ((0.0, 1.0), (80.0, 1.0), (90.0, 6.0), (110.0, 6.0), (120.0, 1.0), (200.0, 1.0))
    spike = {"at": "80s", "lasts": "20s", "times": 6, "ramp": "10s"}
    # 80 + 35 + 120 + 35 + 80 in all.
    inside = partial(measures.arrived_between, since_s=80.0, until_s=120.0)
    yield _curve(
        "a spike of six times the rate",
        world(QUICK, {"rate": "200/s", "arrivals": {"spikes": [spike]}}, horizon_s=200),
        (spiked, 200.0),
        _UNIT,
        Value("in the spike", "integral of the rate", 190.0 / 350.0, inside),
    )
    gaps = {"kind": "gamma", "cv": 2}
    made = world(
        QUICK, {"rate": "400/s", "arrivals": {"shape": shape, "gaps": gaps}}, horizon_s=200
    )
    yield _curve("gamma gaps of cv 2 on a ramp", made, (ramp, 400.0), _gamma(2.0))


def _curve(
    name: str,
    scenario: Scenario,
    rate: tuple[tuple[tuple[float, float], ...], float],
    law: Callable[[Floats], Floats],
    *checks: Check,
) -> Case:
    points, rate_per_s = rate
    rescaled = partial(measures.rescaled_gaps, points=points, rate_per_s=rate_per_s)
    return Case(
        _RATES, name, scenario, (_law("rescaled gaps", "time rescaling", rescaled, law), *checks)
    )


def _modulated() -> Case:
    """A rate that is nearly three times as high for a fifth of the time."""
    states = [{"times": 0.75, "lasts": "4s"}, {"times": 2, "lasts": "1s"}]
    rates, lasts = (3.0, 8.0), (4.0, 1.0)
    seconds = 15_000
    made = world(
        QUICK, {"rate": "4/s", "arrivals": {"modulation": {"states": states}}}, horizon_s=seconds
    )
    mean = two_state_mean_per_s(rates, lasts)
    measure = partial(measures.squared_deviations, span=(1, seconds), weights=(1.0, 1.0), mean=mean)
    return Case(
        _RATES,
        "Markov-modulated rate",
        made,
        (
            Value(
                "mean rate", "shares of the time", mean,
                partial(measures.arrivals_per_s, seconds=float(seconds)), "/s",
            ),
            Value(
                "variance of counts", "Fischer, Meier-Hellstern 1993",
                two_state_variance(rates, lasts, 1.0), measure,
            ),
        ),
    )  # fmt: skip
