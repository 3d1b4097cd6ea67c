"""Writes docs/policies.md, docs/profiles.md and docs/actions.md from the texts in the code.

Run `python tests/repository/reference.py` after a text, a parameter or a kind changed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from simab.scenario.reference import Entry, Parameter, Part, Topic, entries

NAMES = "A name in capitals, such as {}, stands for the fields that the end of the page lists."
PAGES: dict[Topic, tuple[str, str, str]] = {
    "policy": (
        "policies.md",
        "The policies",
        "Every kind of policy that a scenario file can name, with its rule, its source, when it "
        "misleads and its parameters. `simab explain --policy KIND` prints the same. A parameter "
        f"without a default is required. {NAMES.format('ErrorRateMargin')}",
    ),
    "profile": (
        "profiles.md",
        "The profiles",
        "Every kind of latency, label delay, quality, score, reward and way to count young "
        "requests that a scenario file can name. `simab explain --profile KIND` prints the same. A "
        "parameter without a default is required.",
    ),
    "action": (
        "actions.md",
        "The actions",
        "What a policy may ask for; `simab explain --action NAME` prints the same. Each also has "
        "`because`, the reason in one sentence. Types are those of Python. A field without a "
        f"default is required. {NAMES.format('SessionAffinity')}",
    ),
}


def page(topic: Topic) -> str:
    """A whole page, from the texts as they stand."""
    _, title, about = PAGES[topic]
    note = "Written by `python tests/repository/reference.py`."
    return (
        "\n\n".join([f"# {title}", _paragraph(f"{about} {note}"), *_blocks(entries(topic))]) + "\n"
    )


def _blocks(found: Sequence[Entry]) -> Iterator[str]:
    for group, kinds in groupby(found, key=lambda entry: entry.group):
        several = len({entry.group for entry in found}) > 1
        if several:
            yield f"## {group.capitalize()}"
        for entry in kinds:
            yield f"##{'#' * several} {entry.kind}"
            yield from _entry(entry)
    parts = {part.name: part for entry in found for part in entry.parts}
    if parts:
        yield "## Fields under parameters"
    for part in sorted(parts.values(), key=lambda part: part.name):
        yield from _part(part)


def _entry(entry: Entry) -> Iterator[str]:
    yield from map(_paragraph, map(_escaped, entry.rule))
    if entry.source:
        yield _paragraph(f"**Source:** {_escaped(entry.source)}")
    if entry.misleads:
        rest = entry.misleads.removeprefix("It misleads")
        yield _paragraph(f"**It misleads**{_escaped(rest)}")
    if entry.parameters:
        yield _table(entry.parameters)


def _part(part: Part) -> Iterator[str]:
    yield f"### {part.name}"
    yield _paragraph(_escaped(part.text))
    yield _table(part.parameters)


def _table(parameters: Sequence[Parameter]) -> str:
    texts = any(parameter.text for parameter in parameters)
    lines = ["| field | values | default |", "|---|---|---|"]
    if texts:
        lines = ["| field | values | default | meaning |", "|---|---|---|---|"]
    for each in parameters:
        default = f"`{each.default}`" if each.default else ""
        cells = [f"`{each.name}`", _escaped(each.values), default]
        cells += [_escaped(each.text)] if texts else []
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _escaped(text: str) -> str:
    """What Markdown would take for marks is shown as it is, but for code between backticks."""
    pieces = text.split("`")
    plain = [re.sub(r"([*<\[\]])", r"\\\1", piece) for piece in pieces[::2]]
    pieces[::2] = plain
    return "`".join(pieces)


if __name__ == "__main__":
    docs = Path(__file__).resolve().parents[2] / "docs"
    for each, (name, _, _) in PAGES.items():
        (docs / name).write_text(page(each), encoding="utf-8")
