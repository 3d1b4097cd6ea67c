"""The base of policies that compare what the labels say of the candidate and of the control.

It keeps the looks, the guardrails and the end; what a look concludes is each policy's own rule.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import SMALLEST_ERROR, Duration, is_absent
from simab.errors import InvalidInput
from simab.policies.actions import Action, Hold, HoldReason, Promote, SetWeights
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence, evidence_of
from simab.policies.experiments.several import (
    Comparison,
    Correction,
    by_gain,
    corrected_gain,
    in_the_race,
)
from simab.policies.experiments.unit import Start, UnitOfAnalysis, started
from simab.policies.guardrails import Guardrail
from simab.policies.holds import hold_for
from simab.policies.immature import OptionalImmature
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import without
from simab.policies.policy import FineUnit, PlannedTest, labels_of_both
from simab.text.lists import listed

__all__ = ["Experiment", "ExperimentState", "Judgement", "LookingExperiment"]


class Judgement(NamedTuple):
    """What a look concludes; `winner` is None while it is open; `last`: there is no further look.

    `words` writes down why: hardly any look of a run is ever quoted. `memory` is what the rule
    wants to find at its next look.
    """

    winner: Literal["control", "candidate"] | None
    words: Callable[[], str]
    memory: Any = None
    last: bool = False

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.words()


class ExperimentState(NamedTuple):
    """The last look (its number, time and labels), what the rule remembers of each candidate, any
    hold with its objection, and the candidates that have been dropped.
    """

    look: int = 0
    looked_at_ns: int = 0
    looked_at_labels: int = 0
    memories: Mapping[str, Any] = {}
    stretch: ConstantWeightPeriod = ConstantWeightPeriod()
    holds: int = 0
    held_for: HoldReason | None = None
    finished: bool = False
    dropped: tuple[str, ...] = ()
    objection: str = ""
    start: Start = Start()


class Experiment(UnitOfAnalysis):
    """Looks at the labels until the rule names a winner or the time is over.

    The labels give the objective's metric: correct answers, positives found, scores, or rewards. A
    winning control is kept at once. A winning candidate is promoted unless a guardrail or the
    sample ratio objects: then it is held, which the log of decisions shows, and looked at again.
    The weights stay as they are, but for a pre-period. Of several candidates each is compared with
    the control, a look waits for the labels of all, those found worse are dropped and their traffic
    goes to the others, and of those found better the one with the largest gain is promoted.
    """

    tests_the_objective: ClassVar[bool] = True
    chooses_among_all: ClassVar[bool] = True
    two_sided: ClassVar[bool] = True
    """Whether its alpha is that of calling an equal candidate better or worse, not better alone."""

    maximum_duration: Annotated[Duration, Field(gt=0)] | None = None
    """When to end undecided, from the start of the run; never if absent."""
    inconclusive: Literal["keep", "ship"] = "keep"
    """What to do at an end without a winner: keep the control, or promote the candidate."""
    guardrails: tuple[Guardrail, ...] = ()
    """Margins that the candidate must keep, against the control, to be promoted."""
    sample_ratio_alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] | None = None
    """Hold where requests, or users under a hash or cookies, are not split as the weights ask, by a
    test that errs so often in a whole run at most; 0.001 is usual. Never if absent."""
    immature: OptionalImmature = None
    """How requests count whose labels are not all there yet; as labels arrive if absent."""

    @abstractmethod
    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The number of the look to take now; that of the last look if none is due."""

    @abstractmethod
    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """What a look concludes from the labels so far."""

    correction: Annotated[Correction | None, Field(exclude_if=is_absent)] = None
    """How several candidates share alpha: by Dunnett's joint law with their common control, Holm,
    Bonferroni, or not at all (`none`: each as if alone). Absent: the first of these that the kind
    has. It changes nothing where there is one candidate."""

    corrections: ClassVar[tuple[Correction, ...]] = ("bonferroni", "none")
    """The corrections that the kind has, the usual one first."""

    @model_validator(mode="after")
    def _correction_is_known(self) -> Experiment:
        if self.correction is not None and self.correction not in self.corrections_here():
            raise InvalidInput(
                f"correction {self.correction} is none of this kind; "
                f"write {listed(self.corrections_here(), 'or')}, or leave it out"
            )
        return self

    def corrections_here(self) -> tuple[Correction, ...]:
        """The corrections that these parameters allow, the usual one first."""
        return self.corrections

    @property
    def shares_alpha_by(self) -> Correction:
        """The correction that is made where there are several candidates."""
        return self.correction or self.corrections_here()[0]

    def one_of(self, candidates: int) -> Experiment:
        """The rule as it compares one of so many: at its part of alpha, but for `none`."""
        if candidates == 1 or self.shares_alpha_by == "none":
            return self
        return _at_part_of_alpha(self, candidates)

    def fewest_labels(self, ratio: float) -> int:
        """Labels of the variant with fewer that the first look waits for, at such a split."""
        return self.labels_needed(ratio)

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """By its `unit`, at the last look that is planned, or at the first of open ones."""
        if self.unit != unit:
            return None
        planned: Literal["only look", "last look"]
        planned = "only look" if self.most_looks == 1 else "last look"
        both = labels_of_both(self.labels_needed(ratio), ratio)
        return PlannedTest(
            "first look" if self.most_looks is None else planned,
            both,
            self.longest_ns(),
            getattr(self, "alpha", None),
            two_sided=self.two_sided,
        )

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """What a look concludes of each candidate that is still in the race.

        `family` counts the candidates at the start, those dropped since too.
        """
        rule = self.one_of(family)
        return [rule.judge(look, each.memory, each.seen) for each in comparisons]

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: ExperimentState | None, observation: Observation
    ) -> tuple[Sequence[Action], ExperimentState]:
        """Look if a look is due; decide, drop, hold, or end when the time is over."""
        state = state or ExperimentState()
        if state.finished:
            return (), state
        if self.guardrails:
            stretch = state.stretch.followed(observation)
            if stretch is not state.stretch:
                state = state._replace(stretch=stretch)
        if observation.status is EndpointStatus.UPDATING:
            return (), state
        if self.pre_period is not None:
            asked, start = started(self.pre_period, state.start, observation)
            state = state._replace(start=start)
            if asked or (start.since_ns is None and not self._is_over(observation)):
                return asked, state
        race, seen, look = self._look_due(state, observation)
        comparisons = _compared(race, seen, state)
        if look == state.look:
            if not self._is_over(observation):  # at nearly all ticks
                return (), state
            judgements = [Judgement(None, each.seen.__str__) for each in comparisons]
        else:
            judgements = [*self.judge_each(look, len(observation.candidates), comparisons)]
            state = state._replace(
                look=look,
                looked_at_ns=observation.now_ns,
                looked_at_labels=min(map(self.labels_counted, seen)),
                memories={
                    each.candidate: judgement.memory
                    for each, judgement in zip(comparisons, judgements, strict=True)
                },
            )
        return self._concluded(state, observation, [*zip(comparisons, judgements, strict=True)])

    def _look_due(
        self, state: ExperimentState, observation: Observation
    ) -> tuple[list[Observation], list[Evidence], int]:
        """The comparisons that are open, what is known of each, and the look that all allow."""
        race = in_the_race(observation, state.dropped)
        rule = self.one_of(len(observation.candidates))
        seen = [self.evidence(state, each) for each in race]
        looks = [rule.look_due(state, *each) for each in zip(race, seen, strict=True)]
        return race, seen, min(looks)

    def readings(
        self, before: ExperimentState | None, after: ExperimentState, observation: Observation
    ) -> Sequence[LookReading]:
        """What a look concludes; a winning candidate passes, a winning control does not."""
        before = before or ExperimentState()
        if after.look == before.look:
            return ()
        race = in_the_race(observation, before.dropped)
        comparisons = _compared(race, [self.evidence(after, each) for each in race], before)
        judgements = self.judge_each(after.look, len(observation.candidates), comparisons)
        found = []
        for each, judgement in zip(comparisons, judgements, strict=True):
            name = f"look {after.look}" + (f", {each.candidate}" if observation.several else "")
            passed = None if judgement.winner is None else judgement.winner == "candidate"
            found.append(LookReading(name, judgement.reason, passed))
        return found

    def next_look(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """The next look, or the end; during an update, its end."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if self.pre_period is not None and state.start.since_ns is None:
            return None
        rule = self.one_of(len(observation.candidates))
        each = [rule.awaited(state, one) for one in in_the_race(observation, state.dropped)]
        awaited = each[0]
        if awaited is None:
            return None
        if len(each) > 1:  # all of them have to have what they wait for, and all look at one time
            labelled = tuple(part for one in each if one is not None for part in one.labelled)
            awaited = awaited._replace(labelled=tuple(dict.fromkeys(labelled)))
        if self.maximum_duration is None:
            return awaited
        times_ns = [each for each in (awaited.at_ns, self.maximum_duration) if each is not None]
        return awaited._replace(at_ns=min(times_ns))

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """What the next look has to wait for, the end aside; None where it may be any tick."""
        return None

    @property
    def most_looks(self) -> int | None:
        """How many looks there can be at most, the end included; None if nothing limits them."""
        return None

    def evidence(self, state: ExperimentState, observation: Observation) -> Evidence:
        """What the labels say by now, of the unit that is analysed."""
        if not self.reads_answers():
            return evidence_of(observation)
        pair = observation.control, observation.candidate
        return UserEvidence(*pair, observation, self, state.start.since_ns)

    def labels_counted(self, seen: Evidence) -> int:
        """The labels that looks are counted by: those of the variant that has fewer."""
        return seen.smaller

    def _concluded(
        self,
        state: ExperimentState,
        observation: Observation,
        judged: Sequence[tuple[Comparison, Judgement]],
    ) -> tuple[Sequence[Action], ExperimentState]:
        """Promote the best of those that win, keep the control, drop losers, or go on."""
        expired = self._is_over(observation)
        over = expired or all(judgement.last for _, judgement in judged)
        winning = [each for each, judgement in judged if judgement.winner == "candidate"]
        open_still = [each for each, judgement in judged if judgement.winner is None]
        if not winning and open_still and not over:
            return self._without_losers(state, observation, judged)
        reasons = {each.candidate: judgement.reason for each, judgement in judged}
        ending = ""
        if not winning and open_still:
            ending = f"; {self._ending(expired)} without a winner: {self.inconclusive}"
            winning = open_still if self.inconclusive == "ship" else []
        chosen, begun, state = self._first_that_may(by_gain(winning), state, observation)
        if winning and chosen is None and not over:
            return begun, state
        if chosen is not None:
            because = reasons[chosen] + ending
        elif winning:
            because = reasons[winning[0].candidate] + ending
            because += f"; held to the end by {state.objection}: keep"
        else:
            because = "; ".join(reasons.values()) + ending
        if observation.several:
            because += f" ({len(observation.candidates)} candidates: {self.shares_alpha_by})"
        if state.holds:
            because += f" (the candidate was held at {state.holds} looks)"
        promote = Promote(observation.control, because=because)
        if chosen is not None:
            seen = next(each.seen for each, _ in judged if each.candidate == chosen)
            gain = self._gain(seen, len(observation.candidates))
            promote = Promote(chosen, *gain, because=because)
        return (*begun, promote), state._replace(finished=True)

    def _gain(self, seen: Evidence, family: int) -> tuple[float | None, float | None]:
        """By how much the labels say that a candidate is better, and the same corrected."""
        estimate = seen.difference
        if not (self.estimates_the_metric and math.isfinite(estimate)):
            return None, None
        critical = self.critical_z() if family == 1 else None  # the best of several is luckier
        return estimate, None if critical is None else corrected_gain(seen, critical)

    def critical_z(self) -> float | None:
        """The z beyond which a candidate is promoted, where one test decides; else None."""
        return None

    def _first_that_may(
        self, winning: Sequence[Comparison], state: ExperimentState, observation: Observation
    ) -> tuple[str | None, tuple[Action, ...], ExperimentState]:
        """The best candidate that nothing holds; else None, with the first hold if it is new."""
        first: Hold | None = None
        for each in winning:
            its_own = observation.of(each.candidate) if observation.several else observation
            hold = self._hold(state, its_own)
            if hold is None:
                return each.candidate, (), state
            first = first or hold
        if first is None:
            return None, (), state
        begun: tuple[Action, ...] = () if first.reason is state.held_for else (first,)
        held = state._replace(holds=state.holds + 1, held_for=first.reason, objection=first.because)
        return None, begun, held

    def _without_losers(
        self,
        state: ExperimentState,
        observation: Observation,
        judged: Sequence[tuple[Comparison, Judgement]],
    ) -> tuple[Sequence[Action], ExperimentState]:
        """Drop the candidates that a look found worse: the others have their traffic."""
        lost = {each.candidate: made.reason for each, made in judged if made.winner == "control"}
        if not lost:
            return (), state
        because = "; ".join(f"{name} is dropped: {reason}" for name, reason in lost.items())
        weights = without(tuple(lost), observation.weights)
        actions = (SetWeights(weights, because=because),) if weights else ()
        return actions, state._replace(dropped=(*state.dropped, *lost))

    def _is_over(self, observation: Observation) -> bool:
        return self.maximum_duration is not None and observation.now_ns >= self.maximum_duration

    def longest_ns(self) -> int | None:
        """`maximum_duration`."""
        return self.maximum_duration

    def _ending(self, expired: bool) -> str:
        if expired and self.maximum_duration is not None:
            return f"over after {units.format_duration(self.maximum_duration)}"
        return "over at the last look"

    def _hold(self, state: ExperimentState, observation: Observation) -> Hold | None:
        """Why the candidate may not be promoted now; None if it may."""
        return hold_for(
            state.stretch, observation, self.guardrails, self.sample_ratio_alpha, self.most_looks
        )


class LookingExperiment(Experiment):
    """An experiment that looks again and again: at every tick, every so often, or by labels."""

    labelled_requests: Annotated[int, Field(ge=1)]
    """Labelled requests that each of the two variants must have before the first look."""
    looks_every: Annotated[Duration, Field(gt=0)] | None = None
    """Time from one look to the next; every tick if neither this nor the following is given."""
    labelled_requests_per_look: Annotated[int, Field(ge=1)] | None = None
    """Labelled requests that each variant must have more than at the look before."""

    @model_validator(mode="after")
    def _one_cadence(self) -> LookingExperiment:
        if self.looks_every is not None and self.labelled_requests_per_look is not None:
            raise InvalidInput(
                "looks_every and labelled_requests_per_look both say when to look; give one of them"
            )
        return self

    def labels_needed(self, ratio: float) -> int:
        """Those of the first look."""
        return self.labelled_requests

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """The labels of the first look; then the cadence, of time or of labels."""
        if not state.look:
            return NextLook.once_labelled(self.counted(observation), self.labelled_requests)
        if self.looks_every is not None:
            return NextLook(at_ns=state.looked_at_ns + self.looks_every)
        if self.labelled_requests_per_look is None:
            return None
        following = state.looked_at_labels + self.labelled_requests_per_look
        return NextLook.once_labelled(self.counted(observation), following)

    def counted(self, observation: Observation) -> tuple[str, ...]:
        """The variants each of which must have the labels."""
        return observation.control, observation.candidate

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The following look, as soon as the labels and the cadence allow it."""
        labels = self.labels_counted(seen)
        due = labels >= self.labelled_requests
        if state.look and due:
            if self.looks_every is not None:
                due = observation.now_ns - state.looked_at_ns >= self.looks_every
            elif self.labelled_requests_per_look is not None:
                due = labels - state.looked_at_labels >= self.labelled_requests_per_look
        return state.look + 1 if due else state.look


@lru_cache(maxsize=256)
def _at_part_of_alpha(rule: Experiment, candidates: int) -> Experiment:
    alpha = getattr(rule, "alpha", None)  # Bayesians have none
    return rule if alpha is None else rule.model_copy(update={"alpha": alpha / candidates})


def _compared(
    race: Sequence[Observation], seen: Sequence[Evidence], state: ExperimentState
) -> list[Comparison]:
    """Each open comparison, with what the state remembers of its candidate."""
    return [
        Comparison(each.candidate, known, state.memories.get(each.candidate))
        for each, known in zip(race, seen, strict=True)
    ]
