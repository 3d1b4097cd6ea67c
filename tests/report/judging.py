"""A result judged by a truth of one's choice, through the code that makes the real one."""

from __future__ import annotations

import math
from typing import Any

from simab.analyse.truth import truth_of_values
from simab.scenario.parts import Objective
from simab.study.result import truth_as_data

Result = dict[str, Any]


def wilson(count: int, n: int) -> dict[str, float]:
    count = int(count)
    z, share = 1.959964, count / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == n else middle + half
    return {"count": count, "share": share, "low": low, "high": high}


def judged(
    result: Result,
    values: dict[str, dict[str, float]],
    *,
    smallest_effect: float = 0.01,
    metric: str = "f1",
    breaks: dict[str, str] | None = None,
) -> Result:
    """The result with another truth, and its endings judged by it."""
    control, candidate, *_ = sorted(values)
    objective = Objective(
        control=control, candidate=candidate, metric=metric, smallest_effect=smallest_effect
    )
    truth = truth_of_values(objective, values, breaks=breaks or {}, contenders=sorted(values))
    result["truth"] = truth_as_data(truth)
    for policy in result["policies"]:
        runs = sum(each["count"] for each in policy["outcomes"].values())
        for name in values:
            policy["ends_with"].setdefault(name, wilson(0, runs) | {"since_s": None})
            policy["decides_for"].setdefault(name, wilson(0, runs))
        counts = dict.fromkeys(("right", "wrong", "neither"), 0)
        counts["neither"] = policy["still_split"]["count"]
        for name, ending in policy["ends_with"].items():
            counts[truth.judgement(name)] += ending["count"]
        policy |= {"correct": wilson(counts["right"], runs)}
        policy |= {name: wilson(counts[name], runs) for name in ("wrong", "neither")}
    return result
