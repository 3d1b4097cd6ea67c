"""Queues of which theory knows waits, losses and departures, most of them in steady state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from simab.scenario.models import Scenario
from simab.theory.bounded_queues import mmc_limited
from simab.theory.infinite_server import mean_in_service
from simab.theory.queues import (
    erlang_b,
    erlang_c,
    md1_mean_wait_s,
    mm1_sojourn_quantile_s,
    mmc_mean_wait_s,
    mmc_wait_quantile_s,
    pollaczek_khinchine_mean_wait_s,
)
from simab.theory.unusual_arrivals import batches_mean_wait_s, gamma_gaps_mean_wait_s
from simab.verify import measures
from simab.verify.case import Case, world
from simab.verify.checks import Check, Law, Value

__all__ = ["queue_cases"]

_MEAN_S: Final = 0.04
_EXPONENTIAL: Final = {"kind": "exponential", "mean": "40ms"}
_LAWS: Final[dict[str, dict[str, Any]]] = {
    "exponential": _EXPONENTIAL,
    "constant": {"kind": "constant", "value": "40ms"},
    "lognormal, cv 1.2": {"kind": "lognormal", "mean": "40ms", "cv": 1.2},
    "lognormal, cv 1.5": {"kind": "lognormal", "mean": "40ms", "cv": 1.5},
    "hyperexponential, cv 2": {"kind": "hyperexponential", "mean": "40ms", "cv": 2},
}
_LOST: Final = "Queues that lose"
_WAITING: Final = "Queues that wait"
_CHANGING: Final = "Queues under a rate that changes"
_SETTLED_S: Final = 50.0
"""More than twenty relaxation times of every queue here at the loads of the table."""


def queue_cases() -> Iterator[Case]:
    """All of them."""
    yield from _losses()
    yield from _erlang_c()
    yield from _single_servers()
    yield _instances()
    yield _departures()
    yield from _pure_delays()


def _losses() -> Iterator[Case]:
    """Erlang B, whatever the law of service, and M/M/c/K."""
    for name in ("exponential", "constant", "lognormal, cv 1.5", "hyperexponential, cv 2"):
        horizon_s = 900 if "hyper" in name else 600
        yield Case(
            _LOST,
            f"M/G/4/4, {name}",
            _queue({"workers": 4, "queue_limit": 0, "latency": _LAWS[name]}, 90, horizon_s),
            (Value("lost", "Erlang B, insensitive", erlang_b(4, 3.6), measures.lost),),
            _SETTLED_S,
        )
    theory, source = mmc_limited(120, _MEAN_S, 4, 20), "M/M/c/K: Kleinrock 1975, 3.6"
    yield Case(
        _LOST,
        "M/M/4/20 at 1.2",
        _queue({"workers": 4, "queue_limit": 16, "latency": _EXPONENTIAL}, 120, 1_400),
        (
            Value("lost", source, theory.reject_probability, measures.lost),
            Value("mean sojourn", source, theory.mean_sojourn_s, measures.mean_sojourn_s, "s"),
        ),
        _SETTLED_S,
    )


def _erlang_c() -> Iterator[Case]:
    """M/M/4: who waits, and how long."""
    for rate, horizon_s, shares, slow in (
        (60, 5_000, (0.75, 0.9), False),
        (90, 16_000, (0.5, 0.9), True),
    ):
        tails = [
            Value(
                f"wait beyond p{100 * share:g}",
                "M/M/c: Kleinrock 1975, 3.5",
                1.0 - share,
                partial(measures.longer_waits, than_s=mmc_wait_quantile_s(share, rate, _MEAN_S, 4)),
            )
            for share in shares
        ]
        yield Case(
            _WAITING,
            f"M/M/4 at {_decimal(rate / 100)}",
            _queue({"workers": 4, "latency": _EXPONENTIAL}, rate, horizon_s),
            (
                Value(
                    "those who wait",
                    "Erlang C",
                    erlang_c(4, rate * _MEAN_S),
                    partial(measures.longer_waits, than_s=0.0),
                ),
                _mean_wait("Erlang C", mmc_mean_wait_s(rate, _MEAN_S, 4)),
                *tails,
            ),
            _SETTLED_S,
            slow,
        )


def _single_servers() -> Iterator[Case]:
    """M/M/1, Pollaczek-Khinchine, GI/M/1 and M^X/M/1."""
    one, khinchine = {"workers": 1}, "Pollaczek-Khinchine"
    yield Case(
        _WAITING,
        "M/M/1 at .5",
        _queue(one | {"latency": _EXPONENTIAL}, 12.5, 13_000),
        tuple(
            Value(
                f"sojourn beyond p{100 * share:g}",
                "M/M/1: Kleinrock 1975, 5.6",
                1.0 - share,
                partial(
                    measures.longer_sojourns, than_s=mm1_sojourn_quantile_s(share, 12.5, _MEAN_S)
                ),
            )
            for share in (0.5, 0.9)
        ),
        _SETTLED_S,
    )
    for name, rate, horizon_s, squared_cv, slow in (
        ("constant", 17.5, 5_000, 0.0, False),
        ("lognormal, cv 1.2", 12.5, 20_000, 1.44, False),
        ("hyperexponential, cv 2", 12.5, 28_000, 4.0, False),
        ("lognormal, cv 1.5", 22.5, 40_000, 2.25, True),
    ):
        wait_s = (
            pollaczek_khinchine_mean_wait_s(rate, _MEAN_S, squared_cv)
            if squared_cv
            else md1_mean_wait_s(rate, _MEAN_S)
        )
        yield Case(
            _WAITING,
            f"M/G/1 at {_decimal(rate * _MEAN_S)}, {name}" if squared_cv else "M/D/1 at .7",
            _queue(one | {"latency": _LAWS[name]}, rate, horizon_s),
            (_mean_wait(khinchine, wait_s),),
            10.0 * _SETTLED_S if slow else _SETTLED_S,
            slow,
        )
    yield _single_server(
        "GI/M/1 at .6, gamma gaps of cv 2",
        {"kind": "gamma", "cv": 2},
        _mean_wait("GI/M/1: Kleinrock 1975, 6.4", gamma_gaps_mean_wait_s(15, _MEAN_S, 2.0)),
    )
    yield _single_server(
        "M^X/M/1 at .6, batches of 3",
        {"kind": "batches", "mean_size": 3},
        _mean_wait("Chaudhry, Templeton 1983, 3.2", batches_mean_wait_s(15, _MEAN_S, 3.0)),
    )


def _single_server(name: str, gaps: dict[str, Any], check: Check) -> Case:
    made = world(
        {"workers": 1, "latency": _EXPONENTIAL},
        {"rate": "15/s", "arrivals": {"gaps": gaps}},
        horizon_s=15_000,
    )
    return Case(_WAITING, name, made, (check,), _SETTLED_S)


def _instances() -> Case:
    """Poisson splitting: each of two instances is M/M/1 with half of the traffic."""
    return Case(
        _WAITING,
        "M/M/1 at .6, two instances",
        _queue({"instances": 2, "latency": _EXPONENTIAL}, 30, 5_000),
        (_mean_wait("Poisson splitting, Erlang C", mmc_mean_wait_s(15, _MEAN_S, 1)),),
        _SETTLED_S,
    )


def _departures() -> Case:
    """What leaves M/M/2 is Poisson again, and so is independent from one gap to the next."""
    of_gaps = partial(measures.departure_gaps, rate_per_s=40.0)
    return Case(
        _WAITING,
        "M/M/2 at .8, departures",
        _queue({"workers": 2, "latency": _EXPONENTIAL}, 40, 1_250),
        (
            Value("squared gaps", "Burke 1956", 2.0, partial(measures.squared, of=of_gaps)),
            Law("gaps", "Burke 1956", of_gaps, partial(measures.exponential_law, mean=1.0)),
        ),
        _SETTLED_S,
    )


def _pure_delays() -> Iterator[Case]:
    """M(t)/G/inf: after a step, and up and down a ramp."""
    source = "Eick, Massey, Whitt 1993"
    step = {"kind": "points", "points": {"0s": 1, "100s": 3}, "between": "constant"}
    yield Case(
        _CHANGING,
        "M(t)/M/inf after a step at 100 s",
        _delays({"kind": "exponential", "mean": "10s"}, "260/s", step, 120),
        tuple(
            Value(
                f"busy at {at_s:g} s",
                source,
                mean_in_service(_stepped, _exponential_survival, at_s, breaks_s=[100.0]),
                partial(measures.busy_at, at_s=at_s),
            )
            for at_s in (105.0, 115.0)
        ),
    )
    ramp = {"kind": "points", "points": {"0s": 0.5, "60s": 2, "120s": 0.5}}
    yield Case(
        _CHANGING,
        "M(t)/G/inf on a ramp, lognormal",
        _delays({"kind": "lognormal", "mean": "10s", "cv": 1.5}, "300/s", ramp, 120),
        tuple(
            Value(
                f"busy at {at_s:g} s",
                source,
                mean_in_service(_ramped, _lognormal_survival, at_s, breaks_s=[60.0]),
                partial(measures.busy_at, at_s=at_s),
            )
            for at_s in (45.0, 75.0, 110.0)
        ),
    )


def _stepped(at_s: float) -> float:
    return 260.0 if at_s < 100.0 else 780.0


def _exponential_survival(for_s: float) -> float:
    return math.exp(-for_s / 10.0)


def _ramped(at_s: float) -> float:
    return 150.0 + 7.5 * min(at_s, 120.0 - at_s)


def _lognormal_survival(for_s: float) -> float:
    spread = math.sqrt(math.log1p(1.5**2))
    score = (math.log(for_s / 10.0) + spread**2 / 2.0) / spread if for_s > 0.0 else -math.inf
    return math.erfc(score / math.sqrt(2.0)) / 2.0


def _delays(
    latency: dict[str, Any], rate: str, shape: dict[str, Any], horizon_s: float
) -> Scenario:
    """Workers for everybody: nobody waits."""
    return world(
        {"workers": 1_000, "instances": 12, "latency": latency},
        {"rate": rate, "arrivals": {"shape": shape}},
        horizon_s=horizon_s,
    )


def _queue(variant: dict[str, Any], rate: float, horizon_s: float) -> Scenario:
    """With Poisson arrivals."""
    return world(variant, {"rate": f"{rate:g}/s"}, horizon_s=horizon_s)


def _decimal(load: float) -> str:
    return f"{load:g}".removeprefix("0")


def _mean_wait(source: str, wait_s: float) -> Value:
    return Value("mean wait", source, wait_s, measures.mean_wait_s, "s")
