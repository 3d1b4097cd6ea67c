"""The fixed-horizon tests of the same worlds in plain NumPy, which shares no code with simab.

Users have propensities of a beta law and rates of an exponential law, or equal ones; requests come
by a Poisson process, or in sessions that do; a variant is drawn for each user, session or request.
At the first look at which both variants have the sample the pooled test of two shares, the delta
method over sessions and users, and a t-test of the users' means are made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "LOOK_S",
    "PROPENSITY",
    "RATE",
    "SAMPLE",
    "SESSION_GAP_S",
    "SESSION_REQUESTS",
    "USERS",
    "OracleCell",
    "design_effect",
    "oracle_cells",
    "session_design_effect",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

USERS: Final = 200
RATE: Final = 4.0  # requests a second
LOOK_S: Final = 50
SAMPLE: Final = 1900  # labelled requests that each variant has at the look
PROPENSITY: Final = (0.2, 10.0)  # mean and concentration: Beta(2, 8)
SESSION_REQUESTS: Final = 8.0  # mean of a geometric law from 1
SESSION_GAP_S: Final = 5.0  # mean of an exponential law
_LONGEST_S: Final = 2000
_TAIL: Final = 0.025
_CRITICAL: Final = float(stats.norm.isf(_TAIL))


@dataclass(frozen=True, slots=True)
class OracleCell:
    """How often a test of equal variants promotes the candidate, in plain NumPy.

    `requests_a_user` is the mean number at the look, and `theory` the share by theory: the level,
    or what the design effect makes of it where what is drawn is coarser than the test's unit.
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


@dataclass(frozen=True, slots=True)
class _World:
    """For whom a variant is drawn, whether users ask unequally often, and whether in sessions."""

    drawn: Literal["request", "session", "user"]
    unequal: bool = True
    sessions: bool = False

    @property
    def units(self) -> Sequence[str]:
        """Of the tests that are made there."""
        return ("request", *(("session",) if self.sessions else ()), "user", "user_mean")

    def theory(self, unit: str, requests_a_user: float) -> float:
        """How often a test by a unit promotes."""
        of_sessions = session_design_effect() if self.sessions else 1.0
        drawn = {
            "request": 1.0,
            "session": of_sessions,
            "user": design_effect(requests_a_user, unequal=self.unequal) + of_sessions - 1.0,
        }
        taken = {"request": 1.0, "session": of_sessions}.get(unit, math.inf)
        effect = max(drawn[self.drawn] / taken, 1.0)
        return float(stats.norm.sf(_CRITICAL / math.sqrt(effect)))


_WORLDS: Final = {
    "each request drawn": _World("request"),
    "each user drawn": _World("user"),
    "each user drawn, equally busy": _World("user", unequal=False),
    "each session drawn": _World("session", sessions=True),
    "each user drawn, in sessions": _World("user", sessions=True),
}


def design_effect(requests_a_user: float, *, unequal: bool) -> float:
    """1 + (E m^2 / E m - 1) ICC (Kish 1965), of Poisson m, or of geometric m counted from 0."""
    _, concentration = PROPENSITY
    excess = requests_a_user * (2.0 if unequal else 1.0)
    return 1.0 + excess / (concentration + 1.0)


def session_design_effect() -> float:
    """The same of the requests of a session: E m^2 / E m - 1 is 2 (mean - 1) of geometric m from 1.

    What comes of a user in whole sessions has so much more, for it is a sum of them.
    """
    _, concentration = PROPENSITY
    return 1.0 + 2.0 * (SESSION_REQUESTS - 1.0) / (concentration + 1.0)


def oracle_cells(runs: int, seed: int = 1) -> Sequence[OracleCell]:
    """One cell a world and unit."""
    random = np.random.default_rng(seed)
    found = []
    for name, world in _WORLDS.items():
        played = [_run(random, world) for _ in range(runs)]
        asked = float(np.mean([requests for _, requests in played])) / USERS
        promoted = np.array([each for each, _ in played]).sum(axis=0)
        for unit, count in zip(world.units, promoted, strict=True):
            by_theory = round(world.theory(unit, asked), 5)
            found.append(OracleCell(name, unit, runs, int(count), round(asked, 3), by_theory))
    return found


def _run(random: np.random.Generator, world: _World) -> tuple[Sequence[bool], int]:
    """What a run promotes by each unit, and its requests by then."""
    mean, concentration = PROPENSITY
    weights = -np.log((np.arange(USERS) + 0.5) / USERS) if world.unequal else np.ones(USERS)
    shares = weights / weights.sum()
    ends, session, owners = _in_sessions(random, shares) if world.sessions else _alone(random)
    who = random.choice(USERS, ends[-1], p=shares) if owners is None else owners[session]
    own = random.beta(mean * concentration, (1.0 - mean) * concentration, USERS)
    right = random.random(len(who)) < own[who]
    drawn = {"request": np.arange(len(who)), "session": session, "user": who}[world.drawn]
    sides = USERS if world.drawn == "user" else int(drawn.max()) + 1
    new = (random.random(sides) < 0.5)[drawn]
    counts = np.concatenate([[0], np.cumsum(new)])[ends]
    end = int(ends[np.searchsorted(np.minimum(counts, ends - counts), SAMPLE)])
    of_session = session[:end] if world.sessions else None
    return _tests(who[:end], of_session, right[:end], new[:end]), end


def _alone(random: np.random.Generator) -> tuple[Integers, Integers, None]:
    """How many requests have come by each look, where they come one by one."""
    ends = np.cumsum(random.poisson(RATE * LOOK_S, _LONGEST_S // LOOK_S))
    return ends, np.arange(ends[-1]), None


def _in_sessions(
    random: np.random.Generator, shares: Floats
) -> tuple[Integers, Integers, Integers]:
    """The same where they come in sessions, whose each request is, and of which user each is."""
    count = random.poisson(RATE / SESSION_REQUESTS * _LONGEST_S)
    requests = random.geometric(1.0 / SESSION_REQUESTS, count)
    session = np.repeat(np.arange(count), requests)
    gaps = random.exponential(SESSION_GAP_S, len(session))
    gaps[np.cumsum(requests) - requests] = 0.0  # before the first of each
    since = np.cumsum(gaps)
    since -= since[np.cumsum(requests) - requests][session]
    times = random.uniform(0.0, _LONGEST_S, count)[session] + since
    order = np.argsort(times)
    looks = LOOK_S * np.arange(1, _LONGEST_S // LOOK_S + 1)
    ends = np.searchsorted(times[order], looks)
    return ends, session[order][: ends[-1]], random.choice(USERS, count, p=shares)


def _tests(who: Integers, session: Integers | None, right: Flags, new: Flags) -> Sequence[bool]:
    """By request, by session where there are any, by user, and by users' means."""
    sizes = [int((~new).sum()), int(new.sum())]
    shares = [float(right[arm].mean()) for arm in (~new, new)]
    gain, pooled = shares[1] - shares[0], float(right.mean())
    naive = gain / math.sqrt(pooled * (1.0 - pooled) * (1.0 / sizes[0] + 1.0 / sizes[1]))
    found = [bool(naive > _CRITICAL)]
    sessions = () if session is None else (np.unique(session, return_inverse=True)[1],)
    for of in (*sessions, who):
        asked, hits = _added(of, right, new)
        parts = [
            (h - share * n) / size
            for h, n, share, size in zip(hits, asked, shares, sizes, strict=True)
        ]
        found.append(_promotes(gain, parts))
    asked, hits = _added(who, right, new)
    own = [h / np.maximum(n, 1) for h, n in zip(hits, asked, strict=True)]
    means = [each[n > 0].mean() for each, n in zip(own, asked, strict=True)]
    of_means = [
        (each - mean) * (n > 0) / (n > 0).sum()
        for each, mean, n in zip(own, means, asked, strict=True)
    ]
    return [*found, _promotes(means[1] - means[0], of_means)]


def _added(of: Integers, right: Flags, new: Flags) -> tuple[list[Integers], list[Floats]]:
    """Requests and right answers of each user, or session, in both arms."""
    most = max(int(of.max()) + 1, USERS)
    arms = (~new, new)
    asked = [np.bincount(of[arm], minlength=most) for arm in arms]
    hits = [np.bincount(of[arm], right[arm], minlength=most).astype(np.float64) for arm in arms]
    return asked, hits


def _promotes(gain: float, parts: Sequence[Floats]) -> bool:
    """By the users' parts in the difference: who met both variants has a part of each, less one."""
    t = gain / math.sqrt(np.square(parts[1] - parts[0]).sum())
    return bool(t > stats.t.isf(_TAIL, len(parts[0]) - 2))
