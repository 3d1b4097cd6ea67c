"""What a rule has to achieve to pass: bounds on the quantities of a study's result.

Quantities of a single run have the names of its columns in the result. Who judges them, and with
which certainty, is not said here.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from simab.description import Description, Duration, Share
from simab.errors import InvalidInput

__all__ = [
    "CUSTOMARY",
    "ErrorRequirement",
    "HarmRequirement",
    "PowerRequirement",
    "Preference",
    "PromotionRequirement",
    "Requirement",
    "TimeRequirement",
]

PolicyName = Annotated[str, Field(min_length=1, max_length=63)]
ShareOfRuns = Annotated[Share, Field(gt=0, lt=1)]


def _can_be_shown(bound: float) -> float:
    """A share of runs that finitely many runs can be shown to keep."""
    if not 0.0 < bound < 1.0:
        raise InvalidInput(
            "no number of runs shows a share of 0 % or of 100 %; write for example 1% or 99%"
        )
    return bound


BoundOfRuns = Annotated[Share, AfterValidator(_can_be_shown)]


class PromotionRequirement(Description):
    """How often a rule may promote wrongly, in each world where that is wrong."""

    quantity: Literal["false_promotion", "promotes_a_worse"]
    """false_promotion: in worlds whose candidate is not better, or breaks a guardrail;
    promotes_a_worse: in those whose candidate is worse or broken, equal ones left out."""
    at_most: BoundOfRuns
    """The largest share of runs that is still fine."""
    policy: PolicyName | None = None
    """The policy that has to keep it; every policy if absent."""


class PowerRequirement(Description):
    """How often a rule has to promote a candidate that is better by what matters."""

    quantity: Literal["power"]
    """Ends with the candidate, in each world where it is better by the smallest effect or more."""
    at_least: BoundOfRuns
    """The smallest share of runs that is enough."""
    policy: PolicyName | None = None
    """The policy that has to keep it; every policy if absent."""


class TimeRequirement(Description):
    """How long something may take."""

    quantity: Literal["time_to_decision", "broken_gone_within"]
    """time_to_decision: from the start until the rule's first accepted decision;
    broken_gone_within: until a broken candidate has no weight and no request ends there any
    more."""
    at_most: Annotated[Duration, Field(gt=0)]
    """The longest that is still fine."""
    share_of_runs: ShareOfRuns = 0.5
    """In how large a share of the runs it has to be so; 50 % asks it of the median run."""
    policy: PolicyName | None = None
    """The policy that has to keep it; every policy if absent."""


class HarmRequirement(Description):
    """How much harm a run may do."""

    quantity: Literal["requests_on_worse", "clients_on_worse", "regret", "cost_of_serving"]
    """requests_on_worse: requests that a variant worse than the best took, whether it answered,
    failed or refused them; clients_on_worse: clients of which one took a request; regret: by how
    much the metric fell short of the best variant's, summed over all requests; cost_of_serving: by
    the prices that variants state."""
    at_most: Annotated[float, Field(ge=0, le=1e15)]
    """The most that is still fine, in a run."""
    share_of_runs: ShareOfRuns | None = None
    """In how large a share of the runs it has to be so; if absent, it is asked of the mean."""
    policy: PolicyName | None = None
    """The policy that has to keep it; every policy if absent."""


class ErrorRequirement(Description):
    """How many of its requests a run may answer with an error."""

    quantity: Literal["error_share"]
    """Share of all requests of a run that are answered with a 5XX."""
    at_most: Share
    """The largest share of requests that is still fine."""
    share_of_runs: ShareOfRuns | None = None
    """In how large a share of the runs it has to be so; if absent, it is asked of the mean."""
    policy: PolicyName | None = None
    """The policy that has to keep it; every policy if absent."""


_Any: TypeAlias = (
    PromotionRequirement | PowerRequirement | TimeRequirement | HarmRequirement | ErrorRequirement
)
Requirement = Annotated[_Any, Field(discriminator="quantity")]
"""A bound on one quantity; `quantity` says which in a file."""

CUSTOMARY: Final[tuple[_Any, ...]] = (
    PromotionRequirement(quantity="false_promotion", at_most=0.05),
    PowerRequirement(quantity="power", at_least=0.8),
)
"""What is required where a file says nothing: the customary 5 % and 80 %."""

Preference: TypeAlias = Literal["soonest", "least_exposure", "least_cost"]
"""By what to choose among the rules that meet all requirements."""
