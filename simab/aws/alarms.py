"""Metric alarms of an account: what they watch, and the state that they are in.

An alarm looks when a period of its is published, at whole periods alone, by the same rules as the
alarms of simab's own policies (simab.policies.cloudwatch).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from simab.aws.metric_query import MetricQuery
from simab.policies.cloudwatch.alarm_evaluation import (
    EXTRA_PERIODS,
    AlarmState,
    TreatMissingData,
    next_state,
)

__all__ = ["COMPARISONS", "Alarm"]

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass
class Alarm:
    """An alarm as it was put, `given`, and its state since `updated`."""

    given: Mapping[str, Any]
    query: MetricQuery
    statistic: str
    period_ns: int
    configured: datetime
    updated: datetime
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    reason: str = "Unchecked: Initial alarm creation"

    @property
    def needed(self) -> tuple[int, int]:
        """M and N of "M out of N"."""
        evaluated = self.given["EvaluationPeriods"]
        return self.given.get("DatapointsToAlarm", evaluated), evaluated

    @property
    def missing(self) -> TreatMissingData:
        """What a period without a datapoint counts for."""
        treated: TreatMissingData = self.given.get("TreatMissingData", "missing")
        return treated

    def periods(self, until_ns: int) -> range:
        """The starts of the periods that it looks at when one of them ends at an instant."""
        count = min(self.needed[1] + EXTRA_PERIODS, until_ns // self.period_ns)
        return range(until_ns - count * self.period_ns, until_ns, self.period_ns)

    def look(self, values: Sequence[float | None], now: datetime) -> None:
        """Go by the datapoints of its periods, the newest last; None where there was nothing."""
        compare, threshold = COMPARISONS[self.given["ComparisonOperator"]], self.given["Threshold"]
        breaches = [None if each is None else compare(each, threshold) for each in values]
        state = next_state(breaches, self.needed, self.missing, self.state)
        if state is not self.state:
            self.change(state, self._because(values, breaches), now)

    def change(self, state: AlarmState, reason: str, now: datetime) -> None:
        """From now on it is in this state."""
        self.state, self.reason, self.updated = state, reason, now

    def _because(self, values: Sequence[float | None], breaches: Sequence[bool | None]) -> str:
        newest = values[-self.needed[1] :]
        shown = ", ".join("missing" if each is None else f"{each:.6g}" for each in newest)
        many = sum(each is True for each in breaches[-self.needed[1] :])
        return (
            f"Threshold Crossed: {many} of the last {len(newest)} datapoints [{shown}] "
            f"{self.given['ComparisonOperator']} {self.given['Threshold']:g} "
            f"(needed: {self.needed[0]} of {self.needed[1]})."
        )
