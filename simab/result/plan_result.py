"""A plan as one frozen record: the candidates, how each fared in the race, and which to use.

`plan.json` is its dump, and `read_saved_plan` its load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from simab.errors import InvalidInput
from simab.result.estimates import Mean, Proportion
from simab.result.json_form import loaded
from simab.result.quantities import QUANTITIES
from simab.result.reader import Reader
from simab.result.requirement_result import Compliance, JudgedRequirement, RequirementStatement
from simab.result.saved_json import SavedForm, canonical_text
from simab.result.study_result import PlayedScenario

__all__ = [
    "PLAN_FORMAT",
    "FreshRuns",
    "PlanResult",
    "PlannedPolicy",
    "candidate_rows",
    "plan_json",
    "read_saved_plan",
]

PLAN_FORMAT: Final = "simab-plan/1"
Criterion: TypeAlias = Literal["soonest", "least_exposure", "least_cost"]
_FORM: Final = SavedForm(PLAN_FORMAT, "plan", "plan.json", "simab plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPolicy:
    """A candidate: of which policy it is, what was varied, and how it stood when last played.

    `runs` is how many replications it had in each world; `compliance` is one of `Compliance`, with
    the error divided among all candidates. `score` is the criterion's mean over the worlds, the
    less the better. `power` is its share of promotions in the world where promoting is right and it
    has the fewest, `false_promotion` where keeping is right and it has the most (None: no such
    world), `exposure` the mean number of requests on worse variants, over the worlds by weight.
    `failed_runs` is how many replications have no row, in all worlds, with the error of the first.
    `on_frontier`: no other has as much power with less exposure.
    """

    name: str
    of: str
    settings: Mapping[str, Any]
    runs: int
    compliance: str
    judged: tuple[JudgedRequirement, ...]
    score: Mean
    exposure: Mean
    power: Proportion | None
    false_promotion: Proportion | None
    failed_runs: int = 0
    first_error: str = ""
    on_frontier: bool = False

    @property
    def has_power_and_exposure(self) -> bool:
        """Whether both are known, so that it has a place beside the frontier."""
        return self.power is not None and math.isfinite(self.exposure.mean)

    @property
    def can_be_known(self) -> bool:
        """Whether more runs may tell: a world asks all that is required, and no run has failed."""
        return not self.failed_runs and all(each.world for each in self.judged)

    @property
    def failed(self) -> tuple[JudgedRequirement, ...]:
        """The requirements that it fails, world by world."""
        return tuple(each for each in self.judged if each.compliance == "fails")


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshRuns:
    """A policy judged again on runs that had no part in its choice: other seed, other clients."""

    policy: str
    seed: int
    runs: int
    compliance: str
    judged: tuple[JudgedRequirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """What a plan found.

    `chosen` is the candidate to use, None where none meets the requirements or none is known to.
    `fresh` are the tests on fresh runs, in their order: of the chosen one last, before it of those
    that were first and failed theirs. `most_runs` is how many replications the race may take;
    `exhausted` says that it took them all and left somebody untold.
    """

    simab_version: str
    command: str
    scenario: PlayedScenario
    scenario_yaml: str
    seed: int
    most_runs: int
    exhausted: bool
    criterion: str
    requirements: tuple[RequirementStatement, ...]
    customary: bool
    worlds: Mapping[str, str]
    candidates: tuple[PlannedPolicy, ...]
    chosen: str | None
    fresh: tuple[FreshRuns, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    format: str = PLAN_FORMAT

    @property
    def title(self) -> str:
        """The title of the scenario."""
        return self.scenario.title

    @property
    def question(self) -> str:
        """The question that the scenario asks; may be empty."""
        return self.scenario.question

    @property
    def passing(self) -> list[PlannedPolicy]:
        """Those that meet all that is required, as the race knows."""
        return [each for each in self.candidates if each.compliance == Compliance.PASSES]

    @property
    def undecided(self) -> list[PlannedPolicy]:
        """Those of which more runs of the race may tell whether they do."""
        return [e for e in self.candidates if e.compliance == Compliance.OPEN and e.can_be_known]

    @property
    def more_runs_may_tell(self) -> bool:
        """Whether one may be named after more runs, of the race or fresh ones."""
        untested = len(self.passing) > len(self.fresh)
        return (
            bool(self.undecided)
            or untested
            or any(each.compliance == Compliance.OPEN for each in self.fresh)
        )

    def candidate(self, name: str) -> PlannedPolicy:
        """A candidate by its name; raises KeyError where there is none."""
        found = {each.name: each for each in self.candidates}
        return found[name]


def candidate_rows(result: PlanResult) -> list[dict[str, object]]:
    """A row a candidate: what was varied, how it stands, and its scores; all numbers unrounded.

    What was varied stands under its path in the scenario, empty for other policies' candidates.
    """
    varied = dict.fromkeys((each.of, path) for each in result.candidates for path in each.settings)
    return [
        {"candidate": each.name, "policy": each.of}
        | {
            f"policies.{of}.{path}": each.settings.get(path) if each.of == of else None
            for of, path in varied
        }
        | {"compliance": str(each.compliance), "runs": each.runs}
        | _numbers("score", each.score)
        | _numbers("exposure", each.exposure)
        | _numbers("power", each.power)
        | _numbers("false_promotion", each.false_promotion)
        | {"on_frontier": each.on_frontier, "chosen": each.name == result.chosen}
        for each in result.candidates
    ]


def _numbers(name: str, found: Mean | Proportion | None) -> dict[str, object]:
    if isinstance(found, Proportion):
        return {name: found.share, f"{name}_low": found.low, f"{name}_high": found.high}
    if found is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def plan_json(result: PlanResult) -> str:
    """The plan as plan.json has it: the same text for the same result."""
    return canonical_text(result)


def read_saved_plan(content: bytes, name: str) -> PlanResult:
    """The plan that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a plan, or of another format; or a value is missing
            or of the wrong type, with its place.
    """
    result = loaded(PlanResult, Reader(_FORM.of_file(content, name)))
    for place, fits in _consistency(result):
        if not fits:
            raise InvalidInput(
                f"{name}: {place} is not what a plan can hold. Make the plan again: "
                f"{result.command}"
            )
    return result


def _consistency(result: PlanResult) -> Iterator[tuple[str, bool]]:
    """What the page and the sentences rely on, with whether it is so."""
    names, words = [each.name for each in result.candidates], set(map(str, Compliance))
    yield "candidates", bool(names) and len(set(names)) == len(names)
    yield "chosen", result.chosen is None or result.chosen in names
    yield "criterion", result.criterion in get_args(Criterion)
    yield "requirements", bool(result.requirements)
    for place, statement in enumerate(result.requirements):
        known = QUANTITIES.get(statement.quantity)
        yield f"requirements[{place}]", known is not None and statement.unit == known.unit
    stood: list[tuple[str, PlannedPolicy | FreshRuns]] = [
        *((f"candidates[{place}]", each) for place, each in enumerate(result.candidates)),
        *((f"fresh[{place}]", each) for place, each in enumerate(result.fresh)),
    ]
    for at, each in stood:
        yield f"{at}.compliance", each.compliance in words
        yield f"{at}.runs", each.runs > 0
        yield f"{at}.judged", all(_fits(one, result) for one in each.judged)
    for place, candidate in enumerate(result.candidates):
        shares = [each for each in (candidate.power, candidate.false_promotion) if each]
        yield f"candidates[{place}]", all(0.0 <= each.share <= 1.0 for each in shares)
    yield "fresh", all(each.policy in names for each in result.fresh)
    yield "fresh", result.chosen is None or result.chosen in [e.policy for e in result.fresh]


def _fits(judged: JudgedRequirement, result: PlanResult) -> bool:
    return 0 <= judged.requirement < len(result.requirements) and judged.compliance in set(
        map(str, Compliance)
    )
