"""A variant like the control, of the candidate's size, that is compared in the control's place."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from simab.description import is_absent
from simab.errors import InvalidInput
from simab.policies.observation import Observation

__all__ = ["Baseline", "compared_with", "parts_of", "require_room"]

Baseline: TypeAlias = Annotated[str | None, Field(min_length=1, exclude_if=is_absent)]
"""Its name; None where the control itself is compared."""


def parts_of(share: float, control: str, candidate: str, baseline: str | None) -> dict[str, float]:
    """A share of the candidate's and as much for any baseline; the rest is the control's."""
    if baseline is None:
        return {control: 1.0 - share, candidate: share}
    return {control: 1.0 - 2.0 * share, baseline: share, candidate: share}


def compared_with(baseline: str | None, observation: Observation) -> Observation:
    """The endpoint in the eyes of what compares: with any baseline as its control."""
    return observation if baseline is None else observation._replace(control=baseline)


def require_room(what: str, highest: float, baseline: str | None) -> None:
    """Refuses a share that leaves as much to no baseline; `what` says whose it is."""
    if baseline is not None and highest > 0.5:
        raise InvalidInput(
            f"{what} of {highest:g} leaves no such share to the baseline; lower it to 50% at "
            "most, or leave out baseline"
        )
