"""Policies that stand apart from a scenario: in files of simab, or of a tool that is deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from simab.documents.located import LocatedValue
from simab.errors import InvalidFiles, InvalidInput, Problem
from simab.interop.documents import read_document, read_documents
from simab.interop.importing import Imported, Note, plain_policy
from simab.interop.tables import MetricMap, read_table
from simab.interop.tools import TOOLS, import_policy
from simab.scenario import loading
from simab.scenario.models import Scenario
from simab.text.lists import listed

__all__ = ["PolicyFiles", "load", "read_policies"]

FileName: TypeAlias = str | PathLike[str]
_OWN: Final = "simab"


@dataclass(slots=True)
class PolicyFiles:
    """Policies by name, each with its place, and notes on what a policy does not hold."""

    policies: dict[str, LocatedValue] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    def add(self, name: str, policy: LocatedValue) -> None:
        """One policy more; two of one name are refused."""
        first = self.policies.setdefault(name, policy)
        if first is not policy:
            at, of = policy.key_place or policy.place, first.key_place or first.place
            rule = f"a policy of this name is in {of.render()} already"
            problem = Problem(policy.field, "", rule, "Rename one of them.", at.line, at.column)
            self.problems.append((at.source, problem))

    def add_imported(self, found: Imported) -> None:
        """The policy of a tool, and what it does not hold."""
        path = ("policies", found.name)
        self.add(found.name, LocatedValue.of(plain_policy(found.policy), found.place, path))
        self.notes += found.notes


def load(
    path: FileName,
    *,
    policies: FileName | Sequence[FileName] | None = None,
    metrics_map: FileName | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Scenario:
    """The scenario in a YAML or JSON file, and its policies from there or from other files.

    Args:
        path: the scenario; with `policies` it need not have any, and its own are not read.
        policies: files of policies in place of the scenario's: YAML with `policies:` as a scenario
            has them, or configurations of Argo Rollouts, Flagger, Kayenta or SageMaker. Templates,
            alarms and requests in files of their own belong to all policies of their tool.
        metrics_map: a file that says what the metrics of the tools measure here (`simab import`).
        on_note: a function that is called with a sentence for each part of a tool's file that the
            policy does not hold.

    Raises:
        InvalidScenario: with every problem found in the scenario, each with its line and column.
        InvalidFiles: the same of several files, or of one that holds policies.
        InvalidInput: an argument of another type, or a map without policies.
    """
    if policies is None:
        if metrics_map is not None:
            raise InvalidInput("metrics_map is given and policies is not; name the files to map")
        return loading.load(path)
    files = [policies] if isinstance(policies, str | PathLike) else list(policies)
    found = read_policies(
        [_file(each, "policies") for each in files],
        None if metrics_map is None else _file(metrics_map, "metrics_map"),
    )
    for note in found.notes if on_note is not None else ():
        on_note(note.render())  # type: ignore[misc]  # there are none without it
    return loading.load(path, policies=found.policies)


def _file(name: object, argument: str) -> Path:
    if not isinstance(name, str | PathLike):
        raise InvalidInput(f"{argument} = {name!r:.60}: must be the name of a file")
    return Path(name)


def read_policies(files: Sequence[Path], table: Path | None = None) -> PolicyFiles:
    """The policies in files, in the order of the files; `table` says what metrics of tools mean.

    Raises:
        InvalidFiles: with every problem found, each with its file, line and column.
    """
    if not files:
        raise InvalidInput("policies = []: no file is named; name one, or leave it out")
    found, homes = PolicyFiles(), {}
    for file in files:
        try:
            homes[file] = _home_of(file)
        except InvalidFiles as refused:
            found.problems += refused.problems
    meanings = MetricMap.none()
    try:
        meanings = read_table(table)
    except InvalidFiles as refused:
        found.problems += refused.problems
    rest = [file for file in homes if homes[file].holds_policy and homes[file].tool != _OWN]
    for file, home in homes.items():
        meanings.more_to_come = rest[-1:] != [file] or bool(found.problems)
        try:
            _add(found, file, home, homes, meanings)
        except InvalidFiles as refused:
            found.problems += refused.problems
    if table is not None and not rest:
        rule = "has no use: none of the files is of a tool"
        found.problems.append((str(table), Problem("", "", rule, "Leave out the map.")))
    if found.problems:
        raise InvalidFiles(tuple(dict.fromkeys(found.problems)))
    return found


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a file is from: simab itself or a tool, and whether it holds a policy of that."""

    tool: str
    holds_policy: bool


def _add(
    found: PolicyFiles,
    file: Path,
    home: _Home,
    homes: Mapping[Path, _Home],
    meanings: MetricMap,
) -> None:
    """The policies of one file, with all files of its tool that only serve policies."""
    if home.tool == _OWN:
        _add_own(found, file)
    elif home.holds_policy:
        served = [
            each
            for each, other in homes.items()
            if other.tool == home.tool and not other.holds_policy
        ]
        found.add_imported(import_policy(home.tool, [file, *served], meanings))
    elif not any(other.tool == home.tool and other.holds_policy for other in homes.values()):
        found.add_imported(import_policy(home.tool, [file], meanings))  # says what is missing


def _add_own(found: PolicyFiles, file: Path) -> None:
    document = read_document(file)
    assert document is not None  # it has policies
    violations = tuple((str(file), document.problem(each)) for each in document.violations)
    if violations:
        raise InvalidFiles(violations)
    for key, value in document.root.named().items():
        if key != "policies":
            at = value.key_place or value.place
            remedy = "Leave only `policies:` in this file; the scenario says the rest."
            problem = Problem(key, "", "only policies are read here", remedy, at.line, at.column)
            found.problems.append((at.source, problem))
    policies = document.root.need("policies")
    if not policies.named():
        raise policies.wrong("names no policy", "Add one, as a scenario file has it.")
    for name, policy in policies.named().items():
        found.add(name, policy)


def _home_of(file: Path) -> _Home:
    """What a file is of, by what its documents hold.

    Raises:
        InvalidFiles: it cannot be read, or is of nothing that is known, or of several tools.
    """
    if file.exists() and not (file.is_file() or file.is_dir()):
        remedy = "Write what it gives to a file, and name that."
        rule = "not a regular file, and it is read twice"
        raise InvalidFiles(((str(file), Problem("", "", rule, remedy)),))
    documents = read_documents(file)
    if not documents:
        remedy = "Name a file with `policies:`, or of a tool's rollout."
        raise InvalidFiles(((str(file), Problem("", "", "the file is empty", remedy)),))
    first = documents[0]
    if isinstance(first.value, dict) and "policies" in first.value:
        if len(documents) > 1:
            raise documents[1].wrong("is a second document", "Write one document a file.")
        return _Home(_OWN, holds_policy=True)
    tools = {}
    for tool, module in TOOLS.items():
        importer = import_module(module)
        own = [each for each in documents if importer.recognises(each)]
        if own:
            tools[tool] = _Home(tool, any(importer.holds_policy(each) for each in own))
    if not tools:
        rule = f"neither policies of simab nor a configuration of {listed(list(TOOLS), 'or')}"
        remedy = "Name a file with `policies: {NAME: {kind: ...}}`, or the tool's own file."
        raise _refused(first, rule, remedy)
    if len(tools) > 1:
        rule, remedy = f"is of {listed(list(tools))} at once", "Put each into a file of its own."
        raise _refused(first, rule, remedy)
    return next(iter(tools.values()))


def _refused(document: LocatedValue, rule: str, remedy: str) -> InvalidFiles:
    problem = Problem("", "", rule, remedy, document.place.line, document.place.column)
    return InvalidFiles(((document.place.source, problem),))
