"""What changed between two studies, in words: sentences, and a table of the quantities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simab.report import formatting
from simab.report.requirement_text import statement_text
from simab.report.table import Cell, Column, Table, cell
from simab.result.columns import COLUMNS, Unit
from simab.result.study_change import ChangedVerdict, OnlyIn, QuantityChange, StudyChange
from simab.text import typeset
from simab.text.lists import listed, listed_few, named
from simab.text.numbers import counted

__all__ = ["change_line", "change_sentences", "change_table", "verdict_texts"]

_NAMES: Final = {
    "promotes": "promotes the candidate",
    "correct": "is right",
    "time_to_decision": "time to decision",
}
_MOST_NAMES: Final = 6
_LONGEST: Final = 60  # of a parameter's value


def change_sentences(change: StudyChange) -> list[str]:
    """How the two were compared, what only one has, which parameters and verdicts changed."""
    found = [_compared(change), *_only("first", change.only_before)]
    found += _only("second", change.only_after)
    found += _parameters(change)
    found += verdict_texts(change)
    found += _recommended(change)
    return [each for each in found if each]


def _compared(change: StudyChange) -> str:
    paired = [each.title for each in change.worlds if each.paired]
    parts = []
    if paired:
        where = "all worlds" if len(paired) == len(change.worlds) else listed_few(paired, 4)
        runs = counted(min(change.before.replications, change.after.replications), "run")
        parts.append(f"In {where} both had the same clients: {runs} are compared one by one.")
    reasons: dict[str, list[str]] = {}
    for world in change.worlds:
        if not world.paired:
            reasons.setdefault(world.reason, []).append(world.title)
    for reason, titles in reasons.items():
        where = "All worlds" if len(titles) == len(change.worlds) else listed_few(titles, 4)
        parts.append(f"{where}: compared as independent runs, because {reason}.")
    if not change.worlds:
        parts.append("The two studies have no world of the same name: nothing can be compared.")
    elif not change.quantities:
        parts.append("The two studies have no policy of the same name: nothing can be compared.")
    return " ".join(parts)


def _only(which: str, only: OnlyIn) -> list[str]:
    parts = []
    if only.worlds:
        many = "world" if len(only.worlds) == 1 else "worlds"
        parts.append(f"the {many} {listed_few(only.worlds, _MOST_NAMES)}")
    if only.policies:
        many = "policy" if len(only.policies) == 1 else "policies"
        parts.append(f"the {many} {listed_few(only.policies, _MOST_NAMES)}")
    if only.requirements:
        texts = [statement_text(each, alone=False) for each in only.requirements]
        parts.append(f"the {'requirement' if len(texts) == 1 else 'requirements'} {listed(texts)}")
    return [f"Only the {which} study has {listed(parts)}."] if parts else []


def _parameters(change: StudyChange) -> list[str]:
    policies: dict[str, list[str]] = {}
    for each in change.parameters:
        was, now = (_short(value) or "absent" for value in (each.before, each.after))
        policies.setdefault(each.policy, []).append(f"{each.parameter} from {was} to {now}")
    found = []
    for name, texts in policies.items():
        shown = texts[:_MOST_NAMES]
        more = len(texts) - len(shown)
        rest = [counted(more, "more parameter")] if more else []
        found.append(f"{named(name)} is another rule: {listed([*shown, *rest])}.")
    return found


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def verdict_texts(change: StudyChange) -> list[str]:
    """Each policy whose verdict is another one, then the requirements of which it is so."""
    titles = {world.name: world.title for world in change.worlds}
    return [_verdict(each, titles) for each in change.verdicts]


def _verdict(each: ChangedVerdict, titles: Mapping[str, str]) -> str:
    moved = f"{each.before} before, {each.after} now"
    if each.requirement is None:
        return f"{named(each.policy)}: {moved}."
    where = f" in the world {named(titles.get(each.world, each.world))}" if each.world else ""
    return f"{named(each.policy)}, {statement_text(each.requirement)}{where}: {moved}."


def _recommended(change: StudyChange) -> list[str]:
    before, after = change.before.recommended, change.after.recommended
    if before == after:
        return []
    words = [named(name) if name is not None else "none" for name in (before, after)]
    return [f"The rule to use was {words[0]} and is {words[1]}."]


def change_table(change: StudyChange) -> Table:
    """A row for each quantity that changed by more than chance, by world and policy."""
    columns = (
        Column("World", numeric=False),
        Column("Policy", numeric=False),
        Column("Quantity", numeric=False),
        Column("Before"),
        Column("Now"),
        Column("Change", "95 % interval"),
    )
    titles = {world.name: world.title for world in change.worlds}
    rows = []
    for each in change.changed:
        write, written = _WRITERS[_unit(each.quantity)]
        moved = formatting.Written(*written(each.difference, each.low, each.high))
        rows.append(
            (
                Cell(titles[each.world]),
                Cell(each.policy),
                Cell(quantity_name(each)),
                Cell(write(each.before)),
                Cell(write(each.after)),
                cell(moved),
            )
        )
    return Table(counted_sentence(change), columns, tuple(rows))


def counted_sentence(change: StudyChange) -> str:
    """How many quantities changed, of how many."""
    whole = f"{typeset.count(len(change.quantities))} quantities"
    differ = sum(each.differs for each in change.quantities)
    if not change.quantities:
        return "Nothing was compared"
    many = f"{typeset.count(differ)} of {whole} differ{'s' * (differ == 1)}"
    text = f"{many if differ else f'None of {whole} differs'} by more than chance"
    open_ = sum(each.is_open for each in change.quantities)
    return f"{text}; of {typeset.count(open_)} more it is not known" if open_ else text


def quantity_name(each: QuantityChange) -> str:
    """The words for a quantity; a time of runs that are not paired is the median."""
    if each.quantity == "time_to_decision":
        return f"time to decision, {'mean within the horizon' if each.paired else 'median'}"
    return _NAMES.get(each.quantity) or COLUMNS[each.quantity].title.lower()


def change_line(change: StudyChange, most: int = 3) -> str:
    """The changes in one line: verdicts first, then the quantities furthest from chance."""
    parts = [_verdict(each, {}).rstrip(".") for each in change.verdicts if not each.requirement]
    titles = {world.name: world.title for world in change.worlds}
    moved = sorted(change.changed, key=lambda each: (not each.differs, each.adjusted_p_value))
    for each in moved[:most]:
        write, written = _WRITERS[_unit(each.quantity)]
        size = formatting.Written(*written(each.difference, each.low, each.high))
        parts.append(
            f"{named(each.policy)}, {titles[each.world]}: {quantity_name(each)} "
            f"{write(each.before)}, now {write(each.after)}, {size}"
        )
    if len(moved) > most:
        parts.append(counted(len(moved) - most, "more change"))
    return f"{'; '.join(parts) or counted_sentence(change)}."


def _unit(quantity: str) -> Unit:
    if quantity in ("promotes", "correct"):
        return Unit.SHARE
    return Unit.SECONDS if quantity == "time_to_decision" else COLUMNS[quantity].unit


def _percent(share: float) -> str:
    return typeset.percent(share, 1 if 0 < share < 0.1 else 0)


def _count(value: float) -> str:
    return typeset.decimal(value, 0 if abs(value) >= 100 or value == 0 else 1)


_Writer = tuple[Callable[[float], str], Callable[[float, float, float], Sequence[str]]]
_WRITERS: Final[Mapping[Unit, _Writer]] = {
    Unit.SHARE: (_percent, formatting.points),
    Unit.SECONDS: (typeset.duration, formatting.signed_duration),
    Unit.EXCESS_SECONDS: (typeset.duration, formatting.signed_duration),
    Unit.COUNT: (_count, formatting.difference),
    Unit.METRIC: (typeset.metric_value, formatting.difference),
    Unit.COST: (typeset.metric_value, formatting.difference),
    Unit.GAIN: (typeset.metric_value, formatting.difference),
}
