"""A plan as one frozen record: the candidates, how each fared in the race, and which to use.

`plan.json` is its dump, and `read_saved_plan` its load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simab.result.estimates import Mean, Proportion
from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.requirement_result import JudgedRequirement, RequirementStatement
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
_FORM: Final = SavedForm(PLAN_FORMAT, "plan", "plan.json", "simab plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPolicy:
    """A candidate: of which policy it is, what was varied, and how it stood when last played.

    `runs` is how many replications it had in each world; `compliance` is one of `Compliance`, with
    the error divided among all candidates. `score` is the criterion's mean over the worlds, the
    less the better. `power` is its share of promotions in the world where promoting is right and it
    has the fewest, `false_promotion` where keeping is right and it has the most (None: no such
    world), `exposure` the mean number of requests on worse variants, over the worlds by weight.
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
    on_frontier: bool = False

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

    def candidate(self, name: str) -> PlannedPolicy:
        """A candidate by its name; raises KeyError where there is none."""
        found = {each.name: each for each in self.candidates}
        return found[name]


def candidate_rows(result: PlanResult) -> list[dict[str, object]]:
    """A row a candidate: what was varied, how it stands, and its scores; all numbers unrounded.

    What was varied stands under the policy's own paths, empty for those that have no such path.
    """
    varied = dict.fromkeys(path for each in result.candidates for path in each.settings)
    return [
        {"candidate": each.name, "policy": each.of}
        | {path: each.settings.get(path) for path in varied}
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
    return loaded(PlanResult, Reader(_FORM.of_file(content, name)))
