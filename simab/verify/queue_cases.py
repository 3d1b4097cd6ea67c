"""Queues in steady state: what queueing theory knows of waits, losses and departures.

Runs start empty; the first part of each is cut, some tens of relaxation times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from simab.theory.bounded_queues import mmc_limited
from simab.theory.queues import (
    erlang_b,
    erlang_c,
    md1_mean_wait_s,
    mm1_sojourn_quantile_s,
    mmc_mean_wait_s,
    mmc_wait_quantile_s,
    pollaczek_khinchine_mean_wait_s,
)
from simab.verify.case import NS, Case, Measure, Part, Requests, world
from simab.world.run_counts import Status

__all__ = ["queue_cases"]

_LAWS: Final[dict[str, dict[str, Any]]] = {
    "exponential": {"kind": "exponential", "mean": "40ms"},
    "constant": {"kind": "constant", "value": "40ms"},
    "lognormal, cv 1.5": {"kind": "lognormal", "mean": "40ms", "cv": 1.5},
    "hyperexponential, cv 2": {"kind": "hyperexponential", "mean": "40ms", "cv": 2},
}


def queue_cases() -> Iterator[Case]:
    """All of them."""
    yield from _losses()
    yield from _waits()
    yield from _distributions()
    yield from _limited()
    yield _departures()
    yield _gim1()
    yield _batches()


def _losses() -> Iterator[Case]:
    for name, law in _LAWS.items():
        yield Case(
            f"M/G/4/4, {name}: lost",
            "Erlang B, insensitive to the law of service (Erlang 1917; Sevastyanov 1957)",
            world(
                {"workers": 4, "queue_limit": 0, "latency": law}, {"rate": "90/s"}, horizon_s=500
            ),
            erlang_b(4, 3.6),
            _settled(50, _lost),
        )


def _waits() -> Iterator[Case]:
    exponential, constant, lognormal, hyperexponential = _LAWS.values()
    one = {"workers": 1}
    cases: list[tuple[str, str, dict[str, Any], str, float, float]] = [
        (
            "M/M/4 at .8: mean wait", "Erlang C (Erlang 1917)",
            {"workers": 4, "latency": exponential}, "80/s", 1_500, mmc_mean_wait_s(80, 0.04, 4),
        ),
        (
            "M/D/1 at .8: mean wait", "Pollaczek-Khinchine",
            one | {"latency": constant}, "20/s", 3_000, md1_mean_wait_s(20, 0.04),
        ),
        (
            "M/G/1 at .6, lognormal: mean wait", "Pollaczek-Khinchine",
            one | {"latency": lognormal}, "15/s", 12_000,
            pollaczek_khinchine_mean_wait_s(15, 0.04, 1.5**2),
        ),
        (
            "M/G/1 at .6, hyperexponential: mean wait", "Pollaczek-Khinchine",
            one | {"latency": hyperexponential}, "15/s", 8_000,
            pollaczek_khinchine_mean_wait_s(15, 0.04, 4.0),
        ),
    ]  # fmt: skip
    for name, source, variant, rate, horizon_s, theory in cases:
        made = world(variant, {"rate": rate}, horizon_s=horizon_s)
        yield Case(name, source, made, theory, _settled(50, _wait), "s")


def _distributions() -> Iterator[Case]:
    exponential = _LAWS["exponential"]
    four = world({"workers": 4, "latency": exponential}, {"rate": "80/s"}, horizon_s=1_500)
    yield Case(
        "M/M/4 at .8: those who wait", "Erlang C (Erlang 1917)", four, erlang_c(4, 3.2),
        _settled(50, partial(_longer, of=_waits_ns, than_s=0.0)),
    )  # fmt: skip
    for share in (0.75, 0.9):
        than_s = mmc_wait_quantile_s(share, 80, 0.04, 4)
        yield Case(
            f"M/M/4 at .8: wait beyond p{100 * share:g}", "exponential beyond Erlang C", four,
            1 - share, _settled(50, partial(_longer, of=_waits_ns, than_s=than_s)),
        )  # fmt: skip
    one = world({"workers": 1, "latency": exponential}, {"rate": "20/s"}, horizon_s=3_000)
    for share in (0.5, 0.9):
        than_s = mm1_sojourn_quantile_s(share, 20, 0.04)
        yield Case(
            f"M/M/1 at .8: sojourn beyond p{100 * share:g}", "exponential (Kleinrock 1975, 5.6)",
            one, 1 - share, _settled(50, partial(_longer, of=_sojourns_ns, than_s=than_s)),
        )  # fmt: skip


def _limited() -> Iterator[Case]:
    made = world(
        {"workers": 4, "queue_limit": 16, "latency": _LAWS["exponential"]},
        {"rate": "120/s"},
        horizon_s=500,
    )
    theory = mmc_limited(120, 0.04, 4, 20)
    source = "M/M/c/K (Kleinrock 1975, section 3.6)"
    lost = theory.reject_probability
    yield Case("M/M/4/20 at 1.2: lost", source, made, lost, _settled(50, _lost))
    yield Case(
        "M/M/4/20 at 1.2: mean sojourn", source, made, theory.mean_sojourn_s,
        _settled(50, _sojourn), "s",
    )  # fmt: skip


def _departures() -> Case:
    """The squared gaps of departures from M/M/2 are those of a Poisson process."""
    made = world({"workers": 2, "latency": _LAWS["exponential"]}, {"rate": "40/s"}, horizon_s=2_500)

    def squares(requests: Requests) -> Part:
        left = np.sort(requests.finished_ns[requests.finished_ns >= 0])
        gaps = np.diff(left) / NS * 40.0
        return Part(float(gaps @ gaps), len(gaps))

    return Case(
        "M/M/2 at .8: squared gaps of departures", "Burke 1956: 2, Poisson again", made, 2.0,
        _settled(50, squares),
    )  # fmt: skip


def _gim1() -> Case:
    """Gamma gaps of cv 2: the root of s = A*(mu (1 - s)) is the geometric queue's ratio."""
    rate, service_rate, shape = 15.0, 25.0, 0.25

    def transform(at: float) -> float:
        return float((1.0 + at / (rate * shape)) ** -shape)

    ratio = 0.5
    for _ in range(200):
        ratio = transform(service_rate * (1.0 - ratio))
    made = world(
        {"workers": 1, "latency": _LAWS["exponential"]},
        {"rate": "15/s", "arrivals": {"gaps": {"kind": "gamma", "cv": 2}}},
        horizon_s=10_000,
    )
    return Case(
        "GI/M/1 at .6, gamma gaps of cv 2: mean wait", "Kleinrock 1975, section 6.4", made,
        ratio / (service_rate * (1.0 - ratio)), _settled(50, _wait), "s",
    )  # fmt: skip


def _batches() -> Case:
    """Geometric batches of mean m: (rho + m - 1) / (mu (1 - rho))."""
    load, mean_size = 0.6, 3.0
    made = world(
        {"workers": 1, "latency": _LAWS["exponential"]},
        {"rate": "15/s", "arrivals": {"gaps": {"kind": "batches", "mean_size": mean_size}}},
        horizon_s=12_000,
    )
    return Case(
        "M^X/M/1 at .6, batches of 3: mean wait", "Chaudhry, Templeton 1983, section 3.2", made,
        (load + mean_size - 1.0) * 0.04 / (1.0 - load), _settled(50, _wait), "s",
    )  # fmt: skip


def _settled(since_s: float, measure: Measure) -> Measure:
    """Measured on the requests after the first part of a run."""
    return lambda requests: measure(requests.after(round(since_s * NS)))


def _lost(requests: Requests) -> Part:
    return Part(int((requests.status == Status.REJECTED).sum()), len(requests.status))


def _waits_ns(requests: Requests) -> np.ndarray:
    started = requests.started_ns >= 0
    return (requests.started_ns - requests.arrived_ns)[started]


def _sojourns_ns(requests: Requests) -> np.ndarray:
    done = (requests.finished_ns >= 0) & (requests.status != Status.REJECTED)
    return (requests.finished_ns - requests.arrived_ns)[done]


def _wait(requests: Requests) -> Part:
    waits = _waits_ns(requests)
    return Part(float(waits.sum()) / NS, len(waits))


def _sojourn(requests: Requests) -> Part:
    sojourns = _sojourns_ns(requests)
    return Part(float(sojourns.sum()) / NS, len(sojourns))


def _longer(requests: Requests, of: Callable[[Requests], np.ndarray], than_s: float) -> Part:
    times = of(requests)
    return Part(int((times > than_s * NS).sum()), len(times))
