"""What every policy is: a frozen description of a rule, with one pure method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeAlias, get_args

from simab.description import Description
from simab.policies.actions import Action
from simab.policies.look_reading import LookReading
from simab.policies.metrics import ErrorMetric, LabelMetric, LatencyMetric
from simab.policies.next_look import NextLook
from simab.policies.observation import Observation
from simab.policies.pair_weights import all_to
from simab.stats.design_effect import ServedShare

__all__ = ["FineUnit", "PlannedTest", "Policy", "SingleTest", "labels_of_both"]

FineUnit: TypeAlias = Literal["request", "session"]
"""What may be finer than what routing draws."""


class SingleTest(NamedTuple):
    """A test at a fixed number of labelled requests of the variant with fewer, at a level."""

    labelled_requests: int
    alpha: float


class PlannedTest(NamedTuple):
    """A test that takes each labelled request, or session, for a draw of its own, and when.

    `labelled_requests` are those of both variants that `look` waits for; 0 where it waits for none.
    It comes `at_ns` at the latest, None where no time is set. At `alpha` it calls an equal
    candidate better, or with `two_sided` better or worse; None where it has no such level. With
    `in_turns` two variants at a time have the traffic of all. `stages` are the candidate's shares
    of what is compared, and for how many nanoseconds, where these change; with `baseline` another
    variant of its size takes the control's place.
    """

    look: Literal["only look", "first look", "last look", "end of the first stage"]
    labelled_requests: int = 0
    at_ns: int | None = None
    alpha: float | None = None
    two_sided: bool = True
    in_turns: bool = False
    stages: tuple[ServedShare, ...] = ()
    baseline: bool = False


_QUALITIES: Final = frozenset(get_args(LabelMetric))
_ERRORS: Final = frozenset(
    {
        *get_args(ErrorMetric),
        "Invocation5XXErrors",
        "request-success-rate",
        "success_rate_of_requests",
    }
)
# As rules of several families name it: simab's own, CloudWatch's and Flagger's.
_LATENCIES: Final = frozenset({*get_args(LatencyMetric), "ModelLatency", "request-duration"})


class Policy(Description, ABC):
    """A promotion policy. No clock, no simulator, no hidden randomness.

    Any object with a `decide` method of this shape will do in its place; this class adds what a
    scenario file needs to explain and check a policy beforehand.
    """

    learns_from_labels: ClassVar[bool] = False
    """Whether the rule changes the weights by the labels that it has."""
    tests_the_objective: ClassVar[bool] = False
    """Whether the rule compares the variants in the objective's metric, or in correct answers."""
    needs_right_or_wrong: ClassVar[bool] = False
    """Whether the rule counts correct answers, and so cannot judge numeric rewards."""
    counts_correct_answers: ClassVar[bool] = False
    """Whether the rule compares correct answers, or rewards, whatever the objective's metric."""
    counts_errors: ClassVar[bool] = False
    """Whether the rule compares 5XX responses, whatever its fields name."""
    chooses_among_all: ClassVar[bool] = False
    """Whether the rule chooses among all candidates; others roll out the objective's `candidate`
    alone."""
    fields_of_right_or_wrong: ClassVar[tuple[str, ...]] = ()
    """Fields that speak of correct answers, in rules that can judge numeric rewards as well."""
    fields_of_either: ClassVar[tuple[str, ...]] = ()
    """Fields in units of what is compared: below 1 where that is a share of correct answers."""

    @abstractmethod
    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """The actions to take now, and the state to be handed back at the next tick.

        `state` is None at the first tick. The same arguments always give the same answer.
        """

    def has_ended(self, state: Any) -> bool:
        """Whether the rule asks for nothing any more, whatever it will be shown.

        It is not asked again then, and the rest of the run is played at once. `state` is what
        `decide` has answered last.
        """
        return False

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """What the rule waits for; None where it wants to look at the next tick.

        `state` is what `decide` has answered to `observation`. The ticks on the way are not shown
        to it: many rules wait for one number among hundreds of ticks.
        """
        return None

    def readings(self, before: Any, after: Any, observation: Observation) -> Sequence[LookReading]:
        """What the rule has measured at a look, whether it passed or not; for people to read.

        `before` is the state that `decide` was given with the observation, None at the first look,
        and `after` the one that it answered. Nothing is decided by it.
        """
        return ()

    def adds_candidate(self, candidate: str) -> bool:
        """Whether the policy deploys the candidate itself where it is not there at the start."""
        return False

    def reads_latency(self) -> bool:
        """Whether the rule looks at how long requests take, and so may notice a slow candidate."""
        return any(text in _LATENCIES for text in _texts_in(self))

    def looks_at(self) -> tuple[str, ...]:
        """What the rule is shown to judge by: quality, errors and latency, those that it reads.

        A rule that looks at nothing follows the clock. What it does not look at cannot stop it.
        """
        texts = frozenset(_texts_in(self))
        quality = bool(texts & _QUALITIES) or self.needs_right_or_wrong
        quality = quality or self.tests_the_objective or self.learns_from_labels
        known = (
            ("quality", quality),
            ("errors", bool(texts & _ERRORS) or self.counts_errors),
            ("latency", self.reads_latency()),
        )
        return tuple(name for name, is_read in known if is_read)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """The shortest time from the start to a promotion, by the rule's own clocks.

        A lower bound, in nanoseconds: 0 where the rule depends on labels alone, infinity where it
        cannot promote unless a person acts. `weight_update_ns` is how long each change takes.
        """
        return 0

    def waits_for_a_person(self) -> tuple[Sequence[str], Sequence[str]]:
        """Where the rule waits for a person in every run, and where only in some, in words."""
        return (), ()

    def longest_ns(self) -> int | None:
        """The time from the start after which the rule ends at the latest; None if it sets none."""
        return None

    def waits_ns(self) -> Sequence[int]:
        """Times that the rule lets pass before a step, in nanoseconds; they end at a look."""
        return ()

    def labels_needed(self, ratio: float) -> int:
        """Labels of the variant with fewer that the rule waits for; 0 where it waits for none.

        `ratio` is the candidate's labels for each of the control's.
        """
        return 0

    def single_test(self, ratio: float) -> SingleTest | None:
        """The one test of correct answers that the rule makes; None where it makes none or more."""
        return None

    def test_of_users(self, ratio: float) -> SingleTest | None:
        """The one test of correct answers that it makes by user, or adjusted by what users did
        before; None where it makes none or more, or none of the objective's metric.
        """
        return None

    def copied_share(self) -> float:
        """The share of the requests that the candidate may get copies of, at weight 0."""
        return 0.0

    def planned_test(self, unit: FineUnit, ratio: float) -> PlannedTest | None:
        """The rule's test, where each labelled request or session counts as a draw of its own.

        Where routing keeps users with a variant, and they differ, it errs more often than it says.
        `ratio` is the candidate's labels for each of the control's.
        """
        return None

    def reads_answers(self) -> bool:
        """Whether the rule reads labelled answers one by one, by `metrics.answers`.

        The run then keeps a record of each request; a rule that does not ask costs nothing.
        """
        return False

    def splits_of_all(
        self, control: str, candidates: Sequence[str], weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The same where several may replace the control: of the first, or of each in its turn."""
        chosen = candidates if self.chooses_among_all else candidates[:1]
        return [split for each in chosen for split in self.splits(control, each, weights)]

    def one_of(self, candidates: int) -> Policy:
        """The rule as it compares each of so many candidates with the control; by default alike."""
        return self

    def splits(
        self, control: str, candidate: str, weights: Mapping[str, float]
    ) -> Sequence[Mapping[str, float]]:
        """The weights of all variants that the policy may bring about, for the capacity check.

        `weights` are those of the deployed variants at the start.
        """
        both = {control: 0.0, candidate: 0.0, **weights}  # the candidate may be added on the way
        return (all_to(control, both), all_to(candidate, both))


def labels_of_both(fewer: int, ratio: float) -> int:
    """Labels of two variants once the one with fewer has so many; `ratio`: one to the other."""
    return round(fewer * (1.0 + ratio) / min(1.0, ratio))


def _texts_in(value: Any) -> Iterator[str]:
    """The texts in the fields of a description, and of all that it holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Description):
        for each in vars(value).values():
            yield from _texts_in(each)
    elif isinstance(value, Mapping | tuple | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(each)
