"""The base of all that a scenario file describes: frozen, closed to unknown keys, with units.

Latency profiles, policies and the scenario itself are descriptions: Pydantic models that validate
when built, compare by value and write themselves back as the text that people write.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from simab import units

__all__ = [
    "SMALLEST_ERROR",
    "Description",
    "Difference",
    "Duration",
    "Name",
    "OptionalCount",
    "PositiveDuration",
    "Rate",
    "Share",
    "is_absent",
    "is_nothing",
]


class Description(BaseModel):
    """A frozen, validated part of a scenario; unknown keys are errors."""

    # The texts under fields are read where they are shown, by simab.scenario.field_texts.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


def is_absent(value: object) -> bool:
    """Of a field that came later: without it a description is written as before there was any."""
    return value is None


def is_nothing(value: object) -> bool:
    """The same where 0, or what is empty, says that there is none of it."""
    return not value


OptionalCount = Annotated[Annotated[int, Field(ge=1)] | None, Field(exclude_if=is_absent)]
"""A number of requests or labels, at least 1, of a field that came later."""

SMALLEST_ERROR: Final = 1e-9
"""The smallest probability of an error that a rule may be asked to keep: bounds are exact there."""

Duration = Annotated[
    int,
    BeforeValidator(units.parse_duration),
    PlainSerializer(units.format_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": units.DURATION_PATTERN, "examples": ["62s", "40ms", "6h"]}
    ),
]
"""A length of time: text such as "62s" outside, whole nanoseconds inside."""

PositiveDuration = Annotated[Duration, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=63)]

Rate = Annotated[
    float,
    BeforeValidator(units.parse_rate),
    PlainSerializer(units.format_rate, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "pattern": units.RATE_PATTERN, "examples": ["2/s", "120/min"]}
    ),
]
"""Events per second: text such as "2/s" outside, a float per second inside."""

Share = Annotated[
    float,
    BeforeValidator(units.parse_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$"},
            ],
            "examples": [0.05, "5%"],
        }
    ),
]
"""A part of the whole: 0.05 or "5%" outside, a float from 0 to 1 inside."""

Difference = Annotated[
    float,
    BeforeValidator(units.parse_difference),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$"},
            ],
            "examples": [0.05, "5%"],
        }
    ),
]
"""How far two values of a metric are apart: 0.05, "5%" or 12.5 outside, a float inside."""
