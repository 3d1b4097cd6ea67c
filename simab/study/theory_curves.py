"""Theory between the points of a sweep: the probability to promote along the field that varies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np

from simab.errors import InvalidInput
from simab.expected import Expected, expected_promotion
from simab.result.sweep_result import SweptField, TheoryCurve
from simab.scenario import Scenario
from simab.scenario.sweeps import Amount, with_settings, written
from simab.world.control import Decider

__all__ = ["theory_curves"]

_STEPS: Final = 60  # between the first point and the last


def theory_curves(
    scenario: Scenario,
    field: SweptField,
    policies: Callable[[Scenario], Mapping[str, Decider]],
) -> list[TheoryCurve]:
    """A curve for each policy of which theory speaks at every value of the field.

    `policies` are those of a point. A place between two values at which the scenario would be
    invalid, as with half a worker, is left out.
    """
    asked = {
        number: with_settings(scenario, {field.path: value})
        for number, value in zip(field.numbers, field.values, strict=True)
    }
    speaking = [
        name
        for name in policies(asked[field.numbers[0]])
        if all(_expected(each, policies(each)[name]) for each in asked.values())
    ]
    if not speaking:
        return []
    places = dict(sorted({**dict(_between(scenario, field)), **asked}.items()))
    return [_curve(name, places, policies) for name in speaking]


def _curve(
    name: str,
    places: Mapping[float, Scenario],
    policies: Callable[[Scenario], Mapping[str, Decider]],
) -> TheoryCurve:
    found = {place: _expected(each, policies(each)[name]) for place, each in places.items()}
    known = {place: each for place, each in found.items() if each is not None}
    return TheoryCurve(
        policy=name,
        places=tuple(known),
        shares=tuple(each.probability for each in known.values()),
        approximate=any(each.approximate for each in known.values()),
    )


def _expected(scenario: Scenario, policy: Decider) -> Expected | None:
    return expected_promotion(scenario, policy)


def _between(scenario: Scenario, field: SweptField) -> Iterator[tuple[float, Scenario]]:
    for place in np.linspace(field.numbers[0], field.numbers[-1], _STEPS + 1)[1:-1].tolist():
        try:
            yield place, with_settings(scenario, {field.path: _as_in_a_file(place, field)})
        except InvalidInput:
            continue


def _as_in_a_file(place: float, field: SweptField) -> Any:
    plain = field.unit == "share" and not any("%" in str(each) for each in field.values)
    unit = "number" if plain else field.unit
    return written(Amount(Fraction(place), unit))
