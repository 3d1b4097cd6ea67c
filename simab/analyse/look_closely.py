"""What a close look at a run needs beside its counts: limits, readings, and whether chance splits.

A figure holds so many readings; of more the changes are kept, and the rest thinned evenly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simab.description import Description
from simab.policies import SessionAffinity
from simab.policies.limits import ErrorRateLimit, LatencyLimit
from simab.result.example_run import LimitLine, Reading
from simab.run.look_readings import ReadingAt
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.units import seconds

__all__ = ["latency_shown", "limits_of", "readings_of", "split_is_random"]

_MOST_READINGS: Final = 60
_USUAL_LATENCY: Final = "latency_p99"


def limits_of(run: Run) -> tuple[LimitLine, ...]:
    """The limits on errors and latency that the objective sets, then those of the policy alone."""
    policy = run.scenario.policies.get(run.policy_name)
    own = tuple(_limits_in(policy)) if policy is not None else ()
    found = [_line(each, "objective") for each in run.scenario.objective.guardrails]
    found += [_line(each, "policy") for each in own]
    first: dict[tuple[str, float], LimitLine] = {}
    for each in found:
        first.setdefault((each.metric, each.at_most), each)
    return tuple(first.values())


def _limits_in(value: Any) -> Iterator[ErrorRateLimit | LatencyLimit]:
    """The limits in the fields of a description, and of all that it holds."""
    if isinstance(value, ErrorRateLimit | LatencyLimit):
        yield value
    elif isinstance(value, Description):
        for each in vars(value).values():
            yield from _limits_in(each)
    elif isinstance(value, Mapping | tuple | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _limits_in(each)


def _line(limit: ErrorRateLimit | LatencyLimit, source: str) -> LimitLine:
    """A limit in the units of the figures: a share, or milliseconds."""
    at_most = limit.at_most / 1e6 if isinstance(limit, LatencyLimit) else limit.at_most
    return LimitLine(metric=limit.metric, at_most=float(at_most), source=source)


def latency_shown(limits: Sequence[LimitLine]) -> str:
    """The latency that a limit is set on, the objective's first; else the 99 % quantile."""
    limited = (each.metric for each in limits if each.metric.startswith("latency"))
    return next(limited, _USUAL_LATENCY)


def split_is_random(scenario: Scenario, run: Run) -> bool:
    """Whether each request was sent by an independent draw, so that its share is binomial."""
    targets = any(each.targets or each.paired_targets for each in scenario.traffic.values())
    kept = any(isinstance(each.action, SessionAffinity) for each in run.decision_log.decisions)
    return scenario.endpoint.variant_routing == "weighted_random" and not targets and not kept


def readings_of(readings: Sequence[ReadingAt]) -> tuple[Reading, ...]:
    """What was measured; of more than a figure holds, all changes of a result and some others."""
    kept = [
        Reading(
            at_s=seconds(each.at_ns),
            name=each.reading.name,
            reading=each.reading.reading,
            passed=each.reading.passed,
        )
        for each in readings
    ]
    if len(kept) <= _MOST_READINGS:
        return tuple(kept)
    changes = [at for at in range(1, len(kept)) if kept[at].passed is not kept[at - 1].passed]
    chosen = {0, len(kept) - 1, *changes[-_MOST_READINGS // 2 :]}
    room = _MOST_READINGS - len(chosen)
    chosen |= {round(at * (len(kept) - 1) / room) for at in range(room)} if room > 0 else set()
    return tuple(kept[at] for at in sorted(chosen))
