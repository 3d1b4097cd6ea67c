"""The figure of how runs end in each world: a bar of all replications for each policy."""

from __future__ import annotations

from typing import Final, NamedTuple

from simab.report import canvas
from simab.report.candidate_text import any_candidate
from simab.report.over_worlds import distinct, in_world
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.result import PolicyResult, StudyResult
from simab.result.run_summary import Verdict
from simab.result.truth_summary import KEEP, PROMOTE
from simab.result.world_result import WorldResult
from simab.text import typeset

__all__ = ["PARTS", "draw_worlds", "part_words", "parts_of"]

_BAR: Final = 15
_ROW: Final = 20
_LINE: Final = 18
_EDGE: Final = 1.0
_SIZE: Final = canvas.TEXT - 1


class Part(NamedTuple):
    """One way in which replications end: what it is called, and how its piece of a bar looks.

    Of promotions of a candidate `judged` says what ending with that variant is, "" where that is
    neither right nor wrong, or a matter of when.
    """

    words: str
    verdicts: tuple[Verdict, ...]
    fill: str
    edge: str
    pattern: str = ""
    judged: str = ""


_PROMOTED: Final = (Verdict.PROMOTED_CANDIDATE,)
PARTS: Final = (
    Part("promoted, right", _PROMOTED, LIGHT["blue"], LIGHT["blue"], judged="right"),
    Part("promoted, wrong", _PROMOTED, LIGHT["paper"], LIGHT["vermillion"], "cross", "wrong"),
    Part("promoted", _PROMOTED, LIGHT["paper"], LIGHT["blue"], "diagonal"),
    Part(
        "another promoted", (Verdict.PROMOTED_OTHER,), LIGHT["paper"], LIGHT["purple"], "diagonal"
    ),
    Part(
        "control kept",
        (Verdict.KEPT_CONTROL, Verdict.ROLLED_BACK),
        LIGHT["paper"],
        LIGHT["soft"],
    ),
    Part("undecided", (Verdict.UNDECIDED,), LIGHT["paper"], LIGHT["soft"], "dots"),
    Part("failed", (), LIGHT["paper"], LIGHT["brown"], "lines"),
)
"""From left to right; what failed has no verdict."""


def part_words(result: StudyResult, at: int) -> str:
    """What a part is called; that of promotions, of several candidates, says that any counts."""
    part = PARTS[at]
    if part.verdicts != _PROMOTED:
        return part.words
    whose = any_candidate(result).removeprefix("the ")
    return f"{whose} {part.words}"


def parts_of(world: WorldResult, policy: PolicyResult | None, replications: int) -> list[int]:
    """How many replications each part has in a world; all failed where a policy finished none."""
    if policy is None:
        return [0] * (len(PARTS) - 1) + [replications]
    promoted = _judged_promotions(world, policy)
    counts = [
        promoted[part.judged]
        if part.verdicts == _PROMOTED
        else sum(policy.verdicts[verdict].count for verdict in part.verdicts)
        for part in PARTS[:-1]
    ]
    return [*counts, policy.failed]


def _judged_promotions(world: WorldResult, policy: PolicyResult) -> dict[str, int]:
    """Promotions of a candidate by what it is to end with that variant."""
    truth, found = world.truth, {"right": 0, "wrong": 0, "": 0}
    whole = policy.verdicts[Verdict.PROMOTED_CANDIDATE].count
    shares = {truth.candidate: whole}
    if truth.several:
        decided = policy.decides_for
        shares = {each: decided[each].count for each in truth.every_candidate if each in decided}
    for name, count in shares.items():
        judgement = "" if truth.depends else truth.judgements.get(name, "")
        found[judgement if judgement in found else ""] += count
    found[""] += whole - sum(found.values())
    return found


def draw_worlds(result: StudyResult, width: float) -> str:
    """Policy after policy, the worlds below each other; what nobody's runs do has no entry."""
    worlds = distinct(result)
    bars = {
        (policy.name, world.name): parts_of(
            world, in_world(world, policy.name), result.replications
        )
        for policy in result.policies
        for world in worlds
    }
    used = [at for at in range(len(PARTS)) if any(counts[at] for counts in bars.values())]
    wide = width > 500
    longest = max(canvas.text_width(_title(each), _SIZE) for each in worlds)
    left = min(longest, 0.3 * width if wide else 0.42 * width) + 10
    words = [part_words(result, at) for at in used]
    legend = _legend_places(words, width)
    top = legend[-1][1] + 26
    block = _LINE + 8 + _ROW * len(worlds) + 8
    paper = Paper(width, top + block * len(result.policies) + 24)
    for at, said, (x, y) in zip(used, words, legend, strict=True):
        _piece(paper, PARTS[at], (x, y - 11), 16, 12)
        paper.words((x + 22, y), said)
    room = _Room(left, width - _EDGE, top, paper.height - 24)
    _scale(paper, room)
    for row, policy in enumerate(result.policies):
        y = top + block * row
        paper.words((0, y + 14), canvas.fit(policy.name, 0.9 * width), size=canvas.TEXT, bold=True)
        for line, world in enumerate(worlds):
            _bar(paper, room, world, bars[policy.name, world.name], y + _LINE + 8 + _ROW * line)
    return paper.svg()


class _Room(NamedTuple):
    """Where the bars are: left and right ends, top and bottom of the scale."""

    left: float
    right: float
    top: float
    bottom: float


def _legend_places(entries: list[str], width: float) -> list[tuple[float, float]]:
    """Where each entry stands: side by side, in as many lines as they need."""
    places: list[tuple[float, float]] = []
    x, y = _EDGE, 13.0
    for words in entries:
        room = 22 + canvas.text_width(words, _SIZE)
        if places and x + room > width:
            x, y = _EDGE, y + 20
        places.append((x, y))
        x += room + 20
    return places


def _scale(paper: Paper, room: _Room) -> None:
    for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        x = room.left + part * (room.right - room.left)
        paper.line([(x, room.top + _LINE), (x, room.bottom)], LIGHT["grid"])
        label = f"{100 * part:g}{typeset.THIN}%"
        paper.words((x, room.bottom + 17), label, anchor=anchor, colour=LIGHT["soft"])


def _bar(paper: Paper, room: _Room, world: WorldResult, counts: list[int], y: float) -> None:
    """The title of the world and its bar, with the share of each part where there is room."""
    title = canvas.fit(_title(world), room.left - 10, _SIZE)
    paper.words((0, y + 12), title, colour=LIGHT["soft"])
    runs, x = max(sum(counts), 1), room.left
    for at, count in enumerate(counts):
        if count:
            length = (room.right - room.left) * count / runs
            _piece(paper, PARTS[at], (x, y), length, _BAR)
            _number(paper, (x, y), length, count / runs, PARTS[at])
            x += length


def _title(world: WorldResult) -> str:
    """The world, and what is right there where one of the two is."""
    return (
        world.label.title
        if world.asks not in (KEEP, PROMOTE)
        else f"{world.label.title}: {world.asks}"
    )


def _piece(
    paper: Paper, part: Part, corner: tuple[float, float], length: float, height: float
) -> None:
    fill = paper.pattern(part.pattern, part.edge) if part.pattern else part.fill
    paper.rectangle(corner, (length, height), fill, part.edge)


def _number(
    paper: Paper, corner: tuple[float, float], length: float, share: float, part: Part
) -> None:
    words = typeset.whole_percent(share)
    if canvas.text_width(words, _SIZE) + 8 > length:
        return
    solid = part.fill != LIGHT["paper"]
    place = (corner[0] + length / 2, corner[1] + 12)
    colour = LIGHT["paper"] if solid else LIGHT["ink"]
    paper.words(place, words, anchor="middle", colour=colour, halo=not solid)
