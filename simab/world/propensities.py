"""What each client of a replication is like: the words below which its answers are successes, and
the factors of what they earn.

Made once for a replication, by the same code for both data planes, which read the same tables. A
client's words depend on the seed, the replication, its segment and its number alone, so that all
policies and all worlds meet the same clients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws, Purpose, own_words, salt_of, stream_of
from simab.profiles.copula import correlated
from simab.profiles.propensities import FACTOR_BITS, ClientProbabilities, factor_table
from simab.profiles.quantile_table import QuantileTable
from simab.scenario.models import Scenario
from simab.stats.fixed_arrays import fixed
from simab.world.conditions import SAME_ANSWERS, ConditionTables

__all__ = ["ALL_ALIKE", "HALF_FACTOR", "ClientPropensities", "PropensityPlan", "propensity_plans"]

ALL_ALIKE: Final = -1
"""In place of where the clients' thresholds begin, where answers are alike for all of them."""
_PROBABILITY, _OWN_PROBABILITY, _FACTOR, _OWN_FACTOR = range(4)
HALF_FACTOR: Final = 1 << FACTOR_BITS - 1
"""Half of a factor of 1: what is added before a product is cut off to whole units."""
Words: TypeAlias = NDArray[np.uint64]
Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PropensityPlan:
    """How the clients of a segment differ.

    `probabilities` are those of a success, by variant and number of the answers that it gives;
    `factors` the table of those of rewards, with every variant.
    """

    segment: int
    stream: int
    clients: int
    correlation: float
    salts: tuple[int, ...]
    probabilities: Mapping[tuple[int, int], ClientProbabilities]
    factors: QuantileTable | None


@dataclass(frozen=True, slots=True, eq=False)
class ClientPropensities:
    """The thresholds of all clients, one list after the other, and so their factors.

    The list of a segment's clients with a variant and its answers begins at `starts`, shape
    (segments, variants, answers), which is ALL_ALIKE where they do not differ; that of their
    factors, in units of 2**-18, at `factor_starts`, shape (segments, variants).
    """

    thresholds: Words
    starts: Integers
    factors: Integers
    factor_starts: Integers

    @classmethod
    def of(
        cls, plans: Sequence[PropensityPlan], draws: Draws, shape: tuple[int, int, int]
    ) -> ClientPropensities:
        """Those of a replication; `shape` is that of `starts`."""
        starts = np.full(shape, ALL_ALIKE, dtype=np.int64)
        lists = [np.zeros(0, dtype=np.uint64)]
        length = 0
        factor_starts = np.full(shape[:2], ALL_ALIKE, dtype=np.int64)
        factors = [np.zeros(0, dtype=np.int64)]
        for plan in plans:
            for variant, own in enumerate(_factors(plan, draws)):
                factor_starts[plan.segment, variant] = sum(map(len, factors))
                factors.append(own)
            for places, found in _thresholds(plan, draws):
                for variant, answers in places:
                    starts[plan.segment, variant, answers] = length
                lists.append(found)
                length += len(found)
        return cls(
            np.concatenate(lists), fixed(starts), np.concatenate(factors), fixed(factor_starts)
        )

    def succeeds_below(self, place: tuple[int, int, int], client: int) -> int | None:
        """The threshold of a client of a segment with a variant and its answers; None of none."""
        start = int(self.starts[place])
        return None if start == ALL_ALIKE else int(self.thresholds[start + client])

    def multiplied(self, place: tuple[int, int], client: int, units: int, lowest: int) -> int:
        """A reward, in units above the lowest, as a client of a segment earns it with a variant.

        To the nearest unit, a half up; 0 stays 0.
        """
        start = int(self.factor_starts[place])
        if start == ALL_ALIKE:
            return units
        factor = int(self.factors[start + client])
        return ((lowest + units) * factor + HALF_FACTOR >> FACTOR_BITS) - lowest


def propensity_plans(scenario: Scenario, conditions: ConditionTables) -> tuple[PropensityPlan, ...]:
    """A plan for each segment whose clients differ."""
    names = list(scenario.endpoint.variants)
    found = []
    for number, (name, segment) in enumerate(scenario.traffic.items()):
        if segment.propensities is None:
            continue
        law, rewards = segment.propensities.probability, segment.propensities.rewards
        probabilities = {}
        for place in _given_answers(conditions, number, len(names)) if law is not None else ():
            shares = conditions.samplers[place[1]].shares
            own = law.around(float(shares[0])) if law is not None and len(shares) > 1 else None
            if own is not None:
                probabilities[place] = own
        found.append(
            PropensityPlan(
                segment=number,
                stream=stream_of(name),
                clients=segment.clients,
                correlation=segment.propensities.correlation,
                salts=tuple(map(salt_of, names)),
                probabilities=probabilities,
                factors=None if rewards is None else factor_table(rewards),
            )
        )
    return tuple(found)


def _given_answers(
    conditions: ConditionTables, segment: int, variants: int
) -> Iterator[tuple[int, int]]:
    """Each variant with each number of answers that it gives to a segment at any time."""
    for variant in range(variants):
        numbers = {conditions.outcomes_of[segment][variant]: None}
        for effect in conditions.effects[segment][variant]:
            if effect.outcomes != SAME_ANSWERS:
                numbers[effect.outcomes] = None
        yield from ((variant, number) for number in numbers)


def _thresholds(
    plan: PropensityPlan, draws: Draws
) -> Iterator[tuple[list[tuple[int, int]], Words]]:
    """Lists of thresholds, and for which variants and answers each is: equal ones are made once."""
    words = draws.blocks(Purpose.PROPENSITY, plan.stream, 0, plan.clients)
    shared, apart = words[:, _PROBABILITY], words[:, _OWN_PROBABILITY]
    lists: dict[tuple[int, int | None], list[tuple[int, int]]] = {}
    for place, law in plan.probabilities.items():
        own = None if plan.correlation == 1.0 else plan.salts[place[0]]
        lists.setdefault((id(law), own), []).append(place)
    for (_, own), places in lists.items():
        mixed = shared
        if own is not None:
            mixed = correlated(shared, own_words(apart, own), plan.correlation)
        yield places, plan.probabilities[places[0]].thresholds(mixed)


def _factors(plan: PropensityPlan, draws: Draws) -> Iterator[Integers]:
    """The factors of all clients with each variant; none where their rewards are not multiplied."""
    if plan.factors is None:
        return
    words = draws.blocks(Purpose.PROPENSITY, plan.stream, 0, plan.clients)
    shared, apart = words[:, _FACTOR], words[:, _OWN_FACTOR]
    alike = plan.factors.draws(shared) if plan.correlation == 1.0 else None
    for salt in plan.salts:
        if alike is not None:
            yield alike
        else:
            yield plan.factors.draws(correlated(shared, own_words(apart, salt), plan.correlation))
