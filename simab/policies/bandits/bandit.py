"""The base of bandits: share out traffic by what the labels say, again and again.

It keeps the cadence, the floor, the exploration window and the champion; how traffic is shared out
is each bandit's own rule.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isclose
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import Duration, Share
from simab.errors import InvalidInput
from simab.policies.actions import Action, Promote, SetWeights
from simab.policies.immature import OptionalImmature
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import all_to, beside_others
from simab.policies.policy import Policy
from simab.stats.bayes import FLAT, Beta, probability_better
from simab.stats.label_totals import NO_REWARDS, RewardTotals

__all__ = ["Bandit", "BanditState", "Pulls", "share_to_be_best"]


class Pulls(NamedTuple):
    """Labelled requests of one arm, those that were right, and what they earned if they do.

    Of costs, less is better.
    """

    right: int
    labelled: int
    rewards: RewardTotals = NO_REWARDS
    are_costs: bool = False

    def __str__(self) -> str:
        """The counts as a reason quotes them."""
        if self.rewards.count:
            return f"{self.rewards.mean:.6g} on average of {self.rewards.count}"
        return f"{self.right}/{self.labelled}"


class BanditState(NamedTuple):
    """When the weights were last worked out, and who has been champion for how many updates."""

    updated_at_ns: int
    champion: str = ""
    updates: int = 0
    finished: bool = False


class Bandit(Policy):
    """Even shares in the exploration window, then shares by the rule at every update.

    Arms divide what they have together; variants that are not arms keep their traffic. An arm's
    reward is 1 for a correct answer and 0 for a wrong one, or a number where the variants earn
    numbers and the bandit says that it takes them; a cost counts as a loss of so much. Only labels
    that have arrived count: late ones mean that several updates see nearly the same, and shares lag
    behind. Weights are rounded to six digits, and an update that leaves them as they are asks for
    nothing.
    """

    learns_from_labels: ClassVar[bool] = True
    chooses_among_all: ClassVar[bool] = True
    needs_right_or_wrong: ClassVar[bool] = True
    counts_correct_answers: ClassVar[bool] = True

    kind: str  # first, for a file and its messages begin with it
    arms: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The variants to divide traffic between; the control and all candidates if absent."""
    update_every: Annotated[Duration, Field(gt=0)]
    """Time from one update of the weights to the next."""
    exploration: Duration = 0
    """How long shares stay even at first, from the start of the run."""
    floor: Annotated[Share, Field(lt=1)] = 0.01
    """Part of what the arms have that each of them keeps; the rule divides the rest."""
    champion_at: Annotated[float, Field(gt=0.5, lt=1)] | None = 0.95
    """Probability to be best from which an arm is champion; null declares none before the end."""
    champion_for: Annotated[int, Field(ge=1)] = 1
    """Updates on end for which an arm must be champion to be promoted."""
    maximum_duration: Annotated[Duration, Field(gt=0)] | None = None
    """When the arm with the highest posterior mean is promoted, from the start of the run."""
    immature: OptionalImmature = None
    """How requests count whose labels are not all there yet; as labels arrive if absent."""

    @model_validator(mode="after")
    def _arms_have_room(self) -> Bandit:
        if len(self.arms) == 1 or len(set(self.arms)) < len(self.arms):
            raise InvalidInput(
                "arms must be two variants or more, each named once; or leave it out"
            )
        if self.floor * (len(self.arms) or 2) >= 1.0:
            raise InvalidInput(
                f"floor {self.floor:g} for every arm leaves nothing to divide; lower it"
            )
        return self

    @abstractmethod
    def shares(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """What the rule gives to each arm, summing to 1, before the floor."""

    def to_be_best(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """Each arm's posterior probability to be best; by default from flat priors."""
        return share_to_be_best(tuple(_belief(each) for each in pulls))

    def posterior_mean(self, pulls: Pulls) -> float:
        """What an arm is thought to be worth, a cost as a loss; by default from a flat prior."""
        return _belief(pulls).mean

    def longest_ns(self) -> int | None:
        """`maximum_duration`."""
        return self.maximum_duration

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: BanditState | None, observation: Observation
    ) -> tuple[Sequence[Action], BanditState | None]:
        """Begin with even shares; then update, or promote the champion."""
        if observation.status is EndpointStatus.UPDATING or (state and state.finished):
            return (), state
        now_ns, arms = observation.now_ns, self._arms(observation)
        if not arms:
            return (), state
        if state is None:
            even = dict.fromkeys(arms, round(1.0 / len(arms), 6))
            begun = self._reweighted(even, "the exploration starts with even shares", observation)
            return begun, BanditState(now_ns)
        if self.maximum_duration is not None and now_ns >= self.maximum_duration:
            return self._best_at_the_end(observation), state._replace(finished=True)
        if now_ns < self.exploration or now_ns - state.updated_at_ns < self.update_every:
            return (), state
        return self._updated(state, observation, arms)

    def next_look(self, state: BanditState | None, observation: Observation) -> NextLook | None:
        """The next update of the weights, or the end."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if state is None:
            return None
        update_ns = max(self.exploration, state.updated_at_ns + self.update_every)
        return NextLook.at_first((update_ns, self.maximum_duration))

    def _updated(
        self, state: BanditState, observation: Observation, arms: Sequence[str]
    ) -> tuple[Sequence[Action], BanditState]:
        pulls = _pulls(observation, arms)
        counts = _counts(arms, pulls)
        champion, updates, odds = self._champion(state, arms, pulls)
        if champion and updates >= self.champion_for:
            times = "1 update" if updates == 1 else f"{updates} updates"
            because = f"{counts}; {odds} for {times} (asked {self.champion_at})"
            promote = Promote(champion, because=because)
            return (promote,), BanditState(observation.now_ns, champion, updates, finished=True)
        rest = 1.0 - self.floor * len(arms)
        weights = {
            arm: round(self.floor + rest * share, 6)
            for arm, share in zip(arms, self.shares(pulls), strict=True)
        }
        split = ", ".join(f"{arm} {weight:.3f}" for arm, weight in weights.items())
        because = f"{counts}: shares {split}" + (f"; {odds}" if odds else "")
        actions = self._reweighted(weights, because, observation)
        return actions, BanditState(observation.now_ns, champion, updates)

    def _champion(
        self, state: BanditState, arms: Sequence[str], pulls: Sequence[Pulls]
    ) -> tuple[str, int, str]:
        """The champion if there is one, its updates on end, and the odds in words."""
        if self.champion_at is None:
            return "", 0, ""
        best = list(self.to_be_best(pulls))
        highest = max(best)
        leader = arms[best.index(highest)]
        odds = f"P({leader} best) = {highest:.4f}"
        if highest < self.champion_at:
            return "", 0, odds
        return leader, state.updates + 1 if leader == state.champion else 1, odds

    def _best_at_the_end(self, observation: Observation) -> Sequence[Action]:
        arms = self._arms(observation)
        pulls = _pulls(observation, arms)
        means = [self.posterior_mean(each) for each in pulls]
        winner = arms[means.index(max(means))]  # of equals the first, which is the control
        assert self.maximum_duration is not None
        costs = pulls[0].are_costs
        best = (
            f"lowest posterior mean, {-max(means):.4f}"
            if costs
            else (f"highest posterior mean, {max(means):.4f}")
        )
        because = (
            f"{_counts(arms, pulls)}: {winner} has the {best}, "
            f"after {units.format_duration(self.maximum_duration)}"
        )
        return (Promote(winner, because=because),)

    def _arms(self, observation: Observation) -> Sequence[str]:
        """The arms that are deployed."""
        named = self.arms or (observation.control, *observation.candidates)
        return [name for name in named if name in observation.weights]

    def _reweighted(
        self, weights: Mapping[str, float], because: str, observation: Observation
    ) -> Sequence[Action]:
        scaled = beside_others(weights, observation.weights)
        if all(isclose(observation.weights[name], weight) for name, weight in scaled.items()):
            return ()
        return (SetWeights(scaled, because=because),)

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """Even shares, nearly all traffic to each arm, and all traffic to it."""
        return self.splits_of_all(control, (candidate,), weights)

    def splits_of_all(
        self, control: str, candidates: Sequence[str], weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The same of all that may replace the control."""
        arms = self.arms or (control, *candidates)
        nearly = 1.0 - self.floor * (len(arms) - 1)
        leading = [
            {arm: nearly if arm == leader else self.floor for arm in arms} for leader in arms
        ]
        shared = [dict.fromkeys(arms, 1.0 / len(arms)), *leading]
        return [
            *({**weights, **beside_others(parts, weights)} for parts in shared),
            *(all_to(winner, weights) for winner in arms),
        ]


# Pure, and asked twice in an update: for the shares and for the champion.
@lru_cache(maxsize=4096)
def share_to_be_best(beliefs: tuple[Beta, ...]) -> tuple[float, ...]:
    """The probability of each arm to have the highest share, for independent Beta laws."""
    if len(beliefs) == 2:
        second = probability_better(*beliefs)
        return (1.0 - second, second)
    from simab.stats.best_arm import best_share

    return tuple(best_share(beliefs).probability.tolist())


def _pulls(observation: Observation, arms: Sequence[str]) -> list[Pulls]:
    totals = (observation.metrics.labels(arm) for arm in arms)
    are_costs = observation.metric == "cost"
    return [Pulls(each.correct, each.labelled, each.rewards, are_costs) for each in totals]


def _belief(pulls: Pulls) -> Beta:
    return FLAT.after(pulls.right, pulls.labelled)


def _counts(arms: Sequence[str], pulls: Sequence[Pulls]) -> str:
    return ", ".join(f"{arm} {each}" for arm, each in zip(arms, pulls, strict=True))
