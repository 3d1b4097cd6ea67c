"""Files of other tools, YAML or JSON, as plain values that each know their place.

Several documents may stand in one file. The parser's nodes are walked and nothing is constructed by
it, so no tag can execute anything.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simab.errors import InvalidInput, Problem
from simab.scenario.merge_keys import BadMerge, entries
from simab.scenario.reading import LARGEST_FILE_BYTES, MOST_VALUES, beyond_reading
from simab.scenario.scalars import NotPlain, plain_scalar
from simab.scenario.violations import Path as FieldPath
from simab.scenario.violations import field_name, short_text

__all__ = ["LocatedValue", "Place", "Unimportable", "file_text", "read_documents"]

_TEMPLATE: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|<%[^%\n]{0,200}%>")
_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}|\$\{.*?\}|^<[^<>]+>$")


class Unimportable(InvalidInput):
    """Files that cannot be imported, with every problem found, each with its file and place."""

    def __init__(self, problems: tuple[tuple[str, Problem], ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.render(source) for source, problem in problems))


@dataclass(frozen=True, slots=True)
class Place:
    """File, line and column, these from 1."""

    source: str
    line: int
    column: int

    def render(self) -> str:
        """The place as editors find it."""
        return f"{self.source}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class LocatedValue:
    """A value and its place; mappings and lists hold further spotted values."""

    value: Any
    place: Place
    path: FieldPath = ()
    asked: set[tuple[FieldPath, bool]] = field(default_factory=set, compare=False, repr=False)
    """Paths of the document that were asked for, alone or with all that they hold."""

    @property
    def was_read(self) -> bool:
        """Whether anybody asked for this value."""
        return (self.path, False) in self.asked

    @property
    def wholly_read(self) -> bool:
        """Whether it was read with all that it holds."""
        return (self.path, True) in self.asked

    def take(self, *, whole: bool = False) -> None:
        """Remember that this value was asked for, perhaps with all that it holds."""
        self.asked.update({(self.path, False), (self.path, whole)})

    @property
    def field(self) -> str:
        """The path as people write it."""
        return field_name(self.path)

    def wrong(self, rule: str, remedy: str) -> Unimportable:
        """The refusal of this value."""
        shown = "" if isinstance(self.value, list) else short_text(self.value)
        problem = Problem(self.field, shown, rule, remedy, self.place.line, self.place.column)
        return Unimportable(((self.place.source, problem),))

    def at(self, *keys: str) -> LocatedValue | None:
        """The value below; None where there is none, or null."""
        here: LocatedValue | None = self
        for key in keys:
            if here is None or not isinstance(here.value, dict):
                return None
            here = here.value.get(key)
            if here is not None:
                here.take()
        return here if here is not None and here.value is not None else None

    def need(self, *keys: str) -> LocatedValue:
        """The value below, which has to be there."""
        here = self
        for key in keys:
            found = here.at(key)
            if found is None:
                if not isinstance(here.value, dict):
                    raise here.wrong("must be a mapping", f"Write `{key}: ...` below it.")
                missing = LocatedValue({}, here.place, (*here.path, key))
                raise missing.wrong("required", f"Add `{key}:` here.")
            here = found
        return here

    def named(self) -> dict[str, LocatedValue]:
        """The entries of a mapping."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be a mapping", "Write `name: value` pairs.")
        return self.value

    def listed(self) -> list[LocatedValue]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("must be a list", "Write one entry a line after `- `.")
        return self.value

    def text(self) -> str:
        """Text without placeholders; numbers are taken as written."""
        self.take()
        if isinstance(self.value, dict | list | bool) or self.value is None:
            raise self.wrong("must be text", "Write a single value.")
        found = str(self.value)
        if _PLACEHOLDER.search(found):
            raise self.wrong(
                "is a placeholder", "Write the value that it stands for, or give its argument one."
            )
        return found

    def whole(self, low: int, high: int) -> int:
        """A whole number within limits, also as text."""
        found = self.text()
        number = int(found) if re.fullmatch(r"[+-]?[0-9]{1,18}", found) else None
        if number is None or not low <= number <= high:
            remedy = f"Write a value from {low:,} to {high:,}."
            raise self.wrong("must be a whole number in its range", remedy)
        return number

    def number(self) -> float:
        """A number."""
        self.take()
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.text()
            raise self.wrong("must be a number", "Write it without quotes and units, such as 0.5.")
        return float(self.value)


def file_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
        if len(content) > LARGEST_FILE_BYTES:
            raise InvalidInput(
                f"{path}: is larger than {LARGEST_FILE_BYTES // 1_000_000} MB. "
                "Name a configuration file."
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: not UTF-8. Save the file as UTF-8 text.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{path}: cannot be read: {reason}. Check the path.") from None


def read_documents(path: Path) -> list[LocatedValue]:
    """Every document of a YAML or JSON file that is not empty.

    Raises:
        InvalidInput: the file cannot be read.
        Unimportable: it is no YAML, or uses what no plain data needs.
    """
    source, text = str(path), file_text(path)
    walker = _Walker(source, text)
    if beyond := beyond_reading(text):
        raise _refusal(source, *beyond, 1, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            nodes = list(YAML(typ="safe", pure=True).compose_all(text))
            documents = [walker.document(node) for node in nodes if node is not None]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        _refuse_template(source, text)
        words = f"not YAML: {error.problem or error}"
        raise _refusal(source, words, "Correct the syntax.", line, column) from None
    except (YAMLError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise _refusal(source, f"not YAML: {error}", "Correct the syntax.", 1, 1) from None
    except RecursionError:
        raise _refusal(source, "nested too deeply", "Remove extra brackets.", 1, 1) from None
    return [each for each in documents if each.value is not None]


def _refuse_template(source: str, text: str) -> None:
    """Say of text that is no YAML because of its placeholders that they have to be filled in."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TEMPLATE.search(line)
        quoted = found is not None and any(line[: found.start()].count(mark) % 2 for mark in "\"'")
        if found is not None and not quoted:
            remedy = "Fill it in first, as `helm template` and `kustomize build` do."
            words = f"{found.group()}: is a placeholder, and the file is no YAML with it"
            raise _refusal(source, words, remedy, number, found.start() + 1) from None


class _Walker:
    """Makes spotted values of nodes."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.text = text
        self.values = 0
        self.asked: set[tuple[FieldPath, bool]] = set()

    def document(self, node: Node) -> LocatedValue:
        """A document, which remembers what is asked of it."""
        self.asked = set()
        return self.spotted(node, (), ())

    def spotted(self, node: Node, path: FieldPath, above: tuple[int, ...]) -> LocatedValue:
        """The value of a node, with all that it holds."""
        self.values += 1
        if id(node) in above or self.values > MOST_VALUES:
            self._refuse(node, "repeats itself without end", "Write the value out.")
        inside = (*above, id(node))
        if isinstance(node, MappingNode):
            return self._at(node, path, dict(self._entries(node, path, inside)))
        if isinstance(node, SequenceNode):
            items = [self.spotted(each, (*path, i), inside) for i, each in enumerate(node.value)]
            return self._at(node, path, items)
        try:
            return self._at(node, path, plain_scalar(node))
        except NotPlain as reason:
            self._refuse(node, *reason.args)

    def _entries(
        self, node: Node, path: FieldPath, inside: tuple[int, ...]
    ) -> Iterator[tuple[str, LocatedValue]]:
        seen = set()
        try:
            found = entries(node)
        except BadMerge as bad:
            self._refuse(*bad.args)
        for key, value in found:
            if not isinstance(key, ScalarNode):
                _refuse_template(self.source, self.text)
                self._refuse(key, "a key is a single word", "Write `name: value`.")
            if key.value in seen:
                self._refuse(key, f"duplicate key {key.value}", "Keep one of them.")
            seen.add(key.value)
            yield key.value, self.spotted(value, (*path, key.value), inside)

    def _at(self, node: Node, path: FieldPath, value: Any) -> LocatedValue:
        mark = node.start_mark
        return LocatedValue(
            value, Place(self.source, mark.line + 1, mark.column + 1), path, self.asked
        )

    def _refuse(self, node: Node, rule: str, remedy: str) -> NoReturn:
        mark = node.start_mark
        raise _refusal(self.source, rule, remedy, mark.line + 1, mark.column + 1)


def _refusal(source: str, rule: str, remedy: str, line: int, column: int) -> Unimportable:
    return Unimportable(((source, Problem("", "", rule, remedy, line, column)),))
