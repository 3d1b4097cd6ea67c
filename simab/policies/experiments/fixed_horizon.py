"""The fixed-horizon test: wait for a sample fixed beforehand, test once, decide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, Share
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Experiment, ExperimentState, Judgement
from simab.policies.experiments.several import Comparison, Correction, adjusted_p_values
from simab.policies.next_look import NextLook
from simab.policies.observation import Observation
from simab.policies.policy import SingleTest
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.interval import normal_quantile
from simab.stats.sample_size import pooled_trials
from simab.text.numbers import figure_text

__all__ = ["FixedHorizonTest"]


class FixedHorizonTest(Experiment):
    """Promote the candidate if a test of the objective's metric says that it is better.

    One look, at the first tick at which both variants have the sample: the pooled z-test of two
    proportions (of labels, of positives for recall, of predicted positives for precision), Welch's
    test of mean rewards, DeLong's of AUCs, and a z-test by the delta method for F1. For Brier the
    largest variance that its value allows stands for the unknown one: a test that errs less often
    and finds less. It is two-sided, and only a significant gain
    promotes. Several candidates are tested with their p-values adjusted, by Dunnett's step-down
    test if nothing else is said, and a planned sample is that of alpha over their number. The
    sample is `labelled_requests`, or what it takes to find `effect` over `baseline` with `power`,
    which are shares of correct answers. Source: Fleiss, Levin and Paik, Statistical Methods for
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
        return ceil(min(1.0, ratio) * _trials(self.baseline, better, self.alpha, self.power, ratio))

    def labels_needed(self, ratio: float) -> int:
        """The sample."""
        return self.sample_at(ratio)

    def single_test(self, ratio: float) -> SingleTest | None:
        """At the sample, at alpha; None where it is no test of shares of requests."""
        if self.reads_answers():
            return None
        return SingleTest(self.sample_at(ratio), self.alpha)

    @property
    def most_looks(self) -> int:
        """One: it is the end as well."""
        return 1

    def critical_z(self) -> float:
        """That of alpha, two-sided."""
        return -normal_quantile(self.alpha / 2.0)

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook | None:
        """The sample; one that is planned depends on the split of the labels: any tick may do."""
        if self.labelled_requests is None:
            return None
        both = observation.control, observation.candidate
        return NextLook.once_labelled(both, self.labelled_requests)

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The only look, once both variants have the sample, by the split of the labels so far."""
        if self.labelled_requests is not None or not isinstance(seen, ProportionEvidence):
            return int(seen.smaller >= self.sample)
        control, candidate = seen.shares.control_total, seen.shares.candidate_total
        return int(seen.smaller > 0 and seen.smaller >= self.sample_at(candidate / control))

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The test of all labels; what is not significantly better is not promoted."""
        return self._judged(seen, seen.test().p_value, "p")

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """Each at the p-value that takes all of them together."""
        seen = [each.seen for each in comparisons]
        if family == 1:
            return [self.judge(look, None, seen[0])]
        p_values = adjusted_p_values(seen, self.shares_alpha_by, family)
        named = "p" if self.shares_alpha_by == "none" else "adjusted p"
        return [self._judged(*each, named) for each in zip(seen, p_values, strict=True)]

    def _judged(self, seen: Evidence, p_value: float, named: str) -> Judgement:
        difference = seen.difference

        def words() -> str:
            return (
                f"{seen}: difference {seen.written(difference)}, "
                f"{named} = {figure_text(p_value, '.3g')} (alpha {self.alpha:g})"
            )

        better = difference > 0 and p_value < self.alpha
        return Judgement("candidate" if better else "control", words, last=True)


@lru_cache(maxsize=64)  # asked for at every look
def _trials(baseline: float, better: float, alpha: float, power: float, ratio: float) -> float:
    return pooled_trials(baseline, better, alpha=alpha, power=power, ratio=ratio)
