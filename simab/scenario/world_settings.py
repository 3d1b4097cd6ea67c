"""What a file says of the worlds of a study: those to change, to add and to leave out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from simab import units
from simab.description import Description

__all__ = ["Effect", "WorldSettings"]

Effect = Annotated[
    float,
    BeforeValidator(units.parse_effect),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)? ?%$"},
            ],
            "examples": [-0.02, "-2%"],
        }
    ),
]
"""By how much a value lies above another: -0.02, "-2%" or 12.5 outside, a float inside."""


class WorldSettings(Description):
    """A world: what may be true of the variants, other than the file describes.

    It is the scenario as described with some fields changed. One of the worlds that are played
    anyway keeps what it is where only its title or weight is given.
    """

    title: Annotated[str, Field(min_length=1)] | None = None
    """A few words that name it in reports; its name if absent."""
    change: dict[str, Any] = {}
    """Fields of the scenario by their path, such as endpoint.variants.new.error_rate, with the
    value that each has in this world."""
    effect: Effect | None = None
    """By how much the candidate's true metric is above the control's, such as -2%; in units of the
    reward or cost where that is the metric, in milliseconds of a latency."""
    weight: Annotated[float, Field(ge=0, le=1e9)] | None = None
    """How likely you hold it to be, in proportion to the others; all worlds have one, or none."""
