"""Text to the nodes of a YAML parser: what is refused before it, and what its errors mean.

JSON is YAML and takes the same way. Nothing is constructed by the parser, so no tag can execute
anything.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError, YAMLStreamError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from simab.errors import Problem

__all__ = [
    "DEEPEST_BRACKETS",
    "LARGEST_FILE_BYTES",
    "MOST_VALUES",
    "TOO_LARGE",
    "Unreadable",
    "document_node",
    "document_nodes",
]

# A value takes the parser some 70 us, a megabyte of text a second: so that a hostile or mistaken
# file is refused within seconds. The largest example, a table of 10,000 rows, has 30,000 values.
SHORTER: Final = (
    "Give long logs as quantiles, curves over time by fewer points or as a trace, and tables by "
    "fewer rows."
)
LARGEST_FILE_BYTES: Final = 2_000_000
TOO_LARGE: Final = (
    f"a file is at most {LARGEST_FILE_BYTES // 1_000_000} MB",
    SHORTER,
)
MOST_VALUES: Final = 60_000
MOST_LINES: Final = 100_000
DEEPEST_BRACKETS: Final = 200


class Unreadable(Exception):
    """A text that gives no document, and the problem with it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


def document_node(text: str, language: str = "YAML") -> Node | None:
    """The one document in a text; None if it is empty.

    Raises:
        Unreadable: it is not YAML (called `language` in what it says), or beyond what is parsed.
    """
    with _refusing(text, language), warnings.catch_warnings():
        # Giving an anchor's name twice is allowed in YAML; an alias means the nearest one above.
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
        return root


def document_nodes(text: str, language: str = "YAML") -> list[Node]:
    """Every document in a text that is not empty.

    Raises:
        Unreadable: it is not YAML (called `language` in what it says), or beyond what is parsed.
    """
    with _refusing(text, language), warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        nodes = list(YAML(typ="safe", pure=True).compose_all(text))
        return [node for node in nodes if node is not None]


@contextmanager
def _refusing(text: str, language: str) -> Iterator[None]:
    """Parse within this: errors of the parser become problems of the text."""
    if beyond := _beyond_parsing(text):
        raise Unreadable(Problem("", "", *beyond))
    try:
        yield
    except MarkedYAMLError as error:
        raise Unreadable(_not_yaml(language, text, error)) from None
    except RecursionError:
        problem = Problem("", "", "nested too deeply", "Remove the extra brackets.")
        raise Unreadable(problem) from None
    except (ReaderError, YAMLStreamError) as error:
        line, column, what = _unreadable_character(text, error)
        problem = Problem("", "", what, "Remove it, and save as UTF-8 text.", line, column)
        raise Unreadable(problem) from None
    except (YAMLError, ValueError) as error:
        raise Unreadable(Problem("", "", f"not YAML: {error}", "Correct the syntax.")) from None


def _beyond_parsing(text: str) -> tuple[str, str] | None:
    """What makes a text too much to parse, and the remedy; None for one that can be parsed.

    Values are estimated by what separates them outside of quotes and comments.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST_FILE_BYTES:
        return TOO_LARGE
    if text.count("\n") > MOST_LINES:
        return f"a file has at most {MOST_LINES:,} lines", "Remove the empty ones."
    if _bracket_depth(text) > DEEPEST_BRACKETS:
        return "nested too deeply", "Remove the extra brackets."
    bare = _QUOTED_OR_COMMENT.sub("", text)
    values = bare.count(",") + 2 * bare.count(":") + len(_ENTRY.findall(bare))
    if values > MOST_VALUES:
        rule = f"holds about {values:,} values, at most {MOST_VALUES:,} can be read"
        return rule, SHORTER
    return None


_QUOTED_OR_COMMENT: Final = re.compile(
    r'"(?:[^"\\\n]++|\\.)*+"' r"|(?<![\w])'[^'\n]*'|(?:^|(?<=\s))#[^\n]*", re.MULTILINE
)
_ENTRY: Final = re.compile(r"^[ \t]*+- ", re.MULTILINE)


def _bracket_depth(text: str) -> int:
    """Brackets open at once, at most; the parser takes the square of it in time."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(steps), default=0)


def _unreadable_character(text: str, error: Exception) -> tuple[int | None, int | None, str]:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return None, None, str(error)
    before = text[:position]
    character = f"U+{ord(text[position]):04X}" if position < len(text) else "at the end"
    column = position - (before.rfind("\n") + 1) + 1
    return before.count("\n") + 1, column, f"the character {character} is not allowed"


def _not_yaml(language: str, text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    lines = text.splitlines()
    here = lines[line - 1] if line and line <= len(lines) else ""
    rule, remedy = _syntax(error.problem or str(error), here)
    return Problem("", "", f"not {language}: {rule}", remedy, line, column)


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
