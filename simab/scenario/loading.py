"""Files to scenarios and back; everything that is wrong in a file is reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError

from simab.documents.parsing import LARGEST_FILE_BYTES
from simab.documents.violations import Violation
from simab.documents.walking import Document
from simab.documents.writing import yaml_text
from simab.errors import InvalidInput, InvalidScenario, Problem
from simab.scenario import rules
from simab.scenario.models import Scenario
from simab.scenario.partial import json_text, partial_scenario
from simab.scenario.reading import read
from simab.scenario.translation import flaws_of

__all__ = ["dumps", "load", "loads"]

# Looked for in the text: a large one would be refused for its size, and take seconds to parse.
_MOST_FLAWS: Final = 1000  # nobody reads more, and finding their remedies takes time
_SAVED_STUDY: Final = re.compile(r'"format"\s*:\s*"simab-study/')


def load(path: str | FilePath) -> Scenario:
    """The scenario in a YAML or JSON file.

    Raises:
        InvalidScenario: with every problem found, each with its line and column.
        InvalidInput: `path` names no file by its type.
    """
    if not isinstance(path, str | PathLike):
        raise InvalidInput(
            f"path = {path!r:.60}: must be the name of a file, not {type(path).__name__}; "
            "simab.scenario.loads reads a text"
        )
    source = str(path)
    return loads(_text_of(FilePath(path), source), source=source)


def loads(text: str, *, source: str = "<text>") -> Scenario:
    """The scenario in a YAML or JSON text; `source` names the text in messages.

    Raises:
        InvalidScenario: with every problem found, each with its line and column.
    """
    if _SAVED_STUDY.search(text) and text.lstrip().startswith("{"):
        rule, remedy = "this is a saved study, no scenario", "`simab report` writes its page again."
        raise InvalidScenario(source, (Problem("", "", rule, remedy),))
    document = read(text, source)
    data = document.data
    if not isinstance(data, dict):
        violation = Violation(
            (),
            "a scenario is a mapping of names to values",
            "Start with `title: ...`.",
            shows_value=False,
        )
        raise InvalidScenario(source, _problems([*document.violations, violation], document))
    violations = list(document.violations)
    scenario = None
    try:
        scenario = Scenario.model_validate_json(json_text(data), strict=True)
    except ValidationError as error:
        violations += islice(flaws_of(error, Scenario), _MOST_FLAWS)
        violations += islice(rules.violations(partial_scenario(data)), _MOST_FLAWS)
    # A value that could not be read has nothing more to say.
    unread = {violation.path for violation in document.violations if not violation.on_key}
    violations = [
        violation
        for violation in violations
        if violation.path not in unread or violation in document.violations
    ]
    if violations or scenario is None:
        raise InvalidScenario(source, _problems(violations, document))
    return scenario


def dumps(scenario: Scenario) -> str:
    """The scenario as YAML, defaults written out; `loads` gives an equal scenario back."""
    whole = scenario.model_dump(mode="json")
    chosen = scenario.model_dump(mode="json", exclude_defaults=True)
    return yaml_text(_without_absent(whole, chosen))


def _without_absent(whole: Any, chosen: Any) -> Any:
    """Without the nulls that are defaults; one that was chosen against a default is kept."""
    if isinstance(whole, dict):
        told = chosen if isinstance(chosen, dict) else {}
        return {
            key: _without_absent(value, told.get(key))
            for key, value in whole.items()
            if value is not None or key in told
        }
    if isinstance(whole, list):
        told_items = chosen if isinstance(chosen, list) else [None] * len(whole)
        return [_without_absent(*pair) for pair in zip(whole, told_items, strict=True)]
    return whole


def _text_of(path: FilePath, source: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _no_file(source, "no such file", "Check the path; `simab init` makes one.") from None
    except IsADirectoryError:
        raise _no_file(source, "a folder, not a file", "Name a scenario file in it.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _no_file(source, f"cannot be read: {reason}", "Check the permissions.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        rule = f"not UTF-8: the byte 0x{content[error.start]:02X} stands alone"
        remedy = "Save the file as UTF-8 text."
        problem = Problem("", "", rule, remedy, before.count(b"\n") + 1, column)
        raise InvalidScenario(source, (problem,)) from None


def _no_file(source: str, rule: str, remedy: str) -> InvalidScenario:
    return InvalidScenario(source, (Problem("", "", rule, remedy),))


def _problems(violations: Iterable[Violation], document: Document) -> tuple[Problem, ...]:
    """Violations with their places, in the order of the file, each once."""
    found = {}
    for violation in violations:
        problem = document.problem(violation)
        found[problem] = (problem.line or 0, problem.column or 0)
    return tuple(sorted(found, key=found.__getitem__))
