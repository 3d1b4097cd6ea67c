"""Files to scenarios and back; everything that is wrong in a file is reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError

from simab.documents.located import LocatedValue
from simab.documents.parsing import Unreadable
from simab.documents.texts import text_of_file
from simab.documents.violations import Violation
from simab.documents.walking import Document
from simab.documents.writing import yaml_text
from simab.errors import InvalidFiles, InvalidInput, InvalidScenario, Problem
from simab.scenario import rules
from simab.scenario.changes.block import world_violations
from simab.scenario.models import Scenario
from simab.scenario.partial import json_text, partial_scenario
from simab.scenario.reading import read
from simab.scenario.trace_paths import from_where_it_lies
from simab.scenario.translation import violations_of

__all__ = ["document_of_file", "dumps", "load", "loads", "scenario_of"]

_MOST_VIOLATIONS: Final = 1000  # more would not be read, and finding their remedies takes time
# Looked for in the text: a large one would be refused for its size, and take seconds to parse.
_SAVED_STUDY: Final = re.compile(r'"format"\s*:\s*"simab-study/')


def load(
    path: str | PathLike[str], *, policies: Mapping[str, LocatedValue] | None = None
) -> Scenario:
    """The scenario in a YAML or JSON file.

    `policies` stand in place of the file's own, which need not have any; each knows its place in
    the file that it is from.

    Raises:
        InvalidScenario: with every problem found, each with its line and column.
        InvalidFiles: the same where policies are given and something is wrong with one of them.
        InvalidInput: `path` names no file by its type.
    """
    if not isinstance(path, str | PathLike):
        raise InvalidInput(
            f"path = {path!r:.60}: must be the name of a file, not {type(path).__name__}; "
            "simab.scenario.loads reads a text"
        )
    return _loaded(document_of_file(path), str(path), policies)


def document_of_file(path: str | PathLike[str]) -> Document:
    """What a YAML or JSON file holds, be it a scenario or not.

    Raises:
        InvalidScenario: it cannot be read, or is a saved study.
    """
    source = str(path)
    try:
        text = text_of_file(FilePath(path), absent="Check the path; `simab init` makes one.")
    except Unreadable as refused:
        raise InvalidScenario(source, (refused.problem,)) from None
    return _document(text, source)


def loads(
    text: str,
    *,
    source: str = "<text>",
    policies: Mapping[str, LocatedValue] | None = None,
) -> Scenario:
    """The scenario in a YAML or JSON text; `source` names the text in messages.

    `policies` and what is raised are those of `load`.
    """
    return _loaded(_document(text, source), source, policies)


def _document(text: str, source: str) -> Document:
    if _SAVED_STUDY.search(text) and text.lstrip().startswith("{"):
        rule, remedy = (
            "this is a saved study, not a scenario",
            "`simab report` writes its page again.",
        )
        raise InvalidScenario(source, (Problem("", "", rule, remedy),))
    return read(text, source)


def _loaded(
    document: Document, source: str, policies: Mapping[str, LocatedValue] | None
) -> Scenario:
    _refuse_models(document, source)
    if policies is not None and isinstance(document.root.value, dict):
        document = _with_policies(document, policies)
    return scenario_of(document, source)


def scenario_of(document: Document, source: str) -> Scenario:
    """The scenario that a document describes; what is raised is what `load` raises."""
    scenario, violations = _validated(document, source)
    if scenario is None or violations:
        raise _refusal(source, violations, document)
    return scenario


def _refuse_models(document: Document, source: str) -> None:
    """A table of models stands in for a scenario where scripts and servers are concerned alone."""
    models = document.root.entry("models")
    endpoint = document.root.entry("endpoint")
    if models is not None and (endpoint is None or endpoint.entry("variants") is None):
        place = models.key_place or models.place
        rule, remedy = (
            "this is a table of models, not a scenario",
            "`simab rehearse` and `simab serve` read it; a scenario has `endpoint.variants`.",
        )
        problem = Problem("models", "", rule, remedy, place.line, place.column)
        raise InvalidScenario(source, (problem,))


def _with_policies(document: Document, policies: Mapping[str, LocatedValue]) -> Document:
    """The document with these policies, and without what was wrong with its own."""
    first = next(iter(policies.values()), document.root)
    given = LocatedValue(dict(policies), first.place, ("policies",), key_place=first.key_place)
    root = replace(document.root, value={**document.root.value, "policies": given})
    kept = [each for each in document.violations if each.path[:1] != ("policies",)]
    return Document(root, tuple(kept))


def _validated(document: Document, source: str) -> tuple[Scenario | None, list[Violation]]:
    """The scenario of a document, and all that is wrong with either."""
    data, violations = from_where_it_lies(document.data, source), list(document.violations)
    if not isinstance(data, dict):
        rule, remedy = "a scenario is a mapping of names to values", "Start with `title: ...`."
        return None, [*violations, Violation((), rule, remedy, shows_value=False)]
    try:
        return Scenario.model_validate_json(json_text(data), strict=True), violations
    except ValidationError as error:
        readable = partial_scenario(data)
        violations += islice(violations_of(error, Scenario), _MOST_VIOLATIONS)
        violations += islice(rules.violations(readable), _MOST_VIOLATIONS)
    if not violations:  # a world changes what has to be valid first
        return None, list(islice(world_violations(readable), _MOST_VIOLATIONS))
    # A value that could not be read has nothing more to say.
    unread = {violation.path for violation in document.violations if not violation.on_key}
    return None, [
        violation
        for violation in violations
        if violation.path not in unread or violation in document.violations
    ]


def dumps(scenario: Scenario) -> str:
    """The scenario as YAML, defaults written out; `loads` gives an equal scenario back."""
    whole = scenario.model_dump(mode="json")
    chosen = scenario.model_dump(mode="json", exclude_defaults=True)
    return yaml_text(_without_absent(whole, chosen))


def _without_absent(whole: Any, chosen: Any) -> Any:
    """Without the nulls that are defaults; one that was chosen against a default is kept."""
    if isinstance(whole, dict):
        given = chosen if isinstance(chosen, dict) else {}
        return {
            key: _without_absent(value, given.get(key))
            for key, value in whole.items()
            if value is not None or key in given
        }
    if isinstance(whole, list):
        told_items = chosen if isinstance(chosen, list) else [None] * len(whole)
        return [_without_absent(*pair) for pair in zip(whole, told_items, strict=True)]
    return whole


def _refusal(
    source: str, violations: Iterable[Violation], document: Document
) -> InvalidScenario | InvalidFiles:
    """Violations with their places, in the order of the files, each once."""
    found = {}
    for violation in violations:
        problem, where = document.problem(violation), document.source(violation)
        found[where, problem] = (where != source, where, problem.line or 0, problem.column or 0)
    ordered = tuple(sorted(found, key=found.__getitem__))
    if any(where != source for where, _ in ordered):
        return InvalidFiles(ordered)
    return InvalidScenario(source, tuple(problem for _, problem in ordered))
