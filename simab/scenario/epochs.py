"""The epochs of a run: spans between the instants at which something of the timeline changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from simab.profiles import Truth
from simab.scenario.answers_over_time import AnswersOverTime
from simab.scenario.parts import UncheckedScenario

__all__ = ["MOST_EPOCHS", "Epoch", "epochs"]

MOST_EPOCHS: Final = 12


@dataclass(frozen=True, slots=True)
class Epoch:
    """A span of a run, and what is true of the variants' answers in it."""

    since_ns: int
    until_ns: int
    truths: dict[str, Truth]


def epochs(scenario: UncheckedScenario) -> list[Epoch]:
    """The epochs of a scenario whose answers change over time, at most MOST_EPOCHS; else none.

    They end where an entry that gives another quality begins, is in full force, fades or is gone;
    where there are more such instants, or none as with the seasons, the run is cut evenly.
    """
    if not scenario.other_answers:
        return []
    inside = {each for each in _instants(scenario) if 0 < each < scenario.horizon}
    if not 0 < len(inside) < MOST_EPOCHS:
        inside = {scenario.horizon * part // MOST_EPOCHS for part in range(1, MOST_EPOCHS)}
    edges_ns = [0, *sorted(inside), scenario.horizon]
    truths = AnswersOverTime(scenario).between(edges_ns)
    return [
        Epoch(since_ns, until_ns, {name: own[place] for name, own in truths.items()})
        for place, (since_ns, until_ns) in enumerate(pairwise(edges_ns))
    ]


def _instants(scenario: UncheckedScenario) -> Iterator[int]:
    for entry in scenario.other_answers:
        if entry.strength is not None or entry.repeats_every is not None:
            continue
        full_ns = entry.at + entry.ramp
        yield from (entry.at, full_ns)
        if entry.lasts is not None:
            yield from (full_ns + entry.lasts, full_ns + entry.lasts + entry.fade)
