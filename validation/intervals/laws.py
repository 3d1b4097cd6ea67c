"""The laws on which intervals are tried: costs, rare shares, censored times, outcomes of rules.

Each gives samples as a study would have them, the true mean, and the range that a study knows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.scenario.world_names import DESCRIBED

__all__ = ["HORIZON_S", "RULES", "TIMES_MEDIAN_S", "CostLaw", "cost_laws", "is_of", "times_s"]

Sample = NDArray[np.float64]
Generator = np.random.Generator

HORIZON_S: Final = 6 * 3600.0
TIMES_MEDIAN_S: Final = 2 * 3600.0
RULES: Final = ("fixed horizon", "naive peeking", "Kayenta")
_VARIANCE_OF_LOG: Final = math.log(5.0)  # a coefficient of variation of 2


@dataclass(frozen=True, slots=True)
class CostLaw:
    """A law of costs: how to draw it, its mean, and the most that a run can cost."""

    name: str
    draw: Callable[[Generator, int], Sample]
    mean: float
    most: float


def cost_laws(outcomes: Path) -> list[CostLaw]:
    """Textbook laws of mean 1, a rare share, a restricted time, and three rules' outcomes."""
    log = -_VARIANCE_OF_LOG / 2, math.sqrt(_VARIANCE_OF_LOG)
    return [
        CostLaw("exponential", lambda draw, n: draw.exponential(size=n), 1.0, math.inf),
        CostLaw("lognormal, CV 2", lambda draw, n: draw.lognormal(*log, n), 1.0, math.inf),
        CostLaw("gamma, CV 3", lambda draw, n: draw.gamma(1 / 9, 9.0, n), 1.0, math.inf),
        CostLaw("a share that is not 0 in 1 % of runs", _rarely, 0.005, 1.0),
        CostLaw("time to decision within 6 h", _restricted, _restricted_mean(), HORIZON_S),
        *(law for rule in RULES for law in _of_rule(outcomes, rule)),
    ]


def times_s(draw: Generator, count: int) -> Sample:
    """Times to a decision: lognormal with a median of 2 h; one run in seven takes more than 6 h."""
    return TIMES_MEDIAN_S * draw.lognormal(0.0, 1.0, count)


def _rarely(draw: Generator, count: int) -> Sample:
    return np.where(draw.random(count) < 0.01, draw.random(count), 0.0)


def _restricted(draw: Generator, count: int) -> Sample:
    return np.minimum(times_s(draw, count), HORIZON_S)


def _restricted_mean() -> float:
    """The mean of min(T, h) for a lognormal T: its part below h, and h for the others."""
    late = math.log(HORIZON_S / TIMES_MEDIAN_S)
    return TIMES_MEDIAN_S * math.exp(0.5) * _normal(late - 1.0) + HORIZON_S * _normal(-late)


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def is_of(row: Mapping[str, str], rule: str) -> bool:
    """Whether a row of outcomes is of that rule, with the variants as described."""
    return row["policy"] == rule and row["world"] == DESCRIBED


def _of_rule(outcomes: Path, rule: str) -> list[CostLaw]:
    with outcomes.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if is_of(row, rule)]
    if not rows:
        raise ValueError(f"{outcomes}: no rows of {rule!r}; name a rule that the scenario plays")
    requests, regret = (
        np.array([float(row[name]) for row in rows]) for name in ("requests_on_worse", "regret")
    )
    most = max(float(row["requests_total"]) for row in rows)
    return [
        _resampled(f"requests on the worse variant, *{rule}*", requests, most),
        _resampled(f"regret, *{rule}*", regret, most * float((regret / requests).max())),
    ]


def _resampled(name: str, values: Sample, most: float) -> CostLaw:
    """The rows stand for the law: a study draws from them with replacement."""
    return CostLaw(
        name, lambda draw, n: values[draw.integers(0, values.size, n)], float(values.mean()), most
    )
