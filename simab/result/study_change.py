"""What changed between two studies: quantities with intervals, verdicts, and what only one has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simab.result.requirement_result import RequirementStatement
from simab.text.html import html_table

__all__ = [
    "ChangedParameter",
    "ChangedVerdict",
    "ComparedWorld",
    "OnlyIn",
    "QuantityChange",
    "StudyChange",
    "StudyLabel",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLabel:
    """A study by where it is from, and what tells it from another."""

    name: str
    title: str
    seed: int
    replications: int
    simab_version: str
    recommended: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWorld:
    """A world of both studies.

    `same_scenario`: all is alike there but policies. `paired`: the runs are compared one by one, as
    they had the same clients; if not, `reason` says why.
    """

    name: str
    title: str
    same_scenario: bool
    paired: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityChange:
    """By how much a quantity of a policy in a world changed: after - before, with its interval.

    The interval is of this quantity alone, at 95 %; `differs` and the adjusted p-value take all
    quantities of the two studies together. A time that is `paired` is a mean in which a run without
    a decision has waited to the horizon, and else the median.
    """

    world: str
    policy: str
    quantity: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    paired: bool
    p_value: float
    adjusted_p_value: float = math.nan
    differs: bool = False
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is another one, and nothing is known of how far chance goes."""
        ends = self.low + self.high
        return math.isfinite(self.difference) and self.difference != 0 and math.isnan(ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedVerdict:
    """A verdict that is another one: of a policy, or with `requirement` of that in a world."""

    policy: str
    before: str
    after: str
    requirement: RequirementStatement | None = None
    world: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedParameter:
    """A parameter of a policy that is another one, as JSON; empty: the policy has none so named."""

    policy: str
    parameter: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyIn:
    """What only one of the studies has, so that it cannot be compared."""

    worlds: tuple[str, ...]
    policies: tuple[str, ...]
    requirements: tuple[RequirementStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyChange:
    """Two studies, what changed from the first to the second, and what only one of them has."""

    before: StudyLabel
    after: StudyLabel
    worlds: tuple[ComparedWorld, ...]
    quantities: tuple[QuantityChange, ...]
    verdicts: tuple[ChangedVerdict, ...]
    parameters: tuple[ChangedParameter, ...]
    only_before: OnlyIn
    only_after: OnlyIn

    def _repr_html_(self) -> str:
        """A row a quantity that changed, for notebooks; `simab diff` says the rest in words."""
        rows = [
            (
                each.world,
                each.policy,
                each.quantity,
                *(f"{value:.4g}" for value in (each.before, each.after, each.difference)),
                f"{each.low:.4g} to {each.high:.4g}",
            )
            for each in self.changed
        ]
        headings = ("world", "policy", "quantity", "before", "after", "change", "95 % interval")
        caption = (
            f"{self.before.name} and {self.after.name}: {len(rows)} of {len(self.quantities)} "
            "quantities differ by more than chance"
        )
        return html_table(caption, headings, rows)

    @property
    def changed(self) -> tuple[QuantityChange, ...]:
        """The quantities that differ by more than chance, or by what no interval is known of."""
        return tuple(each for each in self.quantities if each.differs or each.is_open)
