"""When an alarm changes its state: the rules of CloudWatch on datapoints that may be missing.

Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", whose
two tables are the tests of this module. The guide's text and its second table disagree on
`0 - X - -` with 2 of 3 datapoints to alarm: by the text ("all of the more recent data points are
either breaching or missing") it is in ALARM, by the table it is OK. The table is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal, TypeAlias

__all__ = ["EXTRA_PERIODS", "AlarmState", "TreatMissingData", "next_state"]

TreatMissingData: TypeAlias = Literal["missing", "ignore", "breaching", "notBreaching"]

# The guide's only example looks at 5 periods where 3 are evaluated; it gives no rule for others.
EXTRA_PERIODS: Final = 2


class AlarmState(StrEnum):
    """What an alarm says (the platform's own words)."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def next_state(
    breaches: Sequence[bool | None],
    needed: tuple[int, int],
    missing: TreatMissingData,
    current: AlarmState,
) -> AlarmState:
    """The state after a look at the evaluation range.

    `breaches` says of each period, the newest last, whether its datapoint breaches; None where
    there is no datapoint. Only the newest N + EXTRA_PERIODS count. `needed` is (M, N): M breaching
    datapoints out of N evaluated ones make the alarm.
    """
    to_alarm, evaluated = needed
    within = list(breaches)[-(evaluated + EXTRA_PERIODS) :]
    real = [each for each in within if each is not None]
    absent = max(evaluated - len(real), 0)
    if absent == 0:
        real = real[-evaluated:]
    elif missing == "breaching":
        real += [True] * absent
    elif missing in ("missing", "ignore") and all(real):
        return _only_breaches(within, to_alarm, missing, current)
    return AlarmState.ALARM if sum(real) >= to_alarm else AlarmState.OK


def _only_breaches(
    within: Sequence[bool | None], to_alarm: int, missing: TreatMissingData, current: AlarmState
) -> AlarmState:
    """The state where too few datapoints are there, and none of them is fine."""
    breaching = sum(each is not None for each in within)
    if breaching >= to_alarm:
        return AlarmState.ALARM
    if missing == "ignore":
        return current
    if not breaching:
        return AlarmState.INSUFFICIENT_DATA
    # "Avoiding premature transitions": the oldest one must be at least M periods old.
    oldest = len(within) - next(at for at, each in enumerate(within) if each is not None)
    return AlarmState.ALARM if oldest >= to_alarm else AlarmState.OK
