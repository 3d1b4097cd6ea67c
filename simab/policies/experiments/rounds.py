"""Rounds: the variant that reigns against the next candidate, until none is left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, ClassVar, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field, field_validator

from simab import units
from simab.description import Duration, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Deploy, Promote
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.experiment import Experiment, ExperimentState
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.round_metrics import RoundMetrics
from simab.policies.immature import Immature, SoFar, Weight
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import all_to
from simab.policies.policy import FineUnit, PlannedTest, Policy

__all__ = ["Rounds", "RoundsState"]

OfARound: TypeAlias = Annotated[
    FixedHorizonTest | GroupSequential | AlwaysValid | NaivePeeking | BayesianExperiment,
    Field(discriminator="kind"),
]
_CLOSE: Final = 1e-9


class RoundsState(NamedTuple):
    """Which round it is, from 1, who reigns, and the gains over the control that its wins add up
    to: as estimated, and as corrected for having won.

    `serving_since_ns` is when both were first seen to serve, `started_ns` when the round began:
    None before. `inner` is the state of its experiment. `because` says what the round before
    concluded.
    """

    number: int
    reigning: str
    gains: tuple[float | None, float | None] = (0.0, 0.0)
    serving_since_ns: int | None = None
    started_ns: int | None = None
    inner: ExperimentState | None = None
    finished: bool = False
    because: str = ""


class Rounds(Policy):
    """Compare the variant that reigns with the next candidate, drop the loser, add the next.

    The control reigns first, and candidates come in the order of the objective. A round puts both
    on the endpoint, removes the other candidates, and begins when both serve and `settle` is over.
    Its experiment sees what has come since, in the round's own time: labels that arrived since,
    whichever request they are of, so that each label counts in one round; where it reads answers
    one by one, those of requests that came since. Whoever wins a round reigns; after the last the
    reigning variant is promoted. Its estimated gain over the control adds up those of the rounds
    that were won. Source: the usual course of a team with more ideas than traffic; of the level
    over rounds, Bonferroni. It misleads where several candidates are better: each round is one more
    chance to lose a good one, and a gain that is estimated where it was large enough to win is too
    large. Where answers that fail are known later than those that succeed, the variant that reigned
    before has failures arriving that the new one does not have yet: set `settle`.
    """

    tests_the_objective: ClassVar[bool] = True
    chooses_among_all: ClassVar[bool] = True

    kind: Literal["rounds"] = "rounds"
    experiment: OfARound
    """How two variants are compared in each round; its `maximum_duration` is that of a round."""
    correction: Literal["bonferroni", "none"] = "bonferroni"
    """How rounds share the experiment's alpha: each has alpha over their number, or all of it
    (`none`). A Bayesian experiment has none to share."""
    candidate_share: Annotated[Share, Field(gt=0, lt=1)] = 0.5
    """The new candidate's part of the traffic of both."""
    settle: Duration = 0
    """How long both serve before a round begins: labels that arrive meanwhile count in none."""
    maximum_duration: PositiveDuration | None = None
    """When the variant that reigns is promoted, from the start of the run; never if absent."""

    @field_validator("experiment")
    @classmethod
    def _fits_a_round(cls, experiment: Experiment) -> Experiment:
        if experiment.pre_period is not None:
            raise InvalidInput(
                "pre_period keeps all traffic with the control at the start of a run, and a round "
                "has none; leave it out, or write settle for time before a round"
            )
        if experiment.correction is not None:
            raise InvalidInput(
                f"correction {experiment.correction} is for several candidates at once, and a "
                "round has one; write correction beside experiment"
            )
        if isinstance(experiment.immature, SoFar | Weight):
            raise InvalidInput(
                f"immature {experiment.immature.kind} counts requests before their labels, so that "
                "those of a round cannot be told from those before; write `{kind: wait}` or "
                "`{kind: window}`, or leave it out"
            )
        return experiment

    @property
    def immature(self) -> Immature | None:
        """How requests count whose labels are not all there yet, as the experiment says."""
        return self.experiment.immature

    def of_a_round(self, rounds: int) -> Experiment:
        """The experiment of each of so many rounds, at its part of alpha."""
        return _of_a_round(self.experiment, rounds if self.correction == "bonferroni" else 1)

    def one_of(self, candidates: int) -> Rounds:
        """The rule of each of so many rounds, at its part of alpha."""
        of_a_round = self.of_a_round(candidates)
        return self.model_copy(update={"experiment": of_a_round, "correction": "none"})

    def has_ended(self, state: RoundsState) -> bool:
        return state.finished

    def decide(
        self, state: RoundsState | None, observation: Observation
    ) -> tuple[Sequence[Action], RoundsState]:
        """Put the two of a round on the endpoint, then do as its experiment says."""
        at_start = state is None
        state = state or RoundsState(1, observation.control)
        if state.finished or observation.status is EndpointStatus.UPDATING:
            return (), state
        if self.maximum_duration is not None and observation.now_ns >= self.maximum_duration:
            return self._over(state, observation)
        if state.started_ns is None:
            wanted = self._weights(state, observation)
            if not _serve(observation.weights, wanted):
                challenger = _challenger(state, observation)
                because = state.because + (
                    f"round {state.number} of {len(observation.candidates)}: "
                    f"{challenger} against {state.reigning}"
                )
                return (Deploy(wanted, because=because),), state._replace(serving_since_ns=None)
            since_ns = state.serving_since_ns
            if since_ns is None:
                since_ns = 0 if at_start else observation.now_ns
                state = state._replace(serving_since_ns=since_ns)
            if observation.now_ns < since_ns + self.settle:
                return (), state
            # Where the first two serve from the start, so does their round begin.
            started_ns = since_ns if not self.settle else observation.now_ns
            state = state._replace(started_ns=started_ns)
        return self._looked(state, observation)

    def _looked(
        self, state: RoundsState, observation: Observation
    ) -> tuple[Sequence[Action], RoundsState]:
        """What the experiment of the round asks for: its promotion ends the round."""
        rounds = len(observation.candidates)
        seen = _of_the_round(state, observation)
        actions, inner = self.of_a_round(rounds).decide(state.inner, seen)
        end = actions[-1] if actions else None
        if not isinstance(end, Promote):
            return actions, state._replace(inner=inner)
        holds = actions[:-1]
        because = f"round {state.number} of {rounds}: {end.because}: {end.variant} goes on"
        gains = state.gains
        if end.variant != state.reigning:
            gains = _plus(gains[0], end.estimate), _plus(gains[1], end.corrected)
        after = RoundsState(state.number + 1, end.variant, gains, because=f"{because}; ")
        if state.number < rounds:
            wanted = self._weights(after, observation)
            because = f"{because} against {_challenger(after, observation)}"
            return (*holds, Deploy(wanted, because=because)), after
        shared = self.of_a_round(rounds) != self.experiment  # a Bayesian has no alpha to share
        if shared and self.correction == "bonferroni":
            because += f" ({rounds} rounds: bonferroni)"
        return (*holds, self._promotion(after, observation, because)), after._replace(finished=True)

    def _over(
        self, state: RoundsState, observation: Observation
    ) -> tuple[Sequence[Action], RoundsState]:
        assert self.maximum_duration is not None
        because = (
            f"over after {units.format_duration(self.maximum_duration)} in round {state.number} "
            f"of {len(observation.candidates)}: {state.reigning} reigns"
        )
        return (self._promotion(state, observation, because),), state._replace(finished=True)

    def _promotion(self, state: RoundsState, observation: Observation, because: str) -> Promote:
        gains = state.gains if state.reigning != observation.control else ()
        return Promote(state.reigning, *gains, because=because)

    def _weights(self, state: RoundsState, observation: Observation) -> dict[str, float]:
        pool = (observation.control, *observation.candidates)
        pair = (state.reigning, _challenger(state, observation))
        return self._of_a_pair(pair, pool, observation.weights)

    def _of_a_pair(
        self, pair: tuple[str, str], pool: Sequence[str], weights: Mapping[str, float]
    ) -> dict[str, float]:
        """Weights of the reigning variant and the new one; others have what they have."""
        others = {name: weight for name, weight in weights.items() if name not in pool}
        whole = math.fsum(weights.get(name, 0.0) for name in pool)
        if not (whole and any(others.values())):
            whole = 1.0
        reigning, challenger = pair
        parts = {reigning: 1.0 - self.candidate_share, challenger: self.candidate_share}
        return others | {name: part * whole for name, part in parts.items()}

    def next_look(self, state: RoundsState, observation: Observation) -> NextLook | None:
        """What the experiment of the round waits for, or the time at which the round begins."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state.started_ns is None:
            if state.serving_since_ns is None:
                return None
            begins_ns = state.serving_since_ns + self.settle
            return NextLook.at_first((begins_ns, self.maximum_duration))
        seen = _of_the_round(state, observation)
        inner = state.inner or ExperimentState()
        awaited = self.of_a_round(len(observation.candidates)).next_look(inner, seen)
        if awaited is None:
            return None
        before = observation.metrics.as_of(state.started_ns).labels
        labelled = tuple(
            (names, count + sum(before(name).labelled for name in names))
            for names, count in awaited.labelled
        )
        at_ns = None if awaited.at_ns is None else awaited.at_ns + state.started_ns
        first = NextLook.at_first((at_ns, self.maximum_duration))
        return NextLook(first.at_ns, labelled, awaited.published)

    def readings(
        self, before: RoundsState | None, after: RoundsState, observation: Observation
    ) -> Sequence[LookReading]:
        """What the experiment of the round concludes, with the round's number."""
        del after  # that of a round that ended here is gone
        looking = before or RoundsState(1, observation.control, started_ns=0)
        if looking.started_ns is None or observation.status is EndpointStatus.UPDATING:
            return ()
        rule = self.of_a_round(len(observation.candidates))
        seen = _of_the_round(looking, observation)
        _, inner = rule.decide(looking.inner, seen)
        found = rule.readings(looking.inner, inner, seen)
        return [replace(each, name=f"round {looking.number}, {each.name}") for each in found]

    def adds_candidate(self, candidate: str) -> bool:
        """Each in its turn."""
        return True

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """That of its experiment, at the split of a round."""
        of_one = self.experiment.planned_test(
            unit, self.candidate_share / (1.0 - self.candidate_share)
        )
        return None if of_one is None else of_one._replace(in_turns=True)

    def reads_answers(self) -> bool:
        """As its experiment does."""
        return self.experiment.reads_answers()

    def longest_ns(self) -> int | None:
        """`maximum_duration`."""
        return self.maximum_duration

    def waits_ns(self) -> Sequence[int]:
        """`settle`."""
        return (self.settle,) if self.settle else ()

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Of one candidate: both, then all traffic to either."""
        return self.splits_of_all(control, (candidate,), weights)

    def splits_of_all(
        self, control: str, candidates: Sequence[str], weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Each candidate beside each that may reign when its turn comes; all traffic to each."""
        pool = (control, *candidates)
        pairs = [
            self._of_a_pair((reigning, challenger), pool, weights)
            for turn, challenger in enumerate(candidates, start=1)
            for reigning in pool[:turn]
        ]
        everybody = {**dict.fromkeys(pool, 0.0), **weights}
        return [*pairs, *(all_to(name, everybody) for name in pool)]


@lru_cache(maxsize=64)
def _of_a_round(experiment: Experiment, rounds: int) -> Experiment:
    if rounds == 1:
        return experiment
    return experiment.model_copy(update={"correction": "bonferroni"}).one_of(rounds)


def _plus(gain: float | None, more: float | None) -> float | None:
    """Both together; None where either is not known."""
    return None if gain is None or more is None else gain + more


def _challenger(state: RoundsState, observation: Observation) -> str:
    return observation.candidates[state.number - 1]


def _serve(weights: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    """Whether these variants are deployed, and no others, and share the traffic so."""
    if weights.keys() != wanted.keys():
        return False
    total, whole = math.fsum(weights.values()), math.fsum(wanted.values())
    return all(abs(weights[name] / total - wanted[name] / whole) < _CLOSE for name in wanted)


def _of_the_round(state: RoundsState, observation: Observation) -> Observation:
    """The endpoint in the eyes of the experiment of a round that has begun, in its time."""
    assert state.started_ns is not None
    return observation._replace(
        now_ns=observation.now_ns - state.started_ns,
        control=state.reigning,
        candidate=_challenger(state, observation),
        metrics=RoundMetrics(observation.metrics, state.started_ns),
        several=(),
    )
