"""Requirements in words: what is asked, and what the runs say of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from simab.report import formatting
from simab.result import Mean, Proportion, StudyResult
from simab.result.requirement_result import JudgedRequirement, RequirementStatement
from simab.result.world_result import WorldResult
from simab.text import typeset
from simab.text.lists import listed

__all__ = ["bounds_text", "found_text", "statement_text", "where_text"]

_NAMES: Final[Mapping[str, str]] = {
    "false_promotion": "false promotion",
    "promotes_a_worse": "promotion of a worse candidate",
    "power": "power",
    "time_to_decision": "time to decision",
    "broken_gone_within": "time until a broken candidate is gone",
    "requests_on_worse": "requests on worse variants",
    "clients_on_worse": "clients on worse variants",
    "regret": "regret",
    "cost_of_serving": "cost of serving",
    "error_share": "requests in error",
}
_WRITTEN: Final[Mapping[str, Callable[[float], str]]] = {
    "share": lambda value: typeset.percent(value, _decimals_of(value)),
    "seconds": typeset.duration,
    "requests": typeset.count,
    "clients": typeset.count,
    "metric": typeset.metric_value,
    "cost": typeset.metric_value,
}
_MEANS: Final[Mapping[str, Callable[[Mean], formatting.Written]]] = {
    "share": formatting.mean_share,
    "metric": formatting.mean_metric,
    "cost": formatting.mean_metric,
}


def statement_text(statement: RequirementStatement) -> str:
    """In words, such as: false promotion at most 5 %."""
    side = "at most" if statement.at_most else "at least"
    text = f"{_NAMES[statement.quantity]} {side} {_WRITTEN[statement.unit](statement.bound)}"
    share = statement.share_of_runs
    if math.isnan(share):
        return text if _is_share_of_runs(statement) else f"{text} on average"
    return f"{text} in {_WRITTEN['share'](share)} of runs"


def bounds_text(result: StudyResult) -> str:
    """All that is asked: the requirements of the file, or the customary ones."""
    texts = listed([statement_text(each) for each in result.requirements])
    return f"the customary {texts}" if result.customary else texts


def found_text(result: StudyResult, found: JudgedRequirement) -> str:
    """What the runs say of a requirement: "7.5 % (2.1 to 16 %)", a share of runs or a mean."""
    statement = result.requirements[found.requirement]
    if _is_share_of_runs(statement):
        share = Proportion(0, found.estimate, found.low, found.high)
        return str(formatting.proportion(share))
    mean = Mean(found.estimate, found.low, found.high)
    return str(_MEANS.get(statement.unit, formatting.mean)(mean))


def _is_share_of_runs(statement: RequirementStatement) -> bool:
    by_itself = statement.quantity in ("false_promotion", "promotes_a_worse", "power")
    return by_itself or not math.isnan(statement.share_of_runs)


def where_text(result: StudyResult, world: str) -> str:
    """The world in words: "with the candidate broken"."""
    label = next(each.label for each in result.worlds if each.name == world)
    return f"with the candidate {label.title}"


def _decimals_of(share: float) -> int:
    """As many decimals as the bound of a file has, at most two."""
    return next((d for d in (0, 1) if math.isclose(share, round(share, d + 2), rel_tol=1e-9)), 2)


def world_heading(world: WorldResult) -> str:
    """What is right in a world, for the heading of its column."""
    words = {"promote": "right: promote", "keep": "right: keep", "neither": "both are fine"}
    return words[world.asks]
