"""Arrivals, their superposition and splitting, outcomes and labels: counts against expectations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from simab.verify.case import NS, Case, Part, Requests, world
from simab.world.run_counts import Status

__all__ = ["arrival_cases"]

_QUICK = {"workers": 1_000, "latency": {"kind": "constant", "value": "1ms"}}


def arrival_cases() -> Iterator[Case]:
    """All of them."""
    yield from _gaps()
    yield from _streams()
    yield from _changing_rates()
    yield from _outcomes()
    yield from _labels()


def _gaps() -> Iterator[Case]:
    """Second moments of gaps."""
    laws: dict[str, tuple[dict[str, Any], float]] = {
        "Poisson": ({"kind": "poisson"}, 2.0),
        "gamma, cv 0.5": ({"kind": "gamma", "cv": 0.5}, 1.25),
        "gamma, cv 2": ({"kind": "gamma", "cv": 2}, 5.0),
        "Weibull, cv 2": ({"kind": "weibull", "cv": 2}, 5.0),
        "batches of 4": ({"kind": "batches", "mean_size": 4}, 8.0),
    }
    for name, (gaps, moment) in laws.items():
        made = world(_QUICK, {"rate": "50/s", "arrivals": {"gaps": gaps}}, horizon_s=2_000)

        def squares(requests: Requests) -> Part:
            found = np.diff(requests.arrived_ns) / NS * 50.0
            return Part(float(found @ found), len(found))

        yield Case(f"{name}: squared gaps", "1 + cv^2, of mean 1", made, moment, squares)


def _streams() -> Iterator[Case]:
    """Counts a second of a Poisson process have their mean for variance."""
    both = world(
        _QUICK,
        {"rate": "1/s"},
        horizon_s=20_000,
        traffic={"few": {"rate": "3/s"}, "many": {"rate": "5/s"}},
    )
    yield Case(
        "superposition of 3/s and 5/s: variance of counts", "Poisson: the mean", both, 8.0,
        partial(_squared_counts, mean=8.0, variant=None),
    )  # fmt: skip
    other = {"quality": {"kind": "success", "probability": 0.5}, "weight": 3, **_QUICK}
    split = world({**_QUICK, "weight": 1}, {"rate": "8/s"}, horizon_s=20_000)
    data = split.model_dump(mode="json")
    data["endpoint"]["variants"]["idle"] = other
    split = type(split).model_validate(data)
    yield Case(
        "a quarter of 8/s: variance of counts", "Poisson splitting: the mean", split, 2.0,
        partial(_squared_counts, mean=2.0, variant=0),
    )  # fmt: skip
    yield Case(
        "a quarter of 8/s: share", "weight over the sum of weights", split, 0.25,
        lambda requests: Part(int((requests.variant == 0).sum()), len(requests.variant)),
    )  # fmt: skip


def _squared_counts(requests: Requests, mean: float, variant: int | None) -> Part:
    mine = slice(None) if variant is None else requests.variant == variant
    counts = np.bincount(requests.arrived_ns[mine] // NS, minlength=20_000)[:20_000]
    return Part(float(((counts - mean) ** 2).sum()), len(counts))


def _changing_rates() -> Iterator[Case]:
    """A ramp, its operational time and a pure delay system under it."""
    shape = {"kind": "points", "points": {"0s": 0.5, "100s": 2, "200s": 0.5}}
    ramp = world(_QUICK, {"rate": "200/s", "arrivals": {"shape": shape}}, horizon_s=200)

    def in_the_middle(requests: Requests) -> Part:
        inside = (requests.arrived_ns >= 75 * NS) & (requests.arrived_ns < 125 * NS)
        return Part(int(inside.sum()), len(inside))

    # Up and down by 1.5 in 100 s: 1.8125 on average in the middle quarter of 1.25 in all.
    yield Case(
        "a ramp: share of its middle quarter", "the integral of the rate", ramp, 1.8125 / 5.0,
        in_the_middle,
    )  # fmt: skip

    def rescaled(requests: Requests) -> Part:
        at_s = requests.arrived_ns / NS
        up = np.minimum(at_s, 100.0)
        down = np.maximum(at_s - 100.0, 0.0)
        passed = 0.5 * up + 0.0075 * up**2 + 2.0 * down - 0.0075 * down**2
        gaps = np.diff(passed) * 200.0
        return Part(float(gaps @ gaps), len(gaps))

    yield Case(
        "a ramp: squared gaps in operational time", "time rescaling: 2, Poisson", ramp, 2.0,
        rescaled,
    )  # fmt: skip
    step = {"kind": "points", "points": {"0s": 1, "100s": 3}, "between": "constant"}
    busy = world(
        {"workers": 1_000, "instances": 4, "latency": {"kind": "exponential", "mean": "10s"}},
        {"rate": "60/s", "arrivals": {"shape": step}},
        horizon_s=120,
    )
    for at_s in (105.0, 115.0):
        left = math.exp(-(at_s - 100.0) / 10.0)
        # From empty at 0: e**-10 of the first level is still missing.
        expected = 600.0 * (1 - math.exp(-at_s / 10.0)) + 1200.0 * (1 - left)
        yield Case(
            f"M(t)/G/inf, {at_s - 100:g} s after a step: busy workers",
            "Eick, Massey, Whitt 1993", busy, expected, partial(_busy, at_ns=round(at_s * NS)),
        )  # fmt: skip
    states = [{"times": 1, "lasts": "4s"}, {"times": 9, "lasts": "1s"}]
    modulated = world(
        _QUICK, {"rate": "5/s", "arrivals": {"modulation": {"states": states}}}, horizon_s=20_000
    )
    yield Case(
        "Markov-modulated: mean rate", "rates by their share of the time", modulated, 13.0,
        lambda requests: Part(len(requests.arrived_ns), 20_000), "/s",
    )  # fmt: skip


def _busy(requests: Requests, at_ns: int) -> Part:
    ends = np.where(requests.finished_ns >= 0, requests.finished_ns, 1 << 62)
    return Part(int(((requests.started_ns <= at_ns) & (ends > at_ns)).sum()), 1.0)


def _outcomes() -> Iterator[Case]:
    made = world(
        {**_QUICK, "error_rate": 0.2, "quality": {"kind": "success", "probability": 0.3}},
        {"rate": "100/s"},
        horizon_s=1_000,
    )
    yield Case(
        "error rate of 20 %", "a draw for each request", made, 0.2,
        lambda requests: Part(int((requests.status == Status.FAILED).sum()), len(requests.status)),
    )  # fmt: skip
    yield Case(
        "success of 30 %", "a draw for each answer", made, 0.3,
        lambda requests: Part(
            int((requests.correct == 1).sum()), int((requests.correct >= 0).sum())
        ),
    )  # fmt: skip


def _labels() -> Iterator[Case]:
    """Of answers that come evenly over a run, those whose label comes within it."""
    horizon_s, mean_s, never = 1_000.0, 300.0, 0.25
    made = world(
        _QUICK,
        {"rate": "100/s"},
        horizon_s=horizon_s,
        labels={"delay": {"kind": "exponential", "mean": "300s"}, "never": never},
    )
    seen = 1 - mean_s / horizon_s * (1 - math.exp(-horizon_s / mean_s))
    yield Case(
        "labels by the horizon: exponential delay, 25 % never", "censoring, by integration", made,
        (1 - never) * seen,
        lambda requests: Part(int((requests.correct >= 0).sum()), len(requests.correct)),
    )  # fmt: skip
