"""The worlds of a study before it is played: what differs in each, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simab.text.lists import listed, named

if TYPE_CHECKING:
    from simab.result.truth_summary import TruthSummary
    from simab.scenario.models import Scenario

__all__ = ["DescribedWorld", "described_worlds", "worlds_sentence"]

_JUDGED: Final = {
    "promote": "it is right to promote it",
    "keep": "it is wrong to promote it",
    "neither": "it is better by less than what matters, and nothing is held against a policy",
    "depends on when": "whether it is right to promote it depends on when that is decided",
}
_JUDGED_OF_SEVERAL: Final = {
    "keep": "it is wrong to promote any of them",
    "neither": "the best is better by less than what matters, and promoting it is not held against "
    "a policy",
    "depends on when": "which of them it is right to promote depends on when that is decided",
}
_SHORT: Final = {
    "promote": "promoting is right",
    "keep": "wrong",
    "neither": "held against no policy",
    "depends on when": "right or wrong by when it is decided",
}


@dataclass(frozen=True, slots=True)
class DescribedWorld:
    """A world of a study: its title, how it is made, and which way it is judged.

    `asks` is "promote" where the candidate is better by the smallest effect or more, "keep" where
    it is not better or is broken, "neither" between the two, and "depends on when" where that
    changes during a run. `judged` says so in words, of several candidates with those that it is
    right to promote. `same_as` names an earlier world that is played in its place.
    """

    name: str
    title: str
    made: str
    asks: str
    judged: str
    weight: float | None
    same_as: str | None

    def sentence(self) -> str:
        """The world in a line of a list."""
        if self.same_as is not None:
            return f"{self.title}: as the world {named(self.same_as)}, which is played in its place"
        return f"{self.title}: {self.made.rstrip('.')}; {self.judged}"


def described_worlds(scenario: Scenario) -> list[DescribedWorld]:
    """The worlds of a study of the scenario, without playing any.

    Where a variant breaks a guardrail on latency only because requests queue, a study may find by a
    run that it is wrong to promote it; here it is judged by its profile.
    """
    from simab.analyse.truth import truth_of_scenario
    from simab.scenario.worlds import worlds_of

    found = []
    for world in worlds_of(scenario):
        truth = truth_of_scenario(world.scenario, by_runs=False).summary()
        found.append(
            DescribedWorld(
                name=world.name,
                title=world.title,
                made=world.made,
                asks=truth.asks,
                judged=_judged(truth),
                weight=world.weight,
                same_as=world.same_as,
            )
        )
    return found


def _judged(truth: TruthSummary) -> str:
    """How promotions are judged; of several candidates it names those that are right."""
    if not truth.several:
        return _JUDGED[truth.asks]
    right = [named(each) for each in truth.judged("right") if each in truth.every_candidate]
    if truth.asks == "promote":
        return f"it is right to promote {listed(right, 'or')}"
    return _JUDGED_OF_SEVERAL[truth.asks]


def worlds_sentence(worlds: list[DescribedWorld]) -> str:
    """All worlds that are played in one sentence, by how the candidate is judged there."""
    parts = []
    for asks, says in _SHORT.items():
        titles = [each.title for each in worlds if each.same_as is None and each.asks == asks]
        if titles:
            parts.append(f"{says} in {listed([named(title) for title in titles])}")
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."
