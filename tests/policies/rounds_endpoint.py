"""Rounds without a simulator: an endpoint that does what is asked; labels are drawn or given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simab.policies import Deploy, EndpointStatus, Hold, Observation, Promote
from simab.policies.experiments.rounds import Rounds
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, requests, successes

Counts = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class PastLabels:
    """A metrics view of labels minute by minute: right and labelled answers of each variant."""

    minutes: Sequence[Counts]
    now: int
    period_ns: int = MINUTE

    @property
    def published_until_ns(self) -> int:
        return self.now * MINUTE

    def labels(self, variant: str) -> LabelTotals:
        """All that have arrived by now."""
        right, labelled = self.minutes[self.now].get(variant, (0, 0))
        return successes(right, labelled - right)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """One request a minute; whole windows alone."""
        assert since_ns % MINUTE == until_ns % MINUTE == 0
        return requests([40.0] * ((until_ns - since_ns) // MINUTE))

    def as_of(self, earlier_ns: int) -> PastLabels:
        """The same at an earlier minute."""
        return PastLabels(self.minutes, min(earlier_ns // MINUTE, self.now))


def seen(
    minutes: Sequence[Counts],
    weights: Mapping[str, float],
    candidates: Sequence[str],
    **fields: Any,
) -> Observation:
    """The endpoint at the last of these minutes, which begin with 0."""
    now = len(minutes) - 1
    plain = Observation(
        now_ns=now * MINUTE,
        status=EndpointStatus.IN_SERVICE,
        weights=weights,
        instances={},
        control="old",
        candidate=candidates[0],
        metrics=PastLabels(minutes, now),
        several=tuple(candidates) if len(candidates) > 1 else (),
    )
    return plain._replace(**fields)


def played(
    policy: Rounds, shares: Mapping[str, float], labelled: int, rng: np.random.Generator
) -> tuple[Promote | None, list[Deploy]]:
    """One run: each minute the two that serve get so many labels; an update takes a minute."""
    names = [name for name in shares if name != "old"]
    weights: Mapping[str, float] = {"old": 0.5, names[0]: 0.5}
    minutes: list[Counts] = [{}]
    deployed: list[Deploy] = []
    state: Any = None
    for _ in range(60):
        before = minutes[-1]
        gained = {
            name: (int(rng.binomial(labelled, shares[name])), labelled)
            for name, weight in weights.items()
            if weight > 0
        }
        minutes.append(
            {
                name: tuple(np.add(before.get(name, (0, 0)), gained.get(name, (0, 0))).tolist())
                for name in {**before, **gained}
            }
        )
        actions, state = policy.decide(state, seen(minutes, weights, names))
        for action in actions:
            if isinstance(action, Promote):
                return action, deployed
            if isinstance(action, Deploy):
                deployed.append(action)
                weights = action.weights
            else:
                assert isinstance(action, Hold)
    return None, deployed
