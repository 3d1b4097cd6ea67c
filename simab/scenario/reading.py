"""Reading scenario text: YAML 1.2 to plain data, with the line and column of everything.

The parser's node tree is walked here and nothing is constructed by it, so no tag can execute
anything. JSON is YAML and takes the same way.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from simab.errors import InvalidScenario, Problem
from simab.scenario.merge_keys import BadMerge, entries, is_merge
from simab.scenario.scalars import NotPlain, plain_scalar, tag_name
from simab.scenario.violations import Path, Violation

__all__ = [
    "DEEPEST_BRACKETS",
    "LARGEST_FILE_BYTES",
    "MOST_VALUES",
    "Document",
    "beyond_reading",
    "read",
]

# A value takes the parser some 70 us, a megabyte of text a second: so that a hostile or mistaken
# file is refused within seconds. The largest example, a table of 10,000 rows, has 30,000 values.
LARGEST_FILE_BYTES: Final = 2_000_000
MOST_VALUES: Final = 60_000
MOST_LINES: Final = 100_000
DEEPEST_BRACKETS: Final = 200


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, what was wrong while reading it, and where each part of it stands."""

    data: Any
    root: Node
    violations: tuple[Violation, ...]
    _children: dict[int, dict[str, tuple[Node, Node]]] = field(default_factory=dict)

    def place(self, path: Path, *, on_key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path` (or its key), or of what is nearest."""
        key, value = self.root, self.root
        for part in path:
            found = self._child(value, part)
            if found is None:
                return _mark(key)
            key, value = found
        return _mark(key if on_key else value)

    def _child(self, node: Node, part: str | int) -> tuple[Node, Node] | None:
        """The key and the value of a part; the names of a mapping are gathered once."""
        if isinstance(node, MappingNode):
            if id(node) not in self._children:
                pairs = [
                    (k, v) for k, v in reversed(_entries_or_own(node)) if isinstance(k, ScalarNode)
                ]
                self._children[id(node)] = {key.value: (key, value) for key, value in pairs}
            return self._children[id(node)].get(str(part))
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        return None


def read(text: str, source: str) -> Document:
    """The document in `text`.

    Raises:
        InvalidScenario: the text is not one YAML document of reasonable size.
    """
    if beyond := beyond_reading(text):
        raise _unreadable(source, *beyond)
    try:
        root = _compose(text)
    except MarkedYAMLError as error:
        raise _not_yaml(source, text, error) from None
    except RecursionError:
        raise _unreadable(source, "nested too deeply", "Remove the extra brackets.") from None
    except (ReaderError, YAMLStreamError) as error:
        line, column, what = _unreadable_character(text, error)
        problem = Problem("", "", what, "Remove it, and save as UTF-8 text.", line, column)
        raise InvalidScenario(source, (problem,)) from None
    except (YAMLError, ValueError) as error:
        raise _unreadable(source, f"not YAML: {error}", "Correct the syntax.") from None
    if root is None:
        raise _unreadable(
            source, "the file is empty", "Run `simab init` for a scenario to start from."
        )
    builder = _Builder(source)
    data = builder.build(root, (), ())
    return Document(data, root, tuple(builder.violations))


def beyond_reading(text: str) -> tuple[str, str] | None:
    """What makes a text too much to parse, and the remedy; None for one that can be parsed.

    Values are estimated by what separates them outside of quotes and comments.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST_FILE_BYTES:
        rule = f"a file is at most {LARGEST_FILE_BYTES // 1_000_000} MB"
        return rule, "Give long logs as quantiles instead of samples."
    if text.count("\n") > MOST_LINES:
        return f"a file has at most {MOST_LINES:,} lines", "Remove the empty ones."
    if _bracket_depth(text) > DEEPEST_BRACKETS:
        return "nested too deeply", "Remove the extra brackets."
    bare = _QUOTED_OR_COMMENT.sub("", text)
    values = bare.count(",") + 2 * bare.count(":") + len(_ENTRY.findall(bare))
    if values > MOST_VALUES:
        rule = f"holds about {values:,} values, at most {MOST_VALUES:,} can be read"
        return rule, "Give long logs as quantiles, and tables by fewer rows."
    return None


class _Builder:
    """Walks the nodes once, making plain data and collecting violations."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.violations: list[Violation] = []
        self.values = 0

    def build(self, node: Node, path: Path, above: tuple[int, ...]) -> Any:
        """Plain data of a node; `above` holds the nodes that it lies within."""
        self.values += 1
        if id(node) in above:
            remedy = "Write the value out instead of repeating it with *alias."
            raise self._endless(node, "a value that contains itself", remedy)
        if self.values > MOST_VALUES:
            rule = f"the file unfolds to more than {MOST_VALUES:,} values"
            raise self._endless(node, rule, "Repeat less with *alias, or write shorter lists.")
        if not isinstance(node, ScalarNode) and tag_name(node) not in ("map", "seq"):
            self._unknown_tag(node, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path, (*above, id(node)))
        if isinstance(node, SequenceNode):
            inside = (*above, id(node))
            return [self.build(item, (*path, i), inside) for i, item in enumerate(node.value)]
        try:
            return plain_scalar(node)
        except NotPlain as reason:
            rule, remedy = reason.args
            self.violations.append(
                Violation(path, rule, remedy, shows_value=False, mark=_mark(node))
            )
            return node.value

    def _mapping(self, node: Node, path: Path, above: tuple[int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key, value in self._entries(node, path):
            if not isinstance(key, ScalarNode):
                self._bad_key(key, path)
                continue
            if key.value in first:
                remedy = f"It is given on line {_mark(first[key.value])[0]} already; keep one."
                violation = Violation(
                    (*path, key.value), "duplicate key", remedy, True, False, _mark(key)
                )
                self.violations.append(violation)
                continue
            first[key.value] = key
            data[key.value] = self.build(value, (*path, key.value), above)
        return data

    def _entries(self, node: Node, path: Path) -> list[tuple[Node, Node]]:
        try:
            return entries(node)
        except BadMerge as bad:
            at, rule, remedy = bad.args
            self.violations.append(
                Violation(path, rule, remedy, True, shows_value=False, mark=_mark(at))
            )
            return _entries_or_own(node)

    def _endless(self, node: Node, rule: str, remedy: str) -> InvalidScenario:
        return InvalidScenario(self.source, (Problem("", "", rule, remedy, *_mark(node)),))

    def _bad_key(self, key: Node, path: Path) -> None:
        rule, remedy = "a key is a single word or text", "Write `name: value`."
        self.violations.append(
            Violation(path, rule, remedy, True, shows_value=False, mark=_mark(key))
        )

    def _unknown_tag(self, node: Node, path: Path) -> None:
        rule = f"unknown tag !{tag_name(node).lstrip('!')}"
        remedy = "Remove the tag: a scenario holds plain values only."
        self.violations.append(Violation(path, rule, remedy, shows_value=False, mark=_mark(node)))


_QUOTED_OR_COMMENT: Final = re.compile(
    r'"(?:[^"\\\n]++|\\.)*+"' r"|(?<![\w])'[^'\n]*'|(?:^|(?<=\s))#[^\n]*", re.MULTILINE
)
_ENTRY: Final = re.compile(r"^[ \t]*+- ", re.MULTILINE)


def _bracket_depth(text: str) -> int:
    """Brackets open at once, at most; the parser takes the square of it in time."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(steps), default=0)


def _compose(text: str) -> Node | None:
    with warnings.catch_warnings():
        # Giving an anchor's name twice is allowed in YAML; an alias means the nearest one above.
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    return root


def _entries_or_own(node: Node) -> list[tuple[Node, Node]]:
    try:
        return entries(node)
    except BadMerge:
        return [each for each in node.value if not is_merge(each[0])]


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _unreadable(source: str, rule: str, remedy: str) -> InvalidScenario:
    return InvalidScenario(source, (Problem("", "", rule, remedy),))


def _unreadable_character(text: str, error: Exception) -> tuple[int | None, int | None, str]:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return None, None, str(error)
    before = text[:position]
    character = f"U+{ord(text[position]):04X}" if position < len(text) else "at the end"
    column = position - (before.rfind("\n") + 1) + 1
    return before.count("\n") + 1, column, f"the character {character} is not allowed"


def _not_yaml(source: str, text: str, error: MarkedYAMLError) -> InvalidScenario:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    lines = text.splitlines()
    here = lines[line - 1] if line and line <= len(lines) else ""
    rule, remedy = _syntax(error.problem or str(error), here)
    language = "JSON" if source.endswith(".json") else "YAML"
    problem = Problem("", "", f"not {language}: {rule}", remedy, line, column)
    return InvalidScenario(source, (problem,))


def _syntax(problem: str, here: str) -> tuple[str, str]:
    """What the parser's words mean to someone who writes a scenario."""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "a tab in the indentation", "Replace it by spaces."
    remedies = (remedy for words, remedy in _REMEDIES if words in problem)
    remedy = next(remedies, "Correct the syntax here or in the line above.")
    for parser_word, word in _PARSER_WORDS:
        problem = problem.replace(parser_word, word)
    return problem, remedy


_PARSER_WORDS: Final[Sequence[tuple[str, str]]] = (
    ("but found another document", "a second document begins"),
    ("'<scalar>'", "another value"),
    ("'<stream end>'", "the end of the file"),
    ("stream", "file"),
)

_REMEDIES: Final[Sequence[tuple[str, str]]] = (
    ("mapping values are not allowed", "Check the indentation, or quote text that holds `: `."),
    ("but found another document", "Keep one scenario a file: remove the second `---`."),
    ("undefined alias", "Define it above with &name, or quote text that starts with `*`."),
    ("cannot start any token", "Put text that starts with this character in quotes."),
    ("could not find expected ':'", "Write `name: value`, with a space after the colon."),
    ("expected ',' or", "Close the bracket, and put a comma between the entries."),
    ("unexpected end of stream", "Close the quote."),
)
