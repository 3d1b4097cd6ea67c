"""The columns of outcomes that are averaged over runs, each with the range that it can lie in.

The range lets an interval stay within what is possible, and say what runs not seen could change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from simab.analyse.outcome import Outcome

__all__ = ["COLUMNS", "Column", "RunLimits"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What no run of a study can exceed.

    `shortfall` is by how much, at most, one request's expected metric misses the best variant's.
    Infinite where it is not known.
    """

    horizon_s: float = math.inf
    requests: float = math.inf
    shortfall: float = math.inf

    @classmethod
    def of(
        cls,
        outcomes: Sequence[Outcome],
        horizon_s: float = math.inf,
        shortfall: float = math.inf,
    ) -> RunLimits:
        """Limits of these rows; of requests the most that a run of them had."""
        most = max((outcome.requests_total for outcome in outcomes), default=0)
        return cls(horizon_s, float(most), shortfall)


@dataclass(frozen=True, slots=True)
class Column:
    """A number of each run: how to read it off a row, and the most that it can be.

    It is never below 0, or, where it is `signed`, not further below than above. `most` is infinite
    where only the policy or the traffic limits it.
    """

    of: Callable[[Outcome], float]
    most: Callable[[RunLimits], float]
    signed: bool = False

    def values(self, outcomes: Sequence[Outcome]) -> list[float]:
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


def _horizon(limits: RunLimits) -> float:
    return limits.horizon_s


def _everything(_: RunLimits) -> float:
    return 1.0


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
            ("failed_share", _everything),
            ("rejected_share", _everything),
            ("error_share", _everything),
            ("error_share_excess", _everything),
            ("regret", _regret),
            ("guardrail_breach_s", _horizon),
            ("guardrail_breach_excess_s", _horizon),
            ("weight_changes", _without_end),
            ("actions_refused", _without_end),
            ("in_flight_at_horizon", _requests),
            ("labels_outstanding", _requests),
        )
    }
)
