"""What the labels of two variants say of a metric other than the share of correct answers."""

from __future__ import annotations

import math
from typing import NamedTuple

from simab.policies.experiments.two_means import MeansTest, part_of_both
from simab.policies.metrics import LOWER_IS_BETTER, LabelMetric
from simab.policies.two_proportions import TwoProportions
from simab.stats.always_valid import MixtureTest, confidence_sequence, mixture_test
from simab.stats.bayes import Normal
from simab.stats.classification import SHARES
from simab.stats.interval import Interval
from simab.stats.label_estimates import Estimate, metric_estimate
from simab.stats.label_totals import LabelTotals
from simab.stats.proportions import normal_p_value, pooled_test
from simab.text.numbers import figure_text

__all__ = ["MetricEvidence"]


class MetricEvidence(NamedTuple):
    """A metric of both variants' labels, under the variants' names; looks count labelled requests.

    Recall is a share of positives and precision one of predicted positives: `shares` counts them
    and every other metric that is a share, and a fixed test of these is the pooled z-test. The
    others have an estimate with a variance.
    Differences are gains: the candidate's less the control's, or the reverse where lower is better.
    A tuple, because one is made at every tick.
    """

    control: str
    candidate: str
    metric: LabelMetric
    totals: tuple[LabelTotals, LabelTotals]
    labelled: tuple[int, int]
    shares: TwoProportions | None

    @classmethod
    def of_labels(
        cls,
        metric: LabelMetric,
        control_name: str,
        control: LabelTotals,
        candidate_name: str,
        candidate: LabelTotals,
    ) -> MetricEvidence:
        """All of these labels."""
        shares = None
        if metric in SHARES:
            counted = SHARES[metric].counted
            shares = TwoProportions(*counted(control.confusion), *counted(candidate.confusion))
        labelled = control.labelled, candidate.labelled
        return cls(control_name, candidate_name, metric, (control, candidate), labelled, shares)

    @property
    def estimates(self) -> tuple[Estimate, Estimate]:
        """The metric of control and candidate, each with its variance."""
        if self.shares is None:
            control, candidate = self.totals
            return metric_estimate(self.metric, control), metric_estimate(self.metric, candidate)
        hits, total, new_hits, new_total = self.shares
        return _share_estimate(hits, total), _share_estimate(new_hits, new_total)

    @property
    def smaller(self) -> int:
        """The labelled requests of the variant that has fewer."""
        return min(self.labelled)

    @property
    def pairs(self) -> float:
        """The equal numbers of labelled requests that would say as much: the harmonic mean."""
        control, candidate = self.labelled
        return 2.0 * control * candidate / (control + candidate) if control + candidate else 0.0

    @property
    def difference(self) -> float:
        """By how much the candidate is better; NaN where the metric of either is unknown."""
        return self._gain().value

    @property
    def control_share(self) -> float:
        """What part of the difference's variance the control makes; it is in every comparison."""
        if self.shares is not None:
            return self.shares.control_share
        control, candidate = (each.variance for each in self.estimates)
        return part_of_both(control, candidate)

    def test(self) -> MeansTest:
        """The two-sided z-test of no difference; NaN where the variance of an arm is not known."""
        if self.shares is not None:
            return MeansTest(*pooled_test(*self.shares))
        difference, variance = self._gain()
        if not variance > 0.0:
            return MeansTest(difference, math.nan, math.nan)
        z = difference / math.sqrt(variance)
        return MeansTest(difference, z, normal_p_value(z, "two-sided"))

    def mixture_test(self, mixing_variance: float) -> MixtureTest:
        """One look of the mSPRT, by the normal law of the estimates."""
        difference, variance = self._gain()
        return mixture_test(difference, variance, mixing_variance=mixing_variance)

    def confidence_sequence(self, tight_at: int, level: float) -> Interval:
        """Asymptotic confidence sequence of the gain: it may be looked at any time."""
        difference, variance = self._gain()
        if not variance > 0.0:
            return Interval.undefined(level, f"the labels leave the spread of {self.metric} open")
        pairs = max(round(self.pairs), 1)
        spread = math.sqrt(variance * pairs)
        return confidence_sequence(difference, spread, pairs, target_count=tight_at, level=level)

    def beliefs(self) -> tuple[Normal, Normal] | None:
        """Normal laws of both under a flat prior, the greater the better; None while unknown."""
        if not self._gain().variance > 0.0:
            return None
        control, candidate = (
            Normal(self._sign * each.value, math.sqrt(each.variance)) for each in self.estimates
        )
        return control, candidate

    @staticmethod
    def written(difference: float) -> str:
        """A gain, as reasons quote it."""
        return figure_text(difference, "+.4f")

    @property
    def _sign(self) -> int:
        return -1 if self.metric in LOWER_IS_BETTER else 1

    def _gain(self) -> Estimate:
        """The difference, and its variance; of shares with a hit and a miss more than seen."""
        control, candidate = self.estimates
        variance = control.variance + candidate.variance
        if self.shares is not None:
            variance = self.shares.cautious_variance
        return Estimate(self._sign * (candidate.value - control.value), variance)

    def __str__(self) -> str:
        """The metric in words, as every reason quotes it."""
        if self.shares is not None:
            hits, total, new_hits, new_total = self.shares
            old = f"{hits}/{total} {SHARES[self.metric].about} ({self.labelled[0]} labels)"
            return (
                f"{self.metric}: {self.control} {old}, "
                f"{self.candidate} {new_hits}/{new_total} ({self.labelled[1]})"
            )
        better = " (lower is better, a gain is positive)" if self._sign < 0 else ""
        control, candidate = self.estimates
        return (
            f"{self.metric}{better}: {self.control} {figure_text(control.value, '.4f')} of "
            f"{self.labelled[0]} labels, {self.candidate} {figure_text(candidate.value, '.4f')} of "
            f"{self.labelled[1]}"
        )


def _share_estimate(hits: int, trials: int) -> Estimate:
    share = hits / trials if trials else math.nan
    return Estimate(share, (hits + 1) * (trials - hits + 1) / (trials + 2) ** 2 / max(trials, 1))
