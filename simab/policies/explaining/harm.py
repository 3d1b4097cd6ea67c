"""What one limit does to many drawn runs of a healthy candidate: which it rolls back.

Vectors over runs; each rule is that of its policy, which the tests hold against whole simulations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.policies.explaining.course import Course
from simab.policies.explaining.drawn_windows import DrawnWindows, expected_requests
from simab.policies.explaining.readings import Reading, Verdicts
from simab.policies.explaining.setting import Setting

__all__ = ["MOST_WINDOWS", "Harm", "runs_drawn", "window_edges", "windows_of"]

Floats: TypeAlias = NDArray[np.float64]

MOST_WINDOWS: Final = 3_000
"""How many windows of a run are drawn; what comes after is not judged."""
_MOST_DRAWS: Final = 1_000_000
_RUNS: Final = 4_000
_FEWEST_RUNS: Final = 400


@dataclass(frozen=True, slots=True)
class Harm:
    """What one limit does by itself: which runs it rolls back.

    `broken` is how often the readings break it that break it most, and `requests` how many these
    hold on average. `blind_checks` of Flagger come before any window with the candidate's requests
    is published, and fail because there is no data.
    """

    reading: Reading
    rolled_back: Verdicts
    broken: float
    requests: float
    blind_checks: int = 0


def runs_drawn(windows: int) -> int:
    """How many runs are drawn, with so many windows each."""
    return max(min(_RUNS, _MOST_DRAWS // max(windows, 1)), _FEWEST_RUNS)


def window_edges(setting: Setting, until_ns: int) -> NDArray[np.int64]:
    """Edges of the metric windows to an end, or to the horizon."""
    period = setting.period
    windows = min(max(min(until_ns, setting.horizon) // period, 1), MOST_WINDOWS)
    return np.arange(windows + 1, dtype=np.int64) * period


def windows_of(course: Course, reading: Reading, until_ns: int) -> tuple[DrawnWindows, Floats]:
    """The windows of a course, all drawn, and how many requests each expects."""
    edges = window_edges(course.setting, until_ns)
    of = {"control": (1,), "candidate": (2,), "both": (1, 2)}[reading.whose]
    changes = [(each[0], sum(each[place] for place in of)) for each in course.rates]
    expected = expected_requests(changes, edges)
    windows = DrawnWindows(
        reading.law, runs_drawn(len(expected)), len(expected), float(expected.max(initial=0.0))
    )
    for number, requests in enumerate(expected):
        windows.draw(number, requests)
    return windows, expected
