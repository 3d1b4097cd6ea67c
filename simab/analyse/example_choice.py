"""Which runs of a policy are shown in full, and why, in words that are true of each run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.text.lists import named
from simab.text.numbers import counted

__all__ = ["chosen_example", "worst_example"]

_Ending: TypeAlias = tuple[Verdict, str | None]
"""What was decided, and of a promotion for whom."""

_PROMOTIONS: Final = (Verdict.PROMOTED_CANDIDATE, Verdict.PROMOTED_OTHER)
_ENDINGS: Final = {
    Verdict.KEPT_CONTROL: "kept the control",
    Verdict.ROLLED_BACK: "rolled back",
    Verdict.UNDECIDED: "stayed undecided",
}


def chosen_example(rows: Sequence[RunSummary], *, several: bool = False) -> tuple[RunSummary, str]:
    """The run of median time to decision among those that ended as most did, and why it.

    Promotions of two variants are two endings; `several` says that more candidates than one may
    replace the control, so that the reason names the one promoted. The first example stands open on
    the page: a rare ending would give the wrong picture. Undecided runs have no such time; of them,
    and of equal times, the one in the middle by number is taken.
    """
    counted = Counter(map(_ending, rows)).most_common()
    usual, count = counted[0]
    by_time = sorted(
        (row for row in rows if _ending(row) == usual),
        key=lambda row: (row.time_to_decision_s, row.replication),
    )
    chosen = by_time[(len(by_time) - 1) // 2]
    rivals = [many for _, many in counted[1:]]
    tied = all(row.decided_s == chosen.decided_s for row in by_time)
    words = _words(usual, several=several)
    undecided = chosen.verdict is Verdict.UNDECIDED
    order = _order(tied=tied, undecided=undecided)
    return chosen, _why(words, (count, len(rows)), rivals, order)


def worst_example(
    rows_by_world: Mapping[str, Sequence[RunSummary]],
) -> tuple[str, RunSummary, str] | None:
    """The run that did most harm in any world: its world, the run, and why it; None if none did.

    That is the run with most requests on worse variants, and of those with equally many the one
    decided last. Where no variant is worse, it is the wrong ending that was decided last.
    """
    runs = [(world, row) for world, rows in rows_by_world.items() for row in rows]
    harmful = [(world, row) for world, row in runs if row.requests_on_worse]
    if harmful:
        world, worst = max(
            harmful, key=lambda each: (each[1].requests_on_worse, each[1].time_to_decision_s)
        )
        most = f"{counted(worst.requests_on_worse, 'request')} to worse variants"
        return world, worst, f"of {_all(runs, rows_by_world)} this one sent the most: {most}"
    wrong = [(world, row) for world, row in runs if row.judgement is Judgement.WRONG]
    if not wrong:
        return None
    world, worst = max(wrong, key=lambda each: each[1].time_to_decision_s)
    why = f"of {counted(len(wrong), 'run')} that ended wrong, this one was decided last"
    return world, worst, why


def _all(
    runs: Sequence[tuple[str, RunSummary]], rows_by_world: Mapping[str, Sequence[RunSummary]]
) -> str:
    worlds = len(rows_by_world)
    return counted(len(runs), "run") + (f" in {worlds} worlds" if worlds > 1 else "")


def _ending(row: RunSummary) -> _Ending:
    return row.verdict, row.decided_for if row.verdict in _PROMOTIONS else None


def _words(ending: _Ending, *, several: bool) -> str:
    """The ending, of which a number of runs is the subject."""
    verdict, variant = ending
    if variant is not None and (several or verdict is Verdict.PROMOTED_OTHER):
        return f"promoted {named(variant)}"
    return _ENDINGS.get(verdict, "promoted the candidate")


def _order(*, tied: bool, undecided: bool) -> str:
    """How the runs that ended so are ordered, of which the one in the middle is taken."""
    if undecided:
        return "; by number"
    return ", at the same time; by number" if tied else "; by time to decision, then by number"


def _why(ended: str, counts: tuple[int, int], rivals: Sequence[int], order: str) -> str:
    count, runs = counts
    if runs == 1:
        return "the only run"
    ended = f"{'all' if count == runs else f'{count:,} of'} {runs:,} runs {ended}"
    if rivals:
        often = "more often than" if max(rivals) < count else "as often as"
        ended += f", {often} they ended in any other way"
    if count == 1:
        return f"{ended}; this is that run"
    place = "the middle one" if count % 2 else "the earlier of the two in the middle"
    return f"{ended}{order}, this is {place} of these"
