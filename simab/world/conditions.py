"""What requests meet beside what variants are: the timeline, and answers by segment, as tables.

Strengths are functions of time that are known before a run, so that no control event is needed: a
request reads them at the instant at which a worker begins with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simab.draws import own_word, salt_of
from simab.profiles.outcomes import OutcomeSampler
from simab.profiles.quality import QualityProfile
from simab.profiles.strength import Strength, happens
from simab.scenario.models import Scenario
from simab.scenario.timeline import Conditions

__all__ = [
    "ALL_INSTANCES",
    "LONGEST_SERVICE_NS",
    "SAME_ANSWERS",
    "ConditionTables",
    "Effect",
    "fails",
    "outcomes_met",
    "service_under",
]

ALL_INSTANCES: Final = -1
SAME_ANSWERS: Final = -1
LONGEST_SERVICE_NS: Final = 1 << 61
"""What a service is cut off at: twice as much, added to a start, is counted in 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """An entry of the timeline as requests of a segment meet it at a variant.

    `outcomes` is the number of the sampler of its answers, or SAME_ANSWERS; `instance` the number
    of the one that it hits, or ALL_INSTANCES; `salt` tells its words from others.
    """

    strength: Strength
    latency_times: float
    error_rate: float
    outcomes: int
    instance: int
    salt: int


@dataclass(frozen=True, slots=True, eq=False)
class ConditionTables:
    """Samplers of answers, which one a segment's requests draw from at a variant, and effects.

    The first samplers are the variants' own, in their order. `outcomes_of` and `effects` are by
    segment and variant; of the effects the last of the timeline comes first.
    """

    samplers: tuple[OutcomeSampler, ...]
    outcomes_of: tuple[tuple[int, ...], ...]
    effects: tuple[tuple[tuple[Effect, ...], ...], ...]

    @classmethod
    def of(cls, scenario: Scenario, *, called: bool) -> ConditionTables:
        """Tabulate a scenario; a last segment is added where it is `called`."""
        samplers = _Samplers(scenario)
        names = list(scenario.endpoint.variants)
        segments = [(name, each.quality) for name, each in scenario.traffic.items()]
        segments += [("", {})] if called else []
        return cls(
            outcomes_of=tuple(
                tuple(
                    samplers.number_of(own[name]) if name in own else number
                    for number, name in enumerate(names)
                )
                for _, own in segments
            ),
            effects=tuple(
                tuple(tuple(_effects(scenario, segment, name, samplers)) for name in names)
                for segment, _ in segments
            ),
            samplers=tuple(samplers.all),
        )

    def own(self, variant: int) -> OutcomeSampler:
        """What a variant's answers are drawn from where nothing else is said."""
        return self.samplers[variant]

    def met(self, segment: int, variant: int, instance: int) -> tuple[Effect, ...]:
        """What hits the requests of a segment at an instance of a variant."""
        effects = self.effects[segment][variant]
        if not effects:  # as mostly
            return effects
        return tuple(each for each in effects if each.instance in (ALL_INSTANCES, instance))


def service_under(effects: tuple[Effect, ...], started_ns: int, service_ns: int) -> int:
    """How long a worker is busy with what it begins then and would otherwise take `service_ns`."""
    times = 1.0
    for effect in effects:
        times *= 1.0 + (effect.latency_times - 1.0) * effect.strength.at(started_ns)
    if times == 1.0:
        return service_ns
    return max(int(min(float(service_ns) * times, float(LONGEST_SERVICE_NS))), 1)


def fails(effects: tuple[Effect, ...], started_ns: int, word: int) -> bool:
    """Whether a request fails for what it met when a worker began with it."""
    return any(
        happens(own_word(word, effect.salt), effect.error_rate * effect.strength.at(started_ns))
        for effect in effects
    )


def outcomes_met(effects: tuple[Effect, ...], started_ns: int, word: int, usual: int) -> int:
    """The sampler that the answer is drawn from; `word` is that of the row."""
    for effect in effects:
        if effect.outcomes != SAME_ANSWERS and happens(
            own_word(word, effect.salt), effect.strength.at(started_ns)
        ):
            return effect.outcomes
    return usual


class _Samplers:
    """All samplers of a scenario, each once."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        variants = scenario.endpoint.variants.values()
        self.all = [scenario.sampler(variant.quality) for variant in variants]
        self._others: list[tuple[QualityProfile, int]] = []

    def number_of(self, quality: QualityProfile) -> int:
        """The number of a sampler that is not a variant's own."""
        for known, number in self._others:
            if known == quality:
                return number
        self._others.append((quality, len(self.all)))
        self.all.append(self._scenario.sampler(quality))
        return len(self.all) - 1


def _effects(
    scenario: Scenario, segment: str, variant: str, samplers: _Samplers
) -> Iterator[Effect]:
    """Of the timeline, the last first."""
    for number, entry in reversed([*enumerate(scenario.timeline)]):
        if not isinstance(entry, Conditions) or not entry.hits(segment, variant):
            continue
        yield Effect(
            strength=entry.strength_over(scenario.start, scenario.horizon),
            latency_times=entry.latency_times,
            error_rate=entry.error_rate,
            outcomes=SAME_ANSWERS if entry.quality is None else samplers.number_of(entry.quality),
            instance=ALL_INSTANCES if entry.instance is None else entry.instance,
            salt=salt_of(f"timeline {number}"),
        )
