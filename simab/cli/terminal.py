"""What the terminal shows: results on stdout, complaints on stderr."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn

import click

from simab.cli.exits import OutputClosed
from simab.errors import InvalidFiles, InvalidScenario, Problem, SimabError
from simab.text.untrusted import json_escaped, visible
from simab.version import VERSION

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "complain",
    "print_document",
    "print_item",
    "print_json",
    "print_line",
    "print_result",
    "print_table",
    "print_warnings",
    "refuse",
    "say",
    "standard_output",
    "text_width",
]

_WIDEST_TEXT = 100  # longer lines are hard to read
_WIDEST_TABLE = 140
_NARROW = 64  # columns of a terminal below which rows that do not fit are not laid side by side
_NARROWEST = 14  # a column that wraps
_NO_BREAK = "\N{NO-BREAK SPACE}"
_LINE_BREAK = re.compile(r"[ \t]*[\n\t][\n\t ]*")
_NUMBER_AND_UNIT = re.compile(r"(\d) (%|(?:us|ms|s|min|h|days|years)\b)")


def standard_output() -> Console:
    """The console for results; colour and bold only on a terminal, and not with NO_COLOR."""
    return _console(stderr=False)


def text_width(console: Console) -> int:
    """How wide text may run."""
    return min(console.width, _WIDEST_TEXT)


def complain(message: str) -> None:
    """Print a message to stderr."""
    console, message = _standard_error(), visible(message)
    if console.is_terminal:
        message = _wrapped(message, text_width(console))
    console.print(message, markup=False)


def refuse(error: SimabError) -> None:
    """Print what is wrong with an input to stderr, one line for each problem.

    A terminal gets each problem under its place, wrapped; a file or pipe gets whole lines, so that
    editors and `grep` find `file:line:column:`.
    """
    if isinstance(error, InvalidFiles):
        problems, where = error.problems, "The files have"
    elif isinstance(error, InvalidScenario):
        problems = tuple((error.source, problem) for problem in error.problems)
        where = f"{error.source} has"
    else:
        complain(str(error))
        return
    for source, problem in problems:
        _print_problem(problem, source)
    if len(problems) > 1:
        complain(f"{where} {len(problems)} problems.")


def _print_problem(problem: Problem, source: str) -> None:
    from rich.text import Text

    console, line = _standard_error(), visible(problem.render(source))
    if not console.is_terminal:
        console.print(line, markup=False)
        return
    advice = visible(f"{problem.rule}. {problem.remedy}".rstrip())
    head = Text(line.removesuffix(advice).removesuffix(": "), style="bold")
    console.print(head)
    console.print(f"    {_wrapped(advice, text_width(console) - 4, hanging='    ')}", markup=False)


def _standard_error() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class PipedConsole(Console):
        """Leaves a closed pipe to the command line; rich itself would exit with 1."""

        def on_broken_pipe(self) -> NoReturn:
            raise OutputClosed

    return PipedConsole(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)


def print_json(result: Any) -> None:
    """Print a result for machines."""
    print_document(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_result(form: str, result: Mapping[str, Any]) -> None:
    """Print a result for machines under the name and version of its form, such as "run/1".

    The version rises when a field is renamed, removed or comes to mean something else.
    """
    print_json({"format": f"simab-{form}", "simab_version": VERSION, **result})


def print_document(text: str) -> None:
    r"""Print a JSON document; what the encoding of stdout lacks is written as `\u00e9`."""
    text = json_escaped(text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2, sort_keys=False) + "\n"
    sys.stdout.write(text)


def print_line(line: str = "") -> None:
    """Print one line of a result as it is, but for characters that would steer the terminal."""
    click.echo(visible(line))


def say(sentence: str, *, quiet: bool = False) -> None:
    """Print a sentence that is not a result to stderr."""
    if not quiet:
        click.echo(visible(sentence), err=True)


def print_item(console: Console, sentence: str, *, mark: str = "- ", style: str = "") -> None:
    """Print one sentence of a list, its lines indented two blanks further than the mark."""
    from rich.text import Text

    hanging = " " * min(len(mark) - len(mark.lstrip()) + 2, len(mark))
    text = Text(_wrapped(visible(f"{mark}{sentence}"), text_width(console), hanging=hanging))
    text.stylize(style, 0, len(mark.rstrip()))
    console.print(text)


def print_warnings(console: Console, warnings: Iterable[str]) -> None:
    """Print each warning as a paragraph of its own."""
    for warning in warnings:
        console.print()
        print_item(console, warning, mark="Warning: ", style="bold yellow")


def print_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    emphasised: Sequence[bool] = (),
    folds: bool = False,
) -> None:
    """Print aligned columns: words in the first and the last to the left, the rest to the right.

    Where the terminal is too narrow the last column wraps, then the first, then the headings of the
    others; where that is not enough and it is narrower than most, or the table `folds`, each row is
    a few lines of its own.
    Emphasised rows are red on a terminal.
    """
    from rich.text import Text

    lines = [[_LINE_BREAK.sub(" ", visible(cell)) for cell in row] for row in (headings, *rows)]
    widths = _widths(lines, min(console.width, _WIDEST_TABLE))
    too_wide = sum(width + 2 for width in widths) > console.width
    if too_wide and (folds or console.width < _NARROW):
        for number, row in enumerate(lines[1:]):
            style = "bold red" if emphasised[number : number + 1] == [True] else "bold"
            _print_record(console, lines[0], row, style)
        return
    red = [False, *emphasised]
    for number, row in enumerate(lines):
        style = "bold" if number == 0 else "red" if red[number : number + 1] == [True] else ""
        for line in _lines(row, widths):
            console.print(Text(line, style=style))


def _print_record(
    console: Console, headings: Sequence[str], row: Sequence[str], style: str
) -> None:
    """A row as its first cell, and beneath it the others, each after its heading."""
    from rich.text import Text

    named = [f"{name} {cell}" for name, cell in zip(headings[1:], row[1:], strict=True) if cell]
    name = Text(_wrapped(row[0], text_width(console) - 2), style=style)
    console.print(Text("  ") + name)
    print_item(console, "; ".join(named), mark="    ")


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Widths of the columns: as wide as what they hold, but the outer two give way, then headings.

    The first row has the headings.
    """
    widths = [max(1, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    for column in (-1, 0):
        excess = sum(width + 2 for width in widths) - room
        longest_word = max(len(word) for row in rows for word in [*row[column].split(), ""])
        widths[column] -= max(min(excess, widths[column] - max(longest_word, _NARROWEST)), 0)
    for column in range(1, len(widths) - 1):
        excess = sum(width + 2 for width in widths) - room
        held = [*rows[0][column].split(), *(row[column] for row in rows[1:]), ""]
        widths[column] -= max(min(excess, widths[column] - max(map(len, held))), 0)
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    first, *middle, last = (
        _wrapped(row[0], widths[0]).split("\n"),
        *(
            _wrapped(cell, width).split("\n")
            for cell, width in zip(row[1:-1], widths[1:-1], strict=True)
        ),
        _wrapped(row[-1], widths[-1]).split("\n"),
    )
    for cells in zip_longest(first, *middle, last, fillvalue=""):
        inner = [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)]
        yield f"  {'  '.join([cells[0].ljust(widths[0]), *inner, cells[-1]])}".rstrip()


def _wrapped(text: str, width: int, *, hanging: str = "") -> str:
    # Only while the lines are broken, a number and its unit are held together.
    held = _NUMBER_AND_UNIT.sub(f"\\1{_NO_BREAK}\\2", text)
    lines = textwrap.wrap(
        held, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace(_NO_BREAK, " ")
