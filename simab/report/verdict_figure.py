"""The figure of how runs end: a bar for each policy, right endings left, wrong ones right.

Both ends of the bars have a common base line, so right and wrong endings can both be compared.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simab.report import canvas, formatting
from simab.report.overlay import Overlay
from simab.report.palette import LIGHT
from simab.report.verdict_columns import VerdictColumn, ending_names, endings, judgements
from simab.result import PolicyResult, StudyResult
from simab.text import typeset

__all__ = ["draw_endings", "ending_order"]

_ROW: Final = 54
_LINE: Final = 18  # of text over a bar
_BOLD: Final = 1.12  # how much wider bold text is
_GAP: Final = 12
_BAR: Final = 24
_EDGE: Final = 1  # room for half of the outline


_STRIPES: Final = ("---", r"--\\", "--//", "--")  # of right endings beyond the first, which is full
_CIRCLES: Final = ("oo", "OO", "**")  # of those that are neither, beyond the first
_BARS: Final = ("|||", r"\\\\", "xxx", "+++", "||//", r"||\\", "//")  # wrong, beyond the first


class Look(NamedTuple):
    """How the segment of an ending is filled."""

    face: str
    edge: str
    hatch: str


_RIGHT: Final = Look(LIGHT["blue"], LIGHT["blue"], "")
_NEITHER: Final = Look(LIGHT["paper"], LIGHT["soft"], "..")
_SPLIT: Final = Look(LIGHT["paper"], LIGHT["soft"], "")
_WRONG: Final = Look(LIGHT["paper"], LIGHT["vermillion"], "////")
_LOOKS: Final = {
    "right": (_RIGHT, *(_RIGHT._replace(face=LIGHT["paper"], hatch=each) for each in _STRIPES)),
    "neither": (_NEITHER, *(_NEITHER._replace(hatch=each) for each in _CIRCLES)),
    "wrong": (_WRONG, *(_WRONG._replace(hatch=each) for each in _BARS)),
}
"""Of endings that are judged alike: with so many none looks like another."""


class Segment(NamedTuple):
    """One way in which runs end: whose, how it is judged, and how it looks."""

    column: VerdictColumn
    judged: str
    look: Look


def ending_order(result: StudyResult) -> list[Segment]:
    """Endings from right to wrong; those that nobody's runs have only where they are judged."""
    if result.truth.depends:
        return _by_judgement(result)
    *ended, split = endings(result)
    judged = [result.truth.judgements.get(name, "") for name in ending_names(result)]
    order: list[Segment] = []
    for judgement, among in _LOOKS.items():
        own = [each for each, its in zip(ended, judged, strict=True) if its == judgement]
        if judgement == "wrong":
            order.append(Segment(split, "", _SPLIT))
            # The first one stands at the right end of the bar.
            order += [
                Segment(each, judgement, among[at % len(among)])
                for at, each in reversed(list(enumerate(own)))
            ]
        else:
            order += [
                Segment(each, judgement, among[at % len(among)]) for at, each in enumerate(own)
            ]
    return [
        each
        for each in order
        if each.judged in ("right", "wrong")
        or any(each.column.share(policy).count for policy in result.policies)
    ]


def _by_judgement(result: StudyResult) -> list[Segment]:
    """How endings are judged, where that depends on more than the variant."""
    looks = {"is right": _RIGHT, "neither": _NEITHER, "is wrong": _WRONG}
    columns = {each.short: each for each in judgements(result)}
    return [Segment(columns[each], "", look) for each, look in looks.items() if each in columns]


def draw_endings(result: StudyResult, width: float) -> Figure:
    """The bars, with the 95 % interval of the share of right endings."""
    order = ending_order(result)
    entries = _legend_entries(order, width)
    top = entries[-1].y + 40
    span = width - 2 * _EDGE
    head = _LINE if all(_fits_beside(policy, span) for policy in result.policies) else 2 * _LINE
    row_height = _ROW - _LINE + head
    height = top + row_height * len(result.policies) + 28
    figure = canvas.sheet(width, height)
    paper = Overlay(figure)
    for entry in entries:
        _segment(paper, (entry.x, entry.y + 3), (18, 14), entry.look)
        paper.text(entry.x + 25, entry.y + 14, entry.words, size=canvas.TEXT - 1)
    _scale(paper, span, top, height - 28)
    bare = _bare(result, order, span)
    for row, policy in enumerate(result.policies):
        _bar(paper, policy, order, (top + row_height * row, head), span, bare)
    return figure


class Piece(NamedTuple):
    """A segment of a bar: what it is, its share, its ends, and where its words may begin."""

    segment: Segment
    share: float
    left: float
    right: float
    words_from: float

    @property
    def name(self) -> str:
        """What its words say beside the percentage."""
        return self.segment.column.short.removeprefix("ends with ")

    def has_room(self, words: str) -> bool:
        """Whether these stand in it, clear of the interval of right endings."""
        room = self.right - self.words_from
        return canvas.text_width(words, canvas.TEXT - 1) + 10 <= room

    @property
    def number(self) -> str:
        """Its share, as it is written in it."""
        return typeset.whole_percent(self.share)


def _pieces(policy: PolicyResult, order: list[Segment], span: float) -> Iterator[Piece]:
    """The segments of a bar that have runs, from the left."""
    left = float(_EDGE)
    taken = _EDGE + policy.correct.high * span + 6  # the whisker's end
    for segment in order:
        found = segment.column.share(policy)
        right = left + found.share * span
        if found.count:
            yield Piece(segment, found.share, left, right, max(left, taken))
        left = right


def _bare(result: StudyResult, order: list[Segment], span: float) -> set[str]:
    """Endings whose segments have the percentage alone, as in one of them is no room for more."""
    return {
        piece.segment.column.short
        for policy in result.policies
        for piece in _pieces(policy, order, span)
        if piece.has_room(piece.number) and not piece.has_room(f"{piece.number} {piece.name}")
    }


class Entry(NamedTuple):
    """One entry of the legend and where it stands."""

    x: float
    y: float
    words: str
    look: Look


def _legend_entries(order: list[Segment], width: float) -> list[Entry]:
    """The entries side by side, in as many lines as they need."""
    entries: list[Entry] = []
    x, y = float(_EDGE), 0.0
    for column, judged, look in order:
        words = canvas.fit(column.short, width / 2) + (f": {judged}" if judged else "")
        room = 25 + canvas.text_width(words, canvas.TEXT - 1)
        if entries and x + room > width:
            x, y = float(_EDGE), y + 24
        entries.append(Entry(x, y, words, look))
        x += room + 22
    return entries


def _scale(paper: Overlay, span: float, top: float, bottom: float) -> None:
    for part in (0, 0.25, 0.5, 0.75, 1):
        x = _EDGE + part * span
        paper.plot([x, x], [top, bottom], color=LIGHT["grid"], linewidth=1, zorder=0)
        label = f"{100 * part:g}{typeset.THIN}%"
        align = "left" if part == 0 else "right" if part == 1 else "center"
        edge = 0 if part == 0 else span + 2 * _EDGE if part == 1 else x
        paper.text(edge, bottom + 18, label, ha=align, size=canvas.TEXT - 1, color=LIGHT["soft"])


def _note(policy: PolicyResult) -> str:
    return f"right in {formatting.proportion(policy.correct)}"


def _fits_beside(policy: PolicyResult, span: float) -> bool:
    """Whether the name stands whole on one line with the note."""
    room = span - canvas.text_width(_note(policy), canvas.TEXT - 1)
    return canvas.text_width(policy.name, canvas.TEXT) * _BOLD + _GAP <= room


def _bar(
    paper: Overlay,
    policy: PolicyResult,
    order: list[Segment],
    place: tuple[float, float],
    span: float,
    bare: Container[str],
) -> None:
    """Name and note over the bar, beside each other or on two lines; place: top, their height."""
    top, head = place
    beside = head == _LINE
    paper.text(_EDGE, top + 16, canvas.fit(policy.name, span / _BOLD), weight="bold")
    paper.text(
        _EDGE + span if beside else _EDGE,
        top + 16 + head - _LINE,
        _note(policy),
        ha="right" if beside else "left",
        size=canvas.TEXT - 1,
        color=LIGHT["soft"],
    )
    y = top + head + 5
    for piece in _pieces(policy, order, span):
        look = piece.segment.look
        _segment(paper, (piece.left, y), (piece.right - piece.left, _BAR), look)
        if look is not _RIGHT:
            _name_segment(paper, piece, y, named=piece.segment.column.short not in bare)
    _whisker(paper, policy, y + _BAR / 2, span)


def _segment(
    paper: Overlay, corner: tuple[float, float], size: tuple[float, float], look: Look
) -> None:
    paper.shape(
        Rectangle(
            corner, *size, facecolor=look.face, edgecolor=look.edge, hatch=look.hatch, linewidth=1.2
        )
    )


def _name_segment(paper: Overlay, piece: Piece, y: float, *, named: bool) -> None:
    """Percentage, and word where all have it, in the middle of the segment if there is room."""
    text = f"{piece.number} {piece.name}" if named else piece.number
    if piece.has_room(text):
        middle, size = (piece.words_from + piece.right) / 2, canvas.TEXT - 1
        paper.text(middle, y + 16.5, text, ha="center", size=size, gid="class:halo")


def _whisker(paper: Overlay, policy: PolicyResult, y: float, span: float) -> None:
    low, high = (_EDGE + bound * span for bound in (policy.correct.low, policy.correct.high))
    for colour, thick, cap in ((LIGHT["paper"], 4.5, 6.5), (LIGHT["ink"], 1.6, 5)):
        paper.plot([low, high], [y, y], color=colour, linewidth=thick, zorder=4)
        for x in (low, high):
            paper.plot([x, x], [y - cap, y + cap], color=colour, linewidth=thick, zorder=4)
