"""The points of a sweep, each a scenario of its own: a grid of all values, or a sample of them.

All points are made before anything is played; one that breaks a rule is named with the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final

import numpy as np

from simab.documents.violations import short_text
from simab.draws import Draws, Purpose, stream_of
from simab.errors import InvalidInput, InvalidScenario
from simab.policies.metrics import LATENCIES, is_share
from simab.scenario.changes.block import changed_by
from simab.scenario.changes.paths import path_of
from simab.scenario.models import Scenario
from simab.scenario.played import not_played
from simab.scenario.sweeps.variation import EFFECT, Variation
from simab.scenario.world_settings import WorldSettings

__all__ = ["MOST_POINTS", "Point", "points_of", "with_settings"]

MOST_POINTS: Final = 1_000
"""Each is a scenario that is checked and tabulated before anything is played."""


@dataclass(frozen=True, slots=True)
class Point:
    """A scenario under a name, and what the varied fields are in it, as a file has them."""

    name: str
    settings: Mapping[str, Any]
    scenario: Scenario


def points_of(
    scenario: Scenario,
    variations: Sequence[Variation],
    *,
    samples: int | None = None,
    seed: int = 0,
) -> tuple[Point, ...]:
    """All combinations of the values; with `samples` so many points of a Latin hypercube instead.

    A Latin hypercube takes each field once in each of as many equal parts of its range as there are
    points, in an order drawn from the seed (McKay, Beckman and Conover 1979).

    Raises:
        InvalidInput: no field, one twice, one that is the same at all points, too many points, or a
            point at which the scenario cannot be what is asked.
        InvalidScenario: a point at which the scenario breaks a rule.
    """
    _require_fields(variations, not_played(scenario) - {"policies"})
    if samples is None:
        values = [variation.points() for variation in variations]
        _require_few(prod(map(len, values)))
        chosen: Iterator[tuple[Any, ...]] = product(*values)
    else:
        _require_sample(samples, variations)
        chosen = _latin_hypercube(variations, samples, seed)
    paths = [variation.path for variation in variations]
    settings = [dict(zip(paths, each, strict=True)) for each in chosen]
    names = _names(settings)
    return tuple(_checked(scenario, names, settings))


def with_settings(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """The scenario with these fields changed, then the candidate given the effect if there is one.

    Raises:
        InvalidScenario: a path leads nowhere, or what comes out breaks a rule.
        InvalidInput: the effect is none, or cannot be reached.
    """
    change = {path: value for path, value in settings.items() if path != EFFECT}
    if EFFECT not in settings:
        return changed_by(WorldSettings(change=change), scenario)
    effect = settings[EFFECT]
    metric = scenario.objective.metric
    if not is_share(metric) and isinstance(effect, str) and "%" in effect:
        unit = "milliseconds" if metric in LATENCIES else f"units of the {metric}"
        raise InvalidInput(
            f"effect = {effect}: is a percentage, but of which {metric} is not said; write the "
            f"difference in {unit}"
        )
    try:
        asked = WorldSettings(change=change, effect=effect)
    except ValueError:
        shown = short_text(effect) or "a mapping"
        raise InvalidInput(
            f"effect = {shown}: an effect is a finite number or a percentage; write for example "
            "-0.02 or -2%"
        ) from None
    return changed_by(asked, scenario)


def _require_fields(variations: Sequence[Variation], fixed: Set[str]) -> None:
    if not variations:
        raise InvalidInput("vary: a sweep varies at least one field; name one")
    paths = [variation.path for variation in variations]
    for path in paths:
        if paths.count(path) > 1:
            raise InvalidInput(f"vary {path}: is there twice; give all of its values at once")
        first = path if path == EFFECT else path_of(path)[0]
        if first in fixed:
            raise InvalidInput(
                f"vary {path}: {first} is the same at all points; vary what is played, such as "
                "effect or a field of endpoint, traffic, labels, metrics or policies"
            )


def _require_few(points: int) -> None:
    if points > MOST_POINTS:
        raise InvalidInput(
            f"vary: {points:,} points, at most {MOST_POINTS:,} are played; vary fewer fields or "
            "give fewer values, or take a sample (latin_hypercube)"
        )


def _require_sample(samples: object, variations: Sequence[Variation]) -> None:
    if isinstance(samples, bool) or not isinstance(samples, int) or not 2 <= samples <= MOST_POINTS:
        raise InvalidInput(
            f"latin_hypercube = {samples!r}: must be a whole number from 2 to {MOST_POINTS:,}; ask "
            "for 50, say"
        )
    for variation in variations:
        if variation.count is not None:
            low, high = variation.values
            raise InvalidInput(
                f"vary {variation.path}: a sample draws its own points, and {variation.count} are "
                f"asked for; write {low}..{high}"
            )


def _latin_hypercube(
    variations: Sequence[Variation], samples: int, seed: int
) -> Iterator[tuple[Any, ...]]:
    """A point in each of the equal parts of each field, the parts of a field in random order."""
    columns = []
    for variation in variations:
        words = Draws(seed, 0).blocks(Purpose.DESIGN, stream_of(variation.path), 0, samples)
        part = np.argsort(words[:, 0], kind="stable")
        inside = (words[:, 1] >> np.uint64(11)) * 2.0**-53
        columns.append([variation.at(share) for share in ((part + inside) / samples).tolist()])
    return zip(*columns, strict=True)


def _names(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each point is called; equal or long ones are numbered."""
    names = [
        ", ".join(f"{path} = {short_text(value) or 'a mapping'}" for path, value in each.items())
        for each in settings
    ]
    return [
        name if names.count(name) == 1 else f"{name} (point {at})"
        for at, name in enumerate(names, start=1)
    ]


def _checked(
    scenario: Scenario, names: Sequence[str], settings: Sequence[Mapping[str, Any]]
) -> Iterator[Point]:
    """Each point; the first that cannot be is refused, with how many others cannot."""
    refused: list[tuple[str, InvalidInput]] = []
    for name, each in zip(names, settings, strict=True):
        try:
            made = with_settings(scenario, each)
        except InvalidInput as error:
            refused.append((name, error))
        else:
            if not refused:
                yield Point(name, each, made)
    if refused:
        raise _at_a_point(refused)


def _at_a_point(refused: Sequence[tuple[str, InvalidInput]]) -> InvalidInput:
    name, error = refused[0]
    more = f" and at {len(refused) - 1} more of the points" if len(refused) > 1 else ""
    where = f"at {name}{more}"
    if isinstance(error, InvalidScenario):
        return InvalidScenario(where, error.problems)
    return InvalidInput(f"{where}: {error}")
