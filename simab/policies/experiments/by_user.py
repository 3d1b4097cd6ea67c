"""What the answers of two variants say, added up by session or user, or treated one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simab.policies.answers import Answers, drawn_as
from simab.policies.experiments.two_means import LOWER_COSTS, MeansTest
from simab.policies.experiments.unit import Treatment
from simab.policies.observation import Observation
from simab.stats.always_valid import MixtureTest, confidence_sequence, mixture_test
from simab.stats.bayes import Normal
from simab.stats.interval import Interval
from simab.stats.shared_users import (
    UserDifference,
    UserTable,
    adjusted_difference,
    user_table,
    win_difference,
)
from simab.text.lists import listed
from simab.text.numbers import figure_text

__all__ = ["UserEvidence"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_NO_USERS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class UserEvidence:
    """The answers of both variants, under the variants' names, and how a rule treats them.

    `labelled` counts the requests that looks are counted by; users stand in the variance alone. The
    answers are read when a look is due: at most ticks only the counts are asked for. Only requests
    from `since_ns` on are compared; earlier ones of the control tell what users were worth before.
    Who met both variants counts in each, and the variance keeps what the two have in common.
    """

    control: str
    candidate: str
    observation: Observation
    rule: Treatment
    since_ns: int | None = None

    @cached_property
    def labelled(self) -> tuple[int, int]:
        """Labelled requests of control and candidate."""
        if self.rule.pre_period is not None:
            control, candidate = self._compared
            return len(control), len(candidate)
        labels = self.observation.metrics.labels
        return labels(self.control).labelled, labels(self.candidate).labelled

    @cached_property
    def found(self) -> UserDifference:
        """The difference by the rule's unit, with its variance."""
        table, covariate = self.table, None
        if self.rule.ranks:
            return win_difference(table)
        if self.rule.pre_period is not None:
            covariate = self._before(self._people)
        return adjusted_difference(table, covariate)

    @cached_property
    def table(self) -> UserTable:
        """The treated values by unit: a user of the table may be a session, or an answer."""
        control, candidate = self._answers
        drawn = drawn_as(self.rule.unit, control, candidate)
        values = self._treated(control, candidate)
        table = user_table(drawn, values)
        if self.rule.unit == "user_total":
            return table.of_totals()
        return table.of_means() if self.rule.unit == "user_mean" else table

    @property
    def values(self) -> tuple[Floats, Floats]:
        """The treated values of control and candidate one by one, in order of arrival.

        Of costs with the other sign, so that more is better.
        """
        return self._treated(*self._answers)

    @property
    def ends(self) -> tuple[float, float]:
        """Between which values lie: 0 and 1, or from the least that a reward can be to the cap."""
        if self.rule.cap is None:  # rewards without one have no ends
            return 0.0, 1.0
        labels = self.observation.metrics.labels
        both = labels(self.control).rewards, labels(self.candidate).rewards
        lowest, most = self._transformed(min(each.lowest for each in both), self.rule.cap)
        return (-most, -lowest) if self._are_costs else (lowest, most)

    @property
    def smaller(self) -> int:
        """The labelled requests of the variant that has fewer."""
        return min(self.labelled)

    @property
    def pairs(self) -> float:
        """The harmonic mean of the labelled requests.

        It says how far an experiment has come on its plan. It is not the information, which grows
        more slowly once the same users come again.
        """
        control, candidate = self.labelled
        return 2.0 * control * candidate / (control + candidate) if control + candidate else 0.0

    @property
    def difference(self) -> float:
        """By how much the candidate is better; NaN without answers of both."""
        return self.found.difference

    @property
    def control_share(self) -> float:
        """What part of the difference's variance the control makes, by the labelled requests."""
        control, candidate = self.labelled
        return candidate / (control + candidate) if control + candidate else 0.5

    def test(self) -> MeansTest:
        """The two-sided test by Student's t of the users; NaN where the spread is not known."""
        found = self.found
        return MeansTest(found.difference, found.z, found.p_value)

    def mixture_test(self, mixing_variance: float) -> MixtureTest:
        """One look of the mSPRT, with the variance over users."""
        found = self.found
        return mixture_test(found.difference, found.variance, mixing_variance=mixing_variance)

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence, with the variance over users at the requests so far."""
        found = self.found
        if not found.variance > 0.0:
            return Interval.undefined(level, "the spread over users is not known yet")
        pairs = max(round(self.pairs), 1)
        spread = math.sqrt(found.variance * pairs)
        return confidence_sequence(
            found.difference, spread, pairs, target_count=tight_at, level=level
        )

    def beliefs(self) -> tuple[Normal, Normal] | None:
        """Normal laws of both whose difference has the difference's own; None while unknown."""
        found = self.found
        if not found.variance > 0.0:
            return None
        half = math.sqrt(found.variance / 2.0)
        return Normal(found.control, half), Normal(found.control + found.difference, half)

    @staticmethod
    def written(difference: float) -> str:
        """A difference, as reasons quote it."""
        return figure_text(difference, "+.6g")

    def __str__(self) -> str:
        """Both estimates in words, as every reason quotes them."""
        found, (users, new_users) = self.found, self.table.users
        what = {"user_mean": "mean", "user_total": "total"}.get(self.rule.unit, "ratio")
        values = self._sign * found.control, self._sign * found.candidate
        if self.rule.ranks:
            what, values = f"P({self._better})", (found.control, found.candidate)
        drawn = {"request": "requests", "session": "sessions"}.get(self.rule.unit, "users")
        of = drawn
        if self.rule.triggered:
            of += f" of {listed(self.rule.triggered)}"
        labelled, new_labelled = self.labelled
        shared = f", {self.table.shared} {drawn} in both" if self.table.shared else ""
        adjusted = ""
        if self.rule.pre_period is not None and self.since_ns is not None:
            adjusted = f", adjusted to {figure_text(found.variance_factor, '.0%')} of the variance"
        if self.rule.transform is not None:
            what = f"{what} of log(1 + x)"
        costs = LOWER_COSTS if self._are_costs else ""
        return (
            f"{costs}{self.control} {what} {figure_text(values[0], '.6g')} of {users} {of} "
            f"({labelled} labels), {self.candidate} {figure_text(values[1], '.6g')} of "
            f"{new_users} ({new_labelled}){shared}{adjusted}"
        )

    @cached_property
    def _answers(self) -> tuple[Answers, Answers]:
        """Those that are compared: of the segments that are triggered."""
        control, candidate = self._compared
        return self._triggered(control), self._triggered(candidate)

    def _triggered(self, answers: Answers) -> Answers:
        return answers.of_segments(self.rule.triggered) if self.rule.triggered else answers

    @cached_property
    def _compared(self) -> tuple[Answers, Answers]:
        """Those since any pre-period, of all segments; none during it."""
        metrics = self.observation.metrics
        both = metrics.answers(self.control), metrics.answers(self.candidate)
        if self.rule.pre_period is None:
            return both
        since_ns = self.observation.now_ns if self.since_ns is None else self.since_ns
        return both[0].arrived(since_ns), both[1].arrived(since_ns)

    @property
    def _people(self) -> Integers:
        """Who stands behind each entry of the table: the user, or that of the session."""
        if self.rule.unit.startswith("user"):
            return self.table.numbers
        control, candidate = self._answers
        users = np.concatenate([control.users, candidate.users])
        drawn = np.concatenate(drawn_as(self.rule.unit, control, candidate))
        return users[np.unique(drawn, return_index=True)[1]]

    def _before(self, people: NDArray[np.int64]) -> Floats | None:
        """What a request of each of them was worth before, under the control; the mean of all
        where there was none. None where there was none at all.
        """
        control = self._triggered(self.observation.metrics.answers(self.control))
        earlier = control.arrived(0, self.rule.pre_period)
        if not len(earlier):
            return None
        (values,) = self._transformed(np.minimum(earlier.values, self._most))
        known = user_table((earlier.users, _NO_USERS), (values, np.zeros(0)))
        own = known.values[0] / known.requests[0]
        places = np.minimum(np.searchsorted(known.numbers, people), len(known.numbers) - 1)
        return np.where(known.numbers[places] == people, own[places], values.mean())

    def _treated(self, control: Answers, candidate: Answers) -> tuple[Floats, Floats]:
        most = self._most
        one, other = self._transformed(
            np.minimum(control.values, most), np.minimum(candidate.values, most)
        )
        return self._sign * one, self._sign * other

    def _transformed(self, *values: Any) -> tuple[Any, ...]:
        """Each as it is compared; the logarithm keeps the order of values."""
        return values if self.rule.transform is None else tuple(map(np.log1p, values))

    @property
    def _are_costs(self) -> bool:
        return self.observation.metric == "cost"

    @property
    def _sign(self) -> int:
        return -1 if self._are_costs else 1

    @property
    def _better(self) -> str:
        return "smaller" if self._are_costs else "larger"

    @cached_property
    def _most(self) -> float:
        """What a value counts for at most."""
        if self.rule.cap is not None:
            return self.rule.cap
        values = np.concatenate([each.values for each in self._answers])
        if self.rule.cap_percentile is None or not len(values):
            return math.inf
        return float(np.percentile(values, self.rule.cap_percentile))
