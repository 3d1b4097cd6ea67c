"""A whole study as one frozen record: how it was made, what is true, and what each policy does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from simab.result.example_run import Example
from simab.result.json_metadata import absent_if_none
from simab.result.paired_difference import PairedDifference
from simab.result.policy_result import PolicyResult
from simab.result.reader import Reader
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    Recommendation,
    RequirementStatement,
    compliance_of,
)
from simab.result.studied_convergence import StudiedConvergence
from simab.result.studied_split import StudiedSplit
from simab.result.studied_timeline import StudiedTimeline
from simab.result.study_verdicts import StudyVerdicts
from simab.result.truth_summary import TruthSummary
from simab.result.world_result import WorldLabel, WorldResult
from simab.text import typeset
from simab.text.dates import start_of_saved
from simab.text.html import html_table
from simab.text.numbers import counted
from simab.units import parse_duration, seconds

__all__ = ["FORMAT", "FailedPolicy", "PlayedScenario", "StudyResult"]

FORMAT: Final = "simab-study/2"


DESCRIBED_ALONE: Final = WorldLabel(
    name="described", title="as described", made="As the file describes it."
)
"""The one world of a study that looks at no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPolicy:
    """Replications of one policy that failed, the first of them and how to play it again."""

    policy: str
    failed: int
    replications: int
    first_replication: int
    error: str
    replay: str
    world: str = "described"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedScenario:
    """The scenario as plain data with all defaults, and what a page says of it.

    `targeted`: some requests name their variant, past the weights.
    """

    title: str
    question: str
    horizon_s: float
    targeted: bool
    data: Mapping[str, Any]

    @classmethod
    def from_reader(cls, reader: Reader) -> PlayedScenario:
        """The scenario of a result; raises InvalidInput where it lacks what a page needs."""
        segments = reader.child("traffic").entries() if reader.has("traffic") else []
        return cls(
            title=reader.text("title"),
            question=reader.text("question", ""),
            horizon_s=seconds(parse_duration(reader.child("horizon").value)),
            targeted=any(_names_variants(each.value) for _, each in segments),
            data=reader.value,
        )

    @property
    def start(self) -> datetime | None:
        """The date at which a run starts, where the clients live; None where none is given."""
        return start_of_saved(self.data.get("starts_at"), self.data.get("time_zone"))

    def as_plain(self) -> Mapping[str, Any]:
        """What JSON holds of it: the scenario itself."""
        return self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """Everything that a study found; `examples` are there where the runs were played again, and
    `split` says of some of them how traffic was split.

    Scenario, truth, policies and pairs are those of the first world, which `world` names; it is as
    the file describes, unless others alone were asked for. `requirements` are those that the file
    states, or else the customary ones.
    `environment` has the versions of Python, of simab and of its libraries that made the result;
    rows that a store kept may be older.
    """

    format: str = FORMAT
    simab_version: str
    command: str
    scenario: PlayedScenario
    scenario_yaml: str
    scenario_hash: str
    seed: int
    replications: int
    truth: TruthSummary
    policies: tuple[PolicyResult, ...]
    failures: tuple[FailedPolicy, ...]
    paired: tuple[PairedDifference, ...]
    examples: tuple[Example, ...]
    warnings: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    world: WorldLabel = DESCRIBED_ALONE
    other_worlds: tuple[WorldResult, ...] = ()
    requirements: tuple[RequirementStatement, ...] = ()
    customary: bool = False
    judged: tuple[JudgedRequirement, ...] = ()
    recommendation: Recommendation | None = None
    split: StudiedSplit | None = None
    convergence: StudiedConvergence | None = None
    timeline: StudiedTimeline | None = field(default=None, metadata=absent_if_none())

    @property
    def worlds(self) -> tuple[WorldResult, ...]:
        """All worlds; one that is the same as an earlier one has its runs."""
        first = WorldResult(
            label=self.world,
            scenario_hash=self.scenario_hash,
            truth=self.truth,
            policies=self.policies,
        )
        return (first, *self.other_worlds)

    @property
    def verdicts(self) -> StudyVerdicts:
        """What it says of its requirements, and the rule to use."""
        return StudyVerdicts(
            policies=tuple(policy.name for policy in self.policies),
            requirements=self.requirements,
            judged=self.judged,
            recommendation=self.recommendation,
        )

    def compliance(self, policy: str) -> Compliance:
        """Whether a policy meets all that is required of it."""
        return compliance_of(self.judged, policy)

    def _repr_html_(self) -> str:
        """A row a world and policy, for notebooks: how often it promotes, and when it decides."""
        worlds = [world for world in self.worlds if world.label.same_as is None]
        rows = [
            (
                world.label.title,
                policy.name,
                typeset.percent(policy.promotes.share),
                typeset.percent(policy.correct.share),
                typeset.duration(policy.decision_time_s.p50),
                str(self.compliance(policy.name)),
            )
            for world in worlds
            for policy in world.policies
        ]
        headings = ("world", "policy", "promotes", "is right", "median time", "all requirements")
        caption = f"{self.title}: {counted(self.replications, 'replication')}, seed {self.seed}"
        return html_table(caption, headings, rows)

    @property
    def title(self) -> str:
        """The title of the scenario."""
        return self.scenario.title

    @property
    def question(self) -> str:
        """The question that the scenario asks; may be empty."""
        return self.scenario.question

    @property
    def horizon_s(self) -> float:
        """How long a run lasts."""
        return self.scenario.horizon_s

    @property
    def targeted(self) -> bool:
        """Whether some requests name their variant, past the weights."""
        return self.scenario.targeted


def _names_variants(segment: Any) -> bool:
    named = isinstance(segment, Mapping) and (
        segment.get("targets") or segment.get("paired_targets")
    )
    return bool(named)
