"""The columns of outcomes that are averaged over runs, each with the range that it can lie in.

The range lets an interval stay within what is possible, and say what runs not seen could change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from simab.analyse.run_summary import RunSummary
from simab.profiles.durations import Constant
from simab.scenario import Scenario

__all__ = ["COLUMNS", "Column", "RunLimits"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What no run of a study can exceed.

    `shortfall` is by how much, at most, one request's expected metric misses the best variant's.
    Infinite where it is not known. The rest says whether a request can fail, be refused, have a
    label that is still to come at the horizon, or break a guardrail: what no run can have needs no
    interval.
    """

    horizon_s: float = math.inf
    requests: float = math.inf
    shortfall: float = math.inf
    can_fail: bool = True
    can_be_refused: bool = True
    labels_come_late: bool = True
    guarded: bool = True

    @classmethod
    def of(
        cls,
        outcomes: Sequence[RunSummary],
        horizon_s: float = math.inf,
        shortfall: float = math.inf,
        scenario: Scenario | None = None,
    ) -> RunLimits:
        """Limits of these rows; of requests the most that a run of them had.

        What cannot happen is known of a scenario: without one all may.
        """
        most = max((outcome.requests_total for outcome in outcomes), default=0)
        limits = cls(horizon_s, float(most), shortfall)
        if scenario is None:
            return limits
        variants = scenario.endpoint.variants.values()
        at_once = isinstance(scenario.labels.delay, Constant) and not scenario.labels.delay.value
        return replace(
            limits,
            can_fail=any(variant.error_rate > 0 for variant in variants),
            can_be_refused=any(variant.queue_limit is not None for variant in variants),
            labels_come_late=scenario.labels.never < 1 and not at_once,
            guarded=bool(scenario.objective.guardrails),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """A number of each run: how to read it off a row, and the most that it can be.

    It is never below 0, or, where it is `signed`, not further below than above. `most` is infinite
    where only the policy or the traffic limits it.
    """

    of: Callable[[RunSummary], float]
    most: Callable[[RunLimits], float]
    signed: bool = False

    def values(self, outcomes: Sequence[RunSummary]) -> list[float]:
        """One value a run."""
        return [float(self.of(outcome)) for outcome in outcomes]

    def range_of(self, values: Sequence[float], limits: RunLimits) -> tuple[float, float]:
        """What is possible; rounding may have carried a value a little further."""
        most = max(self.most(limits), *(abs(each) for each in values), 0.0)
        return -most if self.signed else 0.0, most


_SIGNED: Final = frozenset({"error_share_excess", "guardrail_breach_excess_s"})


def _column(name: str, most: Callable[[RunLimits], float]) -> Column:
    return Column(attrgetter(name), most, signed=name in _SIGNED)


def _requests(limits: RunLimits) -> float:
    return limits.requests


def _breach(limits: RunLimits) -> float:
    return limits.horizon_s if limits.guarded else 0.0


def _failed(limits: RunLimits) -> float:
    return float(limits.can_fail)


def _refused(limits: RunLimits) -> float:
    return float(limits.can_be_refused)


def _in_error(limits: RunLimits) -> float:
    return float(limits.can_fail or limits.can_be_refused)


def _outstanding(limits: RunLimits) -> float:
    return limits.requests if limits.labels_come_late else 0.0


def _without_end(_: RunLimits) -> float:
    return math.inf


def _regret(limits: RunLimits) -> float:
    known = limits.requests and limits.shortfall
    return limits.requests * limits.shortfall if known else 0.0


COLUMNS: Final[Mapping[str, Column]] = MappingProxyType(
    {
        name: _column(name, most)
        for name, most in (
            ("requests_on_worse", _requests),
            ("requests_total", _without_end),
            ("failed_share", _failed),
            ("rejected_share", _refused),
            ("error_share", _in_error),
            ("error_share_excess", _in_error),
            ("regret", _regret),
            ("guardrail_breach_s", _breach),
            ("guardrail_breach_excess_s", _breach),
            ("weight_changes", _without_end),
            ("actions_refused", _without_end),
            # An endless queue could hold all requests of a run: a bound that tells nothing.
            ("in_flight_at_horizon", _without_end),
            ("labels_outstanding", _outstanding),
        )
    }
)
