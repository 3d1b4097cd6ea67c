"""A scenario with some fields changed: what comes out is validated like a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
from pydantic import ValidationError

from simab.documents.violations import Path, Violation, problem_of
from simab.errors import InvalidInput, InvalidScenario
from simab.scenario import rules
from simab.scenario.changes.paths import path_of, put, require_place
from simab.scenario.partial import json_text, partial_scenario
from simab.scenario.parts import UncheckedScenario
from simab.scenario.translation import violations_of

__all__ = ["ChangesRefused", "changed", "with_changes"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)

_MOST_VIOLATIONS: Final = 100


class ChangesRefused(InvalidScenario):
    """Changes that cannot be made; `violations` have their paths in the changed scenario.

    Of a path that leads nowhere, `no_path` is its text.
    """

    def __init__(self, data: Any, violations: tuple[Violation, ...], no_path: str = "") -> None:
        self.violations = violations
        self.no_path = no_path
        problems = tuple(problem_of(each, data) for each in violations)
        super().__init__("scenario", problems)

    def __reduce__(self) -> Any:
        return InvalidScenario, (self.source, self.problems)


def changed(scenario: AnyScenario, path: str, value: Any) -> AnyScenario:
    """The scenario with one field changed.

    `path` is written as in messages, `endpoint.variants.new.latency.scale`; `value` as in a file:
    "60ms", "5%", 0.05, or a mapping for a whole part.

    Raises:
        InvalidScenario: the path leads nowhere, or the changed scenario breaks a rule.
    """
    return with_changes(scenario, {path: value})


def with_changes(scenario: AnyScenario, changes: Mapping[str, Any]) -> AnyScenario:
    """The scenario with several fields changed at once, so that only the end has to be valid.

    Raises:
        InvalidScenario: a path leads nowhere, or the changed scenario breaks a rule.
    """
    data = scenario.model_dump(mode="json")
    places: dict[str, Path] = {}
    for text in changes:
        places[text] = _place(scenario, text, places)
    for text, path in places.items():
        put(data, path, _as_in_a_file(changes[text], text))
    found = tuple(islice(_violations(data), _MOST_VIOLATIONS))
    if found:
        raise ChangesRefused(data, found)
    try:
        return type(scenario).model_validate_json(json_text(data), strict=True)
    except ValidationError as error:  # what the worlds of the changed scenario break
        raise error.errors()[0]["ctx"]["error"] from None


def _place(scenario: UncheckedScenario, text: str, others: Mapping[str, Path]) -> Path:
    try:
        path = path_of(text)
        require_place(scenario, path)
        for other, its in others.items():
            if its == path[: len(its)] or path == its[: len(path)]:
                raise InvalidInput(f"overlaps with {other}; change the larger of the two alone")
    except InvalidInput as refused:
        rule, _, remedy = str(refused).partition("; ")
        violation = Violation((text,), rule, f"{remedy[:1].upper()}{remedy[1:].rstrip('.')}.")
        raise ChangesRefused({}, (violation,), text) from None
    return path


def _as_in_a_file(value: Any, text: str) -> Any:
    """Plain data; NumPy's numbers, which a range of values is made of, are numbers."""
    plain = value.item() if isinstance(value, np.generic) else value
    try:
        json.dumps(plain)
    except (TypeError, ValueError):
        rule = f"is a {type(value).__name__}, which no file can hold"
        remedy = 'Write it as in a file: 3, "60ms", "5%", a list or a mapping.'
        violation = Violation((text,), rule, remedy, shows_value=False)
        raise ChangesRefused({}, (violation,), text) from None
    return plain


def _violations(data: Any) -> Iterator[Violation]:
    """What is wrong in single fields, and between those that are well formed."""
    try:
        whole = UncheckedScenario.model_validate_json(json_text(data), strict=True)
    except ValidationError as error:
        yield from violations_of(error, UncheckedScenario)
        whole = partial_scenario(data)
    yield from rules.violations(whole)
