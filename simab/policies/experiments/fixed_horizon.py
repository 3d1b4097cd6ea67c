"""The fixed-horizon test: wait for a sample fixed beforehand, test once, decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, Share, is_absent
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Experiment, ExperimentState, Judgement
from simab.policies.experiments.interim import Interim, InterimLook, Levels
from simab.policies.experiments.several import Comparison, Correction, adjusted_p_values
from simab.policies.next_look import NextLook
from simab.policies.observation import Observation
from simab.policies.policy import SingleTest
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.interval import normal_quantile
from simab.stats.proportions import normal_p_value
from simab.stats.sample_size import pooled_trials
from simab.text.numbers import figure_text

__all__ = ["FixedHorizonTest"]


class FixedHorizonTest(Experiment):
    """Promote the candidate if a test of the objective's metric says that it is better.

    One test, at the first tick at which both variants have the sample: the pooled z-test of two
    proportions (of labels, of positives for recall, of predicted positives for precision), Welch's
    test of mean rewards, DeLong's of AUCs, and a z-test by the delta method for F1. For Brier the
    largest variance that its value allows stands for the unknown one: a test that errs less often
    and finds less. It is two-sided, and only a significant gain
    promotes. Several candidates are tested with their p-values adjusted, by Dunnett's step-down
    test if nothing else is said, and a planned sample is that of alpha over their number. The
    sample is `labelled_requests`, or what it takes to find `effect` over `baseline` with `power`,
    which are shares of correct answers. A look on the way (`interim`) may give up or enlarge the
    sample. Source: Fleiss, Levin and Paik, Statistical Methods for
    Rates and Proportions (2003), section 2; Dunnett and Tamhane (1991). It misleads where the
    sample is too small for the effect: then it keeps the control nearly always, whichever is
    better; and with rewards where the smaller of two unequal arms has but a few of the large ones
    that make its mean.
    """

    fields_of_right_or_wrong: ClassVar[tuple[str, ...]] = ("baseline", "effect")
    corrections: ClassVar[tuple[Correction, ...]] = ("dunnett", "holm", "bonferroni", "none")

    kind: Literal["fixed_horizon"] = "fixed_horizon"
    labelled_requests: Annotated[int, Field(ge=1)] | None = None
    """Labelled requests that each of the two variants must have first."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of calling a difference where there is none."""
    baseline: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """In place of labelled_requests: the share of correct answers that the control may have."""
    effect: Annotated[float, Field(ge=1e-9, lt=1)] | None = None
    """And the gain over the baseline that is to be found."""
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """And the probability to find it, at the split of the labels as it turns out: the smaller of
    two unequal arms needs fewer than either of two equal ones."""

    interim: Annotated[InterimLook | None, Field(exclude_if=is_absent)] = None
    """One look on the way, at which to give up or to enlarge the sample; none if absent. Several
    candidates then share alpha by Bonferroni."""

    @model_validator(mode="after")
    def _sample_is_given_once(self) -> FixedHorizonTest:
        planned = (self.baseline is not None, self.effect is not None)
        if any(planned) and self.labelled_requests is not None:
            raise InvalidInput(
                "labelled_requests is given together with baseline and effect; keep the one or the "
                "others"
            )
        if not any(planned) and self.labelled_requests is None:
            raise InvalidInput("no sample; give labelled_requests, or baseline and effect")
        if any(planned) and not all(planned):
            raise InvalidInput("baseline and effect need each other; give both")
        if self.baseline is not None and self.baseline + (self.effect or 0.0) >= 1.0:
            raise InvalidInput("baseline and effect add up to 1 or more; lower the effect")
        if all(planned) and self.power <= self.alpha / 2:
            raise InvalidInput(
                f"power {self.power:g} must exceed alpha / 2 = {self.alpha / 2:g}, what a blind "
                "guess has; ask for a power such as 0.8"
            )
        return self

    @model_validator(mode="after")
    def _interim_look_fits(self) -> FixedHorizonTest:
        if self.interim is None or self.interim.largest is None:
            return self
        if self.reads_answers():
            raise InvalidInput(
                "interim.largest weighs two parts of independent requests, and unit, pre_period "
                "and caps make them depend on each other; leave out the one or the others"
            )
        if self.interim.enlarges_by == "variance" and self.baseline is None:
            raise InvalidInput(
                "interim.enlarges_by: variance compares with the variance of baseline and effect; "
                "give both in place of labelled_requests, or write trend"
            )
        if self.sample > self.interim.largest:
            raise InvalidInput(
                f"interim.largest = {self.interim.largest} is below the sample of {self.sample}; "
                "raise it, or leave it out"
            )
        return self

    @property
    def sample(self) -> int:
        """Labelled requests that each variant must have where both get as many."""
        return self.sample_at(1.0)

    def sample_at(self, ratio: float) -> int:
        """Labelled requests of the variant with fewer; `ratio`: candidate to control."""
        if self.labelled_requests is not None:
            return self.labelled_requests
        assert self.baseline is not None
        assert self.effect is not None
        better = self.baseline + self.effect
        return math.ceil(
            min(1.0, ratio) * _trials(self.baseline, better, self.alpha, self.power, ratio)
        )

    def labels_needed(self, ratio: float) -> int:
        """The sample."""
        return self.sample_at(ratio)

    def fewest_labels(self, ratio: float) -> int:
        """Those of the interim look, or else of the only one."""
        part = 1.0 if self.interim is None else self.interim.at
        return math.ceil(part * self.sample_at(ratio))

    def single_test(self, ratio: float) -> SingleTest | None:
        """At the sample, at alpha; None where it tests no shares of requests, or looks before."""
        if self.reads_answers() or self.interim is not None:
            return None
        return SingleTest(self.sample_at(ratio), self.alpha)

    def test_of_users(self, ratio: float) -> SingleTest | None:
        """At the sample, at alpha; None of means over users, and where it looks before."""
        by_user = self.unit == "user" or (self.unit == "request" and self.pre_period is not None)
        if not (by_user and self.estimates_the_metric) or self.interim is not None:
            return None
        return SingleTest(self.sample_at(ratio), self.alpha)

    @property
    def most_looks(self) -> int:
        """One, the end, and the interim look."""
        return 1 if self.interim is None else 2

    def corrections_here(self) -> tuple[Correction, ...]:
        """With an interim look, those that are of one comparison at a time."""
        return self.corrections if self.interim is None else ("bonferroni", "none")

    def critical_z(self) -> float | None:
        """That of alpha, two-sided; with an interim look, no one test decides."""
        return None if self.interim is not None else -normal_quantile(self.alpha / 2.0)

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """The sample; one that is planned depends on the split of the labels: any tick may do."""
        if self.labelled_requests is None:
            return None
        both = observation.control, observation.candidate
        needed = self._due_at(state, observation.candidate, self.labelled_requests)
        return NextLook.once_labelled(both, math.ceil(needed))

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The end once both variants have the sample, by the split of the labels so far; and the
        interim look before it, unless a tick skips it.
        """
        planned = self._planned(seen)
        if not seen.smaller or seen.smaller < self._due_at(state, observation.candidate, planned):
            return state.look
        if self.interim is None or seen.smaller < planned:
            return 1
        return 2

    def _planned(self, seen: Evidence) -> int:
        if self.labelled_requests is not None or not isinstance(seen, ProportionEvidence):
            return self.sample
        control, candidate = seen.shares.control_total, seen.shares.candidate_total
        return self.sample_at(candidate / control) if control and candidate else self.sample

    def _due_at(self, state: ExperimentState, candidate: str, planned: int) -> float:
        """Labels of the variant with fewer at which to look next."""
        if self.interim is None:
            return planned
        if not state.look:
            return self.interim.at * planned
        left: Interim | None = state.memories.get(candidate)
        return planned if left is None else left.size

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The test of all labels; what is not significantly better is not promoted."""
        if self.interim is None:
            return self._judged(seen, seen.test().p_value, "p")
        if look == 1:
            return self._judged_on_the_way(self.interim, seen)
        if memory is None or self.interim.largest is None or self.interim.enlarges_by != "trend":
            return self._judged(seen, seen.test().p_value, "p")
        z = memory.final_z(seen.test().z, seen.pairs)
        return self._judged(seen, normal_p_value(z, "two-sided"), "p of both parts", z)

    def _judged_on_the_way(self, interim: InterimLook, seen: Evidence) -> Judgement:
        planned = self._planned(seen)
        shares = None
        if self.baseline is not None and self.effect is not None:
            shares = self.baseline, self.effect
        left, power = interim.looked(seen, planned, Levels(self.alpha / 2, self.power, shares))
        gives_up = interim.gives_up_below is not None and power < interim.gives_up_below

        def words() -> str:
            ends = f"on to {math.ceil(left.size)} labels"
            if gives_up:
                ends = f"below {interim.gives_up_below:g}: given up"
            return (
                f"interim look at {left.fraction:.0%} of the sample: {seen}: promoted in the end "
                f"with probability {figure_text(power, '.3f')} ({interim.assuming}), {ends}"
            )

        return Judgement("control" if gives_up else None, words, left)

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """Each at the p-value that takes all of them together."""
        seen = [each.seen for each in comparisons]
        if family == 1 or self.interim is not None:
            return super().judge_each(look, family, comparisons)
        p_values = adjusted_p_values(seen, self.shares_alpha_by, family)
        named = "p" if self.shares_alpha_by == "none" else "adjusted p"
        return [self._judged(*each, named) for each in zip(seen, p_values, strict=True)]

    def _judged(
        self, seen: Evidence, p_value: float, named: str, z: float | None = None
    ) -> Judgement:
        difference = seen.difference

        def words() -> str:
            return (
                f"{seen}: difference {seen.written(difference)}, "
                f"{named} = {figure_text(p_value, '.3g')} (alpha {self.alpha:g})"
            )

        better = (difference if z is None else z) > 0 and p_value < self.alpha
        return Judgement("candidate" if better else "control", words, last=True)


@lru_cache(maxsize=64)  # asked for at every look
def _trials(baseline: float, better: float, alpha: float, power: float, ratio: float) -> float:
    return pooled_trials(baseline, better, alpha=alpha, power=power, ratio=ratio)
