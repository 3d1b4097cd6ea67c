"""Nodes of a parser to located values, in one walk that collects what is wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simab.documents.located import LocatedValue, Place
from simab.documents.merge_keys import BadMerge, entries, is_merge
from simab.documents.parsing import MOST_VALUES, Unreadable
from simab.documents.scalars import NotPlain, plain_scalar, tag_name
from simab.documents.violations import Path, Violation, problem_of
from simab.errors import Problem

__all__ = ["NO_KEY", "Document", "Walker"]

NO_KEY: Final = "a key is a single word or text"
"""The rule that a mapping or a list as a key breaks, as `{{ placeholder }}` does."""


@dataclass(frozen=True)
class Document:
    """A document's values with their places, and what was wrong while reading it."""

    root: LocatedValue
    violations: tuple[Violation, ...]

    @cached_property
    def data(self) -> Any:
        """The document as plain data."""
        return self.root.plain()

    def place(self, path: Path, *, on_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path` (or its key), or of what is nearest."""
        place = self.root.place_of(path, on_key=on_key)
        return place.line, place.column

    def source(self, violation: Violation) -> str:
        """The file that the violation is in: parts of a document may come from another one."""
        if violation.mark:
            return self.root.place.source
        return self.root.place_of(violation.path, on_key=violation.on_key).source

    def problem(self, violation: Violation) -> Problem:
        """The violation with its place and value."""
        place = violation.mark or self.place(violation.path, on_key=violation.on_key)
        return problem_of(violation, self.data, place)


class Walker:
    """Walks the documents of one file.

    `foreign` documents may have tags of their own on mappings and lists, which mean nothing here.
    """

    def __init__(self, source: str, *, foreign: bool = False) -> None:
        self._source = source
        self._foreign = foreign
        self._values = 0
        self._violations: list[Violation] = []
        self._asked: set[tuple[Path, bool]] = set()

    def document(self, root: Node) -> Document:
        """The document of a node.

        Raises:
            Unreadable: it repeats itself without end, or unfolds to more values than are read.
        """
        self._violations, self._asked = [], set()
        value = self._value(root, (), (), None)
        return Document(value, tuple(self._violations))

    def _value(
        self, node: Node, path: Path, above: tuple[int, ...], key: Node | None
    ) -> LocatedValue:
        """The value of a node; `above` holds the nodes that it lies within."""
        self._values += 1
        self._refuse_endless(node, above)
        inside = (*above, id(node))
        if not (isinstance(node, ScalarNode) or self._foreign or _has_plain_tag(node)):
            rule = f"unknown tag !{tag_name(node).lstrip('!')}"
            remedy = "Remove the tag: a scenario holds plain values only."
            self._note(path, rule, remedy, node)
        value: Any
        if isinstance(node, MappingNode):
            value = self._mapping(node, path, inside)
        elif isinstance(node, SequenceNode):
            items = enumerate(node.value)
            value = [self._value(item, (*path, i), inside, None) for i, item in items]
        else:
            value = self._scalar(node, path)
        key_place = None if key is None else self._place(key)
        return LocatedValue(value, self._place(node), path, self._asked, key_place)

    def _scalar(self, node: Node, path: Path) -> Any:
        try:
            return plain_scalar(node)
        except NotPlain as reason:
            rule, remedy = reason.args
            self._note(path, rule, remedy, node)
            return node.value

    def _mapping(self, node: Node, path: Path, inside: tuple[int, ...]) -> dict[str, LocatedValue]:
        values: dict[str, LocatedValue] = {}
        first: dict[str, Node] = {}
        for key, value in self._entries(node, path):
            if not isinstance(key, ScalarNode):
                self._note(path, NO_KEY, "Write `name: value`.", key, on_key=True)
            elif key.value in first:
                remedy = f"It is given on line {_mark(first[key.value])[0]} already; keep one."
                self._note((*path, key.value), "duplicate key", remedy, key, on_key=True)
            else:
                first[key.value] = key
                values[key.value] = self._value(value, (*path, key.value), inside, key)
        return values

    def _entries(self, node: Node, path: Path) -> list[tuple[Node, Node]]:
        try:
            return entries(node)
        except BadMerge as bad:
            at, rule, remedy = bad.args
            self._note(path, rule, remedy, at, on_key=True)
            return [each for each in node.value if not is_merge(each[0])]

    def _note(
        self, path: Path, rule: str, remedy: str, node: Node, *, on_key: bool = False
    ) -> None:
        violation = Violation(path, rule, remedy, on_key, shows_value=False, mark=_mark(node))
        self._violations.append(violation)

    def _refuse_endless(self, node: Node, above: tuple[int, ...]) -> None:
        if id(node) in above:
            rule = "a value that contains itself"
            remedy = "Write the value out instead of repeating it with *alias."
        elif self._values > MOST_VALUES:
            rule = f"the file unfolds to more than {MOST_VALUES:,} values"
            remedy = "Repeat less with *alias, or write shorter lists."
        else:
            return
        raise Unreadable(Problem("", "", rule, remedy, *_mark(node)))

    def _place(self, node: Node) -> Place:
        return Place(self._source, *_mark(node))


def _has_plain_tag(node: Node) -> bool:
    return tag_name(node) in ("map", "seq")


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
