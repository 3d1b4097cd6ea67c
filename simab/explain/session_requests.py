"""How many requests of sessions come within a run, which begins without any session."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.scenario.models import Scenario
from simab.scenario.rates import at_mean_rate
from simab.scenario.trace import Sessions

__all__ = ["at_rate_within_the_run", "share_within"]

_STEPS: Final = 512
_SHORT: Final = 1e-3
"""Of a run, below which the length of a session is left out of account."""
_NEGLIGIBLE: Final = 1e-7


def at_rate_within_the_run(scenario: Scenario) -> Scenario:
    """The same scenario with steady rates of as many requests as are expected within a run."""
    steady = at_mean_rate(scenario)
    traffic = {
        name: segment
        if segment.sessions is None
        else segment.model_copy(
            update={"rate": segment.rate * share_within(segment.sessions, scenario.horizon)}
        )
        for name, segment in steady.traffic.items()
    }
    if traffic == dict(steady.traffic):
        return steady
    return steady.model_copy(update={"traffic": traffic})


@lru_cache(maxsize=64)
def share_within(sessions: Sessions, horizon_ns: int) -> float:
    """The share of the requests of a run's sessions that come before its end.

    Sessions that begin at a steady rate: the mean over their beginnings of how many requests one
    has until then, which is a sum of convolutions of the law of gaps.
    """
    gap, mean = sessions.gap.table(), sessions.mean_requests
    if (mean - 1.0) * gap.mean < _SHORT * horizon_ns:
        return 1.0
    times_ns, survival = gap.survival_points()
    edges_ns = (np.arange(_STEPS + 1) + 0.5) / _STEPS * horizon_ns
    known = 1.0 - np.interp(edges_ns, times_ns, survival)
    masses = np.diff(known[:-1], prepend=0.0)
    transformed = np.fft.rfft(masses, 2 * _STEPS)
    # Until how long before the end of the run the next request has come, on average.
    left = 1.0 - (np.arange(_STEPS) + 0.5) / _STEPS
    since, expected = _at_once(), 1.0
    for more in _chances_of_more(sessions):
        since = np.fft.irfft(np.fft.rfft(since, 2 * _STEPS) * transformed)[:_STEPS]
        part = more * float(since @ left)
        expected += part
        if part < _NEGLIGIBLE:
            break
    return min(expected / mean, 1.0)


def _at_once() -> NDArray[np.float64]:
    found = np.zeros(_STEPS)
    found[0] = 1.0
    return found


def _chances_of_more(sessions: Sessions) -> Iterator[float]:
    """With which probability a session has more than one request, more than two, and so on."""
    if sessions.shares:
        shares = {int(number): share for number, share in sessions.shares.items()}
        left = 1.0
        for number in range(1, max(shares)):
            left -= shares.get(number, 0.0)
            yield left
        return
    assert sessions.requests is not None
    if sessions.law == "fixed":
        yield from repeat(1.0, int(sessions.requests) - 1)
        return
    chance = again = 1.0 - 1.0 / sessions.requests
    while chance > 0.0:
        yield chance
        chance *= again
