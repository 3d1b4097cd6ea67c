"""A sweep as one frozen record: the fields that vary, and at each point what every policy does.

`sweep.json` is its dump, and `simab report` its load.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from simab.errors import InvalidInput
from simab.result.json_form import loaded
from simab.result.policy_result import PolicyResult
from simab.result.reader import Reader
from simab.result.saved_json import SavedForm, canonical_text
from simab.result.study_result import FailedPolicy, PlayedScenario
from simab.result.truth_summary import TruthSummary

__all__ = [
    "SWEEP_FORMAT",
    "THEORY_ERROR",
    "SweepResult",
    "SweptField",
    "SweptPoint",
    "TheoryCurve",
    "TheoryShare",
    "read_saved_sweep",
    "sweep_json",
]

SWEEP_FORMAT: Final = "simab-sweep/1"
_FORM: Final = SavedForm(SWEEP_FORMAT, "sweep", "sweep.json", "simab sweep")


THEORY_ERROR: Final = 0.005
"""What theory may be wrong by itself that takes shares as normal or labels as arriving evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptField:
    """A field that varies: its path, or "effect" for the candidate's true gain.

    `values` are those of the points, as a file has them and in order; `numbers` are the same as
    numbers in `unit` ("number", "share", "seconds" or "per second"), empty where one of them is
    none.
    """

    path: str
    values: tuple[Any, ...]
    numbers: tuple[float, ...]
    unit: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether its values have a place on an axis."""
        return bool(self.numbers)


@dataclass(frozen=True, slots=True)
class TheoryShare:
    """The probability to promote by theory; `approximate` where that takes shares as normal."""

    probability: float
    approximate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptPoint:
    """A point: the value of each field, what is true there, and what each policy does.

    `places` has the place of each value in `SweptField.values`. `theory` has by policy the
    probability to promote the candidate, where there is a theory of it. Times of single runs are
    not kept: the distributions in `decision_time_ecdf` are empty.
    """

    name: str
    settings: Mapping[str, Any]
    places: tuple[int, ...]
    scenario_hash: str
    truth: TruthSummary
    policies: tuple[PolicyResult, ...]
    theory: Mapping[str, TheoryShare] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        """By how much the candidate is truly better than the control; negative: worse."""
        return self.truth.gains[self.truth.candidate]

    @property
    def asks(self) -> str:
        """What is right to do with the candidate here: see TruthSummary."""
        return self.truth.asks

    def policy(self, name: str) -> PolicyResult | None:
        """A policy at this point; None where none of its replications finished."""
        return next((each for each in self.policies if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoryCurve:
    """The probability to promote by theory along the one field that varies, between points too.

    `places` are in the unit of the field; `approximate` where the theory takes shares as normal.
    """

    policy: str
    places: tuple[float, ...]
    shares: tuple[float, ...]
    approximate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """Everything that a sweep found.

    `scenario` is as it was given; `fields` vary over a grid, or, if `sampled`, the points are a
    Latin hypercube. All points meet the same clients. `policies` are names, in order.
    """

    format: str = SWEEP_FORMAT
    simab_version: str
    command: str
    scenario: PlayedScenario
    scenario_yaml: str
    scenario_hash: str
    seed: int
    replications: int
    fields: tuple[SweptField, ...]
    sampled: bool
    policies: tuple[str, ...]
    points: tuple[SweptPoint, ...]
    curves: tuple[TheoryCurve, ...]
    failures: tuple[FailedPolicy, ...]
    warnings: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

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
        """How long a run lasts as the file has it; NaN where the horizon varies."""
        varied = any(each.path == "horizon" for each in self.fields)
        return math.nan if varied else self.scenario.horizon_s

    def at(self, policy: str) -> list[tuple[SweptPoint, PolicyResult]]:
        """The points at which the policy finished any replication, and what it did there."""
        found = [(point, point.policy(policy)) for point in self.points]
        return [(point, does) for point, does in found if does is not None]

    def numbers(self, place: int) -> list[float]:
        """The number that a field is at each point."""
        values = self.fields[place].numbers
        return [values[point.places[place]] for point in self.points]


def sweep_json(result: SweepResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def read_saved_sweep(content: bytes, name: str) -> SweepResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a sweep, or of another format; or a value is missing
            or of the wrong type, with its place.
    """
    reader = Reader(_FORM.of_file(content, name))
    result = loaded(SweepResult, reader)
    _require_places(result.points, result.fields, reader)
    return result


def _require_places(
    points: Sequence[SweptPoint], fields: Sequence[SweptField], reader: Reader
) -> None:
    """Each point has a value of each field, and each field a number for each value or none."""
    if not points or not fields:
        raise InvalidInput("result.points: a sweep has a field and a point. Make the result anew")
    for at, each in enumerate(fields):
        if each.numbers and len(each.numbers) != len(each.values):
            raise reader.child("fields").items()[at].invalid("has a number for some values only")
    for at, point in enumerate(points):
        place = reader.child("points").items()[at]
        if len(point.places) != len(fields) or any(
            not 0 <= where < len(each.values)
            for where, each in zip(point.places, fields, strict=True)
        ):
            raise place.child("places").invalid("is not a place of each field")
        for role in (point.truth.control, point.truth.candidate):
            if role not in point.truth.gains:
                raise place.child("truth").child("gains").invalid(f"{role!r} is missing")
