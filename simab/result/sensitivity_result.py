"""A sensitivity as one frozen record: the study as described, and what each assumption changes.

`sensitivity.json` is its dump, and `simab report` its load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.requirement_result import Compliance
from simab.result.saved_json import SavedForm, canonical_text
from simab.result.study_change import ChangedVerdict, QuantityChange
from simab.result.study_result import StudyResult

__all__ = [
    "SENSITIVITY_FORMAT",
    "SHOWN_QUANTITIES",
    "AssumptionEffect",
    "SensitivityResult",
    "UnchangedAssumption",
    "read_saved_sensitivity",
    "sensitivity_json",
]

SENSITIVITY_FORMAT: Final = "simab-sensitivity/1"
_FORM: Final = SavedForm(SENSITIVITY_FORMAT, "sensitivity", "sensitivity.json", "simab sensitivity")
SHOWN_QUANTITIES: Final = ("promotes", "time_to_decision", "requests_on_worse", "error_share")
"""The quantities that are compared: what requirements and preferences ask first."""
_DECIDED: Final = {str(Compliance.PASSES), str(Compliance.FAILS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumptionEffect:
    """An assumption halved or doubled, and what that changes.

    `was` and `becomes` have the fields by their path, as a file has them. `recommended` is the rule
    to use then. `verdicts` are those that are other ones; `quantities` are differences to the study
    as described, run by run, each with its interval.
    """

    assumption: str
    change: str
    was: Mapping[str, Any]
    becomes: Mapping[str, Any]
    recommended: str | None
    verdicts: tuple[ChangedVerdict, ...]
    quantities: tuple[QuantityChange, ...]

    @property
    def name(self) -> str:
        """In words: "label delay doubled"."""
        return f"{self.assumption} {self.change}"

    @property
    def turned(self) -> tuple[ChangedVerdict, ...]:
        """The verdicts of policies that turn: from pass to fail, or the other way round."""
        return tuple(
            each
            for each in self.verdicts
            if each.requirement is None and {each.before, each.after} <= _DECIDED
        )

    @property
    def unsettled(self) -> tuple[ChangedVerdict, ...]:
        """The verdicts of policies that were known and are open now, or the other way round."""
        return tuple(
            each
            for each in self.verdicts
            if each.requirement is None and not {each.before, each.after} <= _DECIDED
        )

    def of(self, policy: str) -> tuple[QuantityChange, ...]:
        """The differences of one policy."""
        return tuple(each for each in self.quantities if each.policy == policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedAssumption:
    """An assumption that cannot be halved, or doubled, and why."""

    assumption: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityResult:
    """What a study found as described, and what each assumption, halved or doubled, changes.

    `shown` is the quantity whose tornado figure a page has: one of `SHOWN_QUANTITIES`.
    """

    format: str = SENSITIVITY_FORMAT
    simab_version: str
    command: str
    base: StudyResult
    effects: tuple[AssumptionEffect, ...]
    unchanged: tuple[UnchangedAssumption, ...]
    shown: str = "promotes"

    @property
    def title(self) -> str:
        """The title of the scenario."""
        return self.base.title

    @property
    def question(self) -> str:
        """The question that the scenario asks; may be empty."""
        return self.base.question

    @property
    def recommended(self) -> str | None:
        """The rule to use as described."""
        chosen = self.base.recommendation
        return None if chosen is None else chosen.policy

    @property
    def assumptions(self) -> tuple[str, ...]:
        """All that was halved or doubled, in order."""
        return tuple(dict.fromkeys(each.assumption for each in self.effects))

    def effect(self, assumption: str, change: str) -> AssumptionEffect | None:
        """What an assumption halved, or doubled, changes; None where it cannot be."""
        asked = (assumption, change)
        found = (each for each in self.effects if (each.assumption, each.change) == asked)
        return next(found, None)


def sensitivity_json(result: SensitivityResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def read_saved_sensitivity(content: bytes, name: str) -> SensitivityResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a sensitivity, or of another format; or a value is
            missing or of the wrong type, with its place.
    """
    reader = Reader(_FORM.of_file(content, name))
    result = loaded(SensitivityResult, reader)
    if result.shown not in SHOWN_QUANTITIES:
        raise reader.child("shown").invalid(f"must be one of {', '.join(SHOWN_QUANTITIES)}")
    policies = {policy.name for policy in result.base.policies}
    if not policies:
        raise reader.child("base").child("policies").invalid("holds no policy")
    return result
