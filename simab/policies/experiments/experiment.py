"""The base of policies that compare what the labels say of the candidate and of the control.

It keeps the looks, the guardrails and the end; what a look concludes is each policy's own rule.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from simab import units
from simab.description import SMALLEST_ERROR, Duration
from simab.errors import InvalidInput
from simab.policies.actions import Action, Hold, HoldReason, Promote
from simab.policies.constant_weight_period import ConstantWeightPeriod
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence, evidence_of
from simab.policies.experiments.unit import Start, UnitOfAnalysis, started
from simab.policies.guardrails import Guardrail
from simab.policies.holds import hold_for
from simab.policies.immature import OptionalImmature
from simab.policies.look_reading import LookReading
from simab.policies.next_look import NextLook
from simab.policies.observation import EndpointStatus, Observation

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
    """The last look (its number, time and labels), what the rule remembers, and any hold."""

    look: int = 0
    looked_at_ns: int = 0
    looked_at_labels: int = 0
    memory: Any = None
    stretch: ConstantWeightPeriod = ConstantWeightPeriod()
    holds: int = 0
    held_for: HoldReason | None = None
    finished: bool = False
    start: Start = Start()


class Experiment(UnitOfAnalysis):
    """Looks at the labels until the rule names a winner or the time is over.

    The labels give the objective's metric: correct answers, positives found, scores, or rewards. A
    winning control is kept at once. A winning candidate is promoted unless a guardrail or the
    sample ratio objects: then it is held, which the log of decisions shows, and looked at again.
    The weights stay as they are, but for a pre-period.
    """

    tests_the_objective: ClassVar[bool] = True

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

    def has_ended(self, state: Any) -> bool:
        return bool(state.finished)

    def decide(
        self, state: ExperimentState | None, observation: Observation
    ) -> tuple[Sequence[Action], ExperimentState]:
        """Look if a look is due; decide, hold, or end when the time is over."""
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
        seen = self.evidence(state, observation)
        look = self.look_due(state, observation, seen)
        if look == state.look:
            if not self._is_over(observation):  # at nearly all ticks
                return (), state
            judgement = Judgement(None, seen.__str__)
        else:
            judgement = self.judge(look, state.memory, seen)
            state = state._replace(
                look=look,
                looked_at_ns=observation.now_ns,
                looked_at_labels=self.labels_counted(seen),
                memory=judgement.memory,
            )
        return self._concluded(state, observation, judgement)

    def readings(
        self, before: ExperimentState | None, after: ExperimentState, observation: Observation
    ) -> Sequence[LookReading]:
        """What a look concludes; a winning candidate passes, a winning control does not."""
        before = before or ExperimentState()
        if after.look == before.look:
            return ()
        judgement = self.judge(after.look, before.memory, self.evidence(after, observation))
        passed = None if judgement.winner is None else judgement.winner == "candidate"
        return (LookReading(f"look {after.look}", judgement.reason, passed),)

    def next_look(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """The next look, or the end; during an update, its end."""
        if observation.status is EndpointStatus.UPDATING:
            return NextLook()
        if self.pre_period is not None and state.start.since_ns is None:
            return None
        awaited = self.awaited(state, observation)
        if awaited is None or self.maximum_duration is None:
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
        self, state: ExperimentState, observation: Observation, judgement: Judgement
    ) -> tuple[Sequence[Action], ExperimentState]:
        expired = self._is_over(observation)
        over = judgement.last or expired
        if judgement.winner is None and not over:
            return (), state
        winner, because = judgement.winner, judgement.reason
        if winner is None:
            winner = "candidate" if self.inconclusive == "ship" else "control"
            because += f"; {self._ending(expired)} without a winner: {self.inconclusive}"
        begun: tuple[Action, ...] = ()
        if winner == "candidate" and (hold := self._hold(state, observation)):
            begun = () if hold.reason is state.held_for else (hold,)
            state = state._replace(holds=state.holds + 1, held_for=hold.reason)
            if not over:
                return begun, state
            winner = "control"
            because += f"; held to the end by {hold.because}: keep"
        if state.holds:
            because += f" (the candidate was held at {state.holds} looks)"
        name = observation.candidate if winner == "candidate" else observation.control
        return (*begun, Promote(name, because=because)), state._replace(finished=True)

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
