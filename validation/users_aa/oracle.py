"""The fixed-horizon tests of the same worlds in plain NumPy, which shares no code with simab.

Users have propensities of a beta law and rates of an exponential law, or equal ones; requests come
by a Poisson process; a variant is drawn for each user or each request. At the first look at which
both variants have the sample the pooled test of two shares, the delta method and a t-test of the
users' means are made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "LOOK_S",
    "PROPENSITY",
    "RATE",
    "SAMPLE",
    "USERS",
    "OracleCell",
    "design_effect",
    "oracle_cells",
]

Floats = NDArray[np.float64]

USERS: Final = 200
RATE: Final = 4.0  # requests a second
LOOK_S: Final = 50
SAMPLE: Final = 1900  # labelled requests that each variant has at the look
PROPENSITY: Final = (0.2, 10.0)  # mean and concentration: Beta(2, 8)
_LONGEST_S: Final = 2000
_TAIL: Final = 0.025
_CRITICAL: Final = float(stats.norm.isf(_TAIL))


@dataclass(frozen=True, slots=True)
class OracleCell:
    """How often a test of equal variants promotes the candidate, in plain NumPy.

    `requests_a_user` is the mean number at the look, and `theory` the share by theory: the level,
    or what the design effect makes of it for a test by request where users are drawn.
    """

    world: str
    unit: str
    runs: int
    promoted: int
    requests_a_user: float
    theory: float

    @property
    def share(self) -> float:
        """Share of runs that promote."""
        return self.promoted / self.runs


_WORLDS: Final = {
    "each request drawn": (False, True),
    "each user drawn": (True, True),
    "each user drawn, equally busy": (True, False),
}
"""Whether users are drawn, and whether they ask unequally often."""


def design_effect(requests_a_user: float, *, unequal: bool) -> float:
    """1 + (E m^2 / E m - 1) ICC (Kish 1965), of Poisson m, or of geometric m counted from 0."""
    _, concentration = PROPENSITY
    excess = requests_a_user * (2.0 if unequal else 1.0)
    return 1.0 + excess / (concentration + 1.0)


def oracle_cells(runs: int, seed: int = 1) -> Sequence[OracleCell]:
    """One cell a world and unit."""
    random = np.random.default_rng(seed)
    found = []
    for world, (by_user, unequal) in _WORLDS.items():
        played = [_run(random, by_user=by_user, unequal=unequal) for _ in range(runs)]
        asked = float(np.mean([requests for _, requests in played])) / USERS
        promoted = np.array([each for each, _ in played]).sum(axis=0)
        effect = design_effect(asked, unequal=unequal) if by_user else 1.0
        theory = float(stats.norm.sf(_CRITICAL / math.sqrt(effect)))
        for unit, count in zip(("request", "user", "user_mean"), promoted, strict=True):
            by_theory = theory if unit == "request" else _TAIL
            found.append(
                OracleCell(world, unit, runs, int(count), round(asked, 3), round(by_theory, 5))
            )
    return found


def _run(
    random: np.random.Generator, *, by_user: bool, unequal: bool
) -> tuple[tuple[bool, bool, bool], int]:
    """What a run promotes by request, by user and by users' means, and its requests by then."""
    mean, concentration = PROPENSITY
    weights = -np.log((np.arange(USERS) + 0.5) / USERS) if unequal else np.ones(USERS)
    ends = np.cumsum(random.poisson(RATE * LOOK_S, _LONGEST_S // LOOK_S))
    who = random.choice(USERS, ends[-1], p=weights / weights.sum())
    own = random.beta(mean * concentration, (1.0 - mean) * concentration, USERS)
    right = random.random(len(who)) < own[who]
    new = (random.random(USERS) < 0.5)[who] if by_user else random.random(len(who)) < 0.5
    counts = np.cumsum(new)[ends - 1]
    end = int(ends[np.searchsorted(np.minimum(counts, ends - counts), SAMPLE)])
    return _tests(who[:end], right[:end], new[:end]), end


def _tests(
    who: NDArray[np.int64], right: NDArray[np.bool_], new: NDArray[np.bool_]
) -> tuple[bool, bool, bool]:
    asked = [np.bincount(who[arm], minlength=USERS) for arm in (~new, new)]
    hits = [np.bincount(who[arm], right[arm], minlength=USERS) for arm in (~new, new)]
    sizes = [each.sum() for each in asked]
    shares = [h.sum() / size for h, size in zip(hits, sizes, strict=True)]
    gain, pooled = shares[1] - shares[0], right.mean()
    naive = gain / math.sqrt(pooled * (1.0 - pooled) * (1.0 / sizes[0] + 1.0 / sizes[1]))
    parts = [
        (h - share * n) / size for h, n, share, size in zip(hits, asked, shares, sizes, strict=True)
    ]
    own = [h / np.maximum(n, 1) for h, n in zip(hits, asked, strict=True)]
    means = [each[n > 0].mean() for each, n in zip(own, asked, strict=True)]
    of_means = [
        (each - mean) * (n > 0) / (n > 0).sum()
        for each, mean, n in zip(own, means, asked, strict=True)
    ]
    return (
        bool(naive > _CRITICAL),
        _promotes(gain, parts),
        _promotes(means[1] - means[0], of_means),
    )


def _promotes(gain: float, parts: Sequence[Floats]) -> bool:
    """By the users' parts in the difference: who met both variants has a part of each, less one."""
    t = gain / math.sqrt(np.square(parts[1] - parts[0]).sum())
    return bool(t > stats.t.isf(_TAIL, USERS - 2))
