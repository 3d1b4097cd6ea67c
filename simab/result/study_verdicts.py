"""What a study says of its requirements alone: the verdicts of policies, and the rule to use."""

from __future__ import annotations

from dataclasses import dataclass

from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    Recommendation,
    RequirementStatement,
    compliance_of,
)

__all__ = ["StudyVerdicts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyVerdicts:
    """The policies that finished any run in the first world, and what is judged of them."""

    policies: tuple[str, ...]
    requirements: tuple[RequirementStatement, ...]
    judged: tuple[JudgedRequirement, ...]
    recommendation: Recommendation | None

    def compliance(self, policy: str) -> Compliance:
        """Whether a policy meets all that is required of it."""
        return compliance_of(self.judged, policy)
