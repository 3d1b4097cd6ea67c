"""A table of models in place of a scenario: how each model serves, and defaults for all the rest.

```yaml
models:
  churn:1.0: {latency: {...}, quality: {...}}   # by the name of a model, or by its image
  churn:1.1: {latency: {...}, quality: {...}}
```

Every other part of a scenario may stand beside it, and takes the place of its default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final

from simab.documents.located import LocatedValue
from simab.documents.violations import field_name
from simab.documents.walking import Document
from simab.errors import InvalidScenario, Problem
from simab.scenario.loading import document_of_file, scenario_of
from simab.scenario.models import Scenario
from simab.scenario.reading import read
from simab.scenario.serving import MOST_DEPLOYED

__all__ = ["Served", "load_served", "served_models"]

_COPIES: Final = 2
_LONGEST_NAME: Final = 60
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_IN_SCENARIO: Final = "endpoint.variants"
_METRICS: Final = {"success": "success_rate", "numeric_reward": "reward"}
_RATE, _HORIZON, _EFFECT = "10/s", "7d", 0.01

_SAID: Final = {
    "traffic": f"{_RATE} of requests of other clients",
    "horizon": f"a horizon of {_HORIZON}",
    "objective": (
        f"the first model as control and the second as candidate (smallest effect {_EFFECT:g})"
    ),
    "policies": "no policy",
}
_ONE_MODEL: Final = (
    f"the model as control and a copy of it as candidate (smallest effect {_EFFECT:g})"
)


@dataclass(frozen=True, slots=True)
class Served:
    """The scenario in which an account serves, and who plays which model or image.

    `defaults` are the parts that a table of models leaves out, each with what takes its place.
    """

    scenario: Scenario
    played_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def load_served(path: str | PathLike[str]) -> Served:
    """The scenario in a file, or what a table of models comes to.

    Raises:
        InvalidScenario: with every problem found, each with its line and column.
    """
    document, source = document_of_file(path), str(path)
    if document.root.entry("models") is None:
        return Served(scenario_of(document, source))
    return _served(document, source)


def served_models(models: Mapping[str, Any], **parts: Any) -> Served:
    """What a table of models comes to, as in a file.

    Args:
        models: latency, quality and what else a variant has, by the name of a model or its image.
        parts: of a scenario, in place of their defaults.

    Raises:
        InvalidScenario: with every problem found.
    """
    source = "<models>"
    return _served(read(json.dumps({"models": models, **parts}), source), source)


def _served(document: Document, source: str) -> Served:
    models = document.root.entry("models")
    assert models is not None
    if not isinstance(models.value, dict) or not models.value:
        place = models.place
        problem = Problem(
            "models",
            "",
            "must be a mapping",
            "Write a name or an image, and `latency` and `quality` below it.",
            place.line,
            place.column,
        )
        raise InvalidScenario(source, (problem,))
    endpoint = document.root.entry("endpoint")
    both = None if endpoint is None else endpoint.entry("variants")
    if both is not None:
        rule, remedy = "stand beside models", "Describe who serves in one of the two."
        place = both.key_place or both.place
        problem = Problem("endpoint.variants", "", rule, remedy, place.line, place.column)
        raise InvalidScenario(source, (problem,))
    played_by = _names(models.value)
    root = replace(document.root, value=_scenario_parts(document, models, played_by, source))
    try:
        scenario = scenario_of(Document(root, document.violations), source)
    except InvalidScenario as refused:
        keys = {name: key for key, names in played_by.items() for name in names}
        problems = dict.fromkeys(_as_written(each, keys) for each in refused.problems)
        raise InvalidScenario(source, tuple(problems)) from None
    said = _SAID if len(played_by) > 1 else _SAID | {"objective": _ONE_MODEL}
    defaults = {name: each for name, each in said.items() if name not in document.root.value}
    return Served(scenario, played_by, defaults)


def _names(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each model or image the variants that play it, by names that the platform accepts."""
    taken: set[str] = set()
    return {key: tuple(_free_names(key, taken)) for key in keys}


def _free_names(key: str, taken: set[str]) -> Iterator[str]:
    last = key.rpartition("/")[2]  # an image is found in a registry
    stem = _OTHER.sub("-", last).strip("-")[-_LONGEST_NAME:].strip("-") or "model"
    for _ in range(_COPIES):
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        yield name


def _scenario_parts(
    document: Document,
    models: LocatedValue,
    played_by: Mapping[str, tuple[str, ...]],
    source: str,
) -> dict[str, LocatedValue]:
    """The parts of a scenario; what is not in the file is said to stand where the table does."""
    given = {key: value for key, value in document.root.value.items() if key != "models"}
    endpoint = given.get("endpoint")
    if endpoint is None or endpoint.value is None:
        endpoint = LocatedValue({}, models.place, ("endpoint",), key_place=models.key_place)
    variants = {}
    for number, (key, described) in enumerate(models.value.items()):
        for copy, name in enumerate(played_by[key]):
            deployed = copy == 0 and number < MOST_DEPLOYED
            variants[name] = _with(described, deployed=deployed)
    serving = replace(models, value=variants, path=("endpoint", "variants"))
    if isinstance(endpoint.value, dict):  # else it is refused for what it is
        endpoint = replace(endpoint, value={**endpoint.value, "variants": serving})
    first, *others = played_by.values()
    control, candidate = first[0], others[0][0] if others else first[1]
    horizon = given["horizon"].plain() if "horizon" in given else _HORIZON
    defaults: dict[str, Any] = {
        "title": f"Models of {Path(source).name}",
        "traffic": {"clients": {"rate": _RATE}},
        "horizon": _HORIZON,
        "objective": {
            "control": control,
            "candidate": candidate,
            "metric": _metric(models.value[next(iter(played_by))].plain()),
            "smallest_effect": _EFFECT,
        },
        "policies": {
            "unchanged": {
                "kind": "manual_schedule",
                "steps": [{"at": horizon, "promote": control}],
            }
        },
    }
    made = {
        name: LocatedValue.of(value, models.key_place or models.place, (name,))
        for name, value in defaults.items()
        if name not in given
    }
    return {**given, **made, "endpoint": endpoint}


def _with(described: LocatedValue, *, deployed: bool) -> LocatedValue:
    """What is described of a variant, and whether it is there at the start."""
    if not isinstance(described.value, dict):
        return described
    there = LocatedValue(deployed, described.place, (*described.path, "deployed"))
    return replace(described, value={**described.value, "deployed": there})


def _metric(described: Any) -> str:
    quality = described.get("quality") if isinstance(described, dict) else None
    kind = quality.get("kind") if isinstance(quality, dict) else None
    return _METRICS.get(str(kind), "accuracy")


def _as_written(problem: Problem, keys: Mapping[str, str]) -> Problem:
    """A problem with the field that stands in the table, in place of the scenario's."""
    for name, key in keys.items():
        inside = field_name(("endpoint", "variants", name))
        if problem.field == inside or problem.field.startswith((f"{inside}.", f"{inside}[")):
            written = field_name(("models", key)) + problem.field[len(inside) :]
            return replace(problem, field=written)
    return replace(problem, field="models") if problem.field == _IN_SCENARIO else problem
