"""A result judged by a truth of one's choice, through the code that makes the real one."""

from __future__ import annotations

from typing import Any

from simab.analyse.truth import ScenarioTruth, truth_of_values
from simab.result import Proportion
from simab.result.json_form import dumped
from simab.scenario.parts import Objective
from simab.stats.intervals import share_interval

Result = dict[str, Any]


def share_of(count: int, n: int) -> dict[str, float]:
    """A share of runs as the analysis makes it, in JSON."""
    interval = share_interval(int(count), n)
    share: dict[str, float] = dumped(
        Proportion(int(count), int(count) / n, interval.low, interval.high)
    )
    return share


def truth_of(
    values: dict[str, dict[str, float]],
    *,
    smallest_effect: float = 0.01,
    metric: str = "f1",
    breaks: dict[str, str] | None = None,
) -> ScenarioTruth:
    """The truth of variants with these metrics; the first two by name are control and candidate."""
    control, candidate, *_ = sorted(values)
    objective = Objective(
        control=control, candidate=candidate, metric=metric, smallest_effect=smallest_effect
    )
    return truth_of_values(objective, values, breaks=breaks or {}, contenders=sorted(values))


def judged(result: Result, values: dict[str, dict[str, float]], **words: Any) -> Result:
    """The result with another truth, as `truth_of` takes it, and its endings judged by it."""
    truth = truth_of(values, **words)
    result["truth"] = dumped(truth.summary())
    for policy in result["policies"]:
        runs = sum(each["count"] for each in policy["verdicts"].values())
        for name in values:
            policy["ends_with"].setdefault(name, share_of(0, runs) | {"since_s": None})
            policy["decides_for"].setdefault(name, share_of(0, runs))
        counts = dict.fromkeys(("right", "wrong", "neither"), 0)
        counts["neither"] = policy["still_split"]["count"]
        for name, ending in policy["ends_with"].items():
            counts[truth.judgement(name)] += ending["count"]
        policy |= {"correct": share_of(counts["right"], runs)}
        policy |= {name: share_of(counts[name], runs) for name in ("wrong", "neither")}
    return result
