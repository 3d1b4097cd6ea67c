"""The always-valid test: look whenever you like, stop whenever it is significant."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR
from simab.errors import InvalidInput
from simab.policies.experiments.bounded_evidence import BoundedArms
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.policies.experiments.mixture_of_t import mixture_of_t
from simab.policies.immature import AsArrived, Wait, Window
from simab.stats.always_valid import running_p_value
from simab.stats.interval import Interval
from simab.text.numbers import figure_text

__all__ = ["AlwaysValid"]


class AlwaysValid(LookingExperiment):
    """Test the objective's metric at every look by a test that allows for looking.

    `mixture` is the mSPRT, each arm with its own variance: it decides when the smallest p-value so
    far is at most alpha. `mixture_t` is the same of t, which does not take the variances for known.
    `confidence_sequence` is the asymptotic one in GrowthBook's form: it decides when the interval
    of the difference leaves out 0. `empirical_bernstein` does so with intervals that hold whatever
    the law and from the first label on, of values with known ends: right or wrong, or rewards with
    a `cap`. A gain promotes, a loss keeps the control. Source: Johari, Pekelis and Walsh (2022);
    Wang and Ramdas (2025, arXiv 2310.03722); Waudby-Smith et al. (2021); Waudby-Smith and Ramdas
    (2023). It misleads where looks begin after a handful of labels, for all but
    `empirical_bernstein` hold only as the labels of the smaller variant grow many (`mixture_t`
    nearly from a few normal values on); and it pays for the freedom to stop with power: at a fixed
    sample size a fixed test finds more, and most of all than `empirical_bernstein`.
    """

    fields_of_either: ClassVar[tuple[str, ...]] = ("typical_effect",)

    kind: Literal["always_valid"] = "always_valid"
    method: Literal["confidence_sequence", "mixture", "mixture_t", "empirical_bernstein"] = (
        "confidence_sequence"
    )
    """Which of the tests."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of ever calling a difference where there is none, however often one looks."""
    tight_at: Annotated[int, Field(ge=1)] = 5000
    """Labelled requests a variant at which an interval is to be narrowest."""
    typical_effect: Annotated[float, Field(ge=1e-9, le=1e9)] | None = None
    """The difference of the metric that the mixture expects: its spread. For `mixture_t` in
    standard deviations of a value, such as 0.1."""

    @model_validator(mode="after")
    def _mixture_has_an_effect(self) -> AlwaysValid:
        if (self.method in ("mixture", "mixture_t")) != (self.typical_effect is not None):
            raise InvalidInput(
                "typical_effect belongs to the methods mixture and mixture_t, which need one; "
                "give both, such as mixture and 0.01, or neither"
            )
        return self

    @model_validator(mode="after")
    def _values_have_ends(self) -> AlwaysValid:
        if self.method != "empirical_bernstein":
            return self
        for field in ("pre_period", "cap_percentile"):
            if getattr(self, field) is not None:
                raise InvalidInput(
                    f"empirical_bernstein needs ends that are known beforehand, and {field} learns "
                    "from the labels; leave it out, or write method: mixture_t with typical_effect"
                )
        if self.unit != "request":
            raise InvalidInput(
                f"empirical_bernstein takes values of single requests, and unit is {self.unit}; "
                "leave out unit, or write method: mixture_t with typical_effect"
            )
        if not isinstance(self.immature, AsArrived | Wait | Window | None):
            raise InvalidInput(
                f"empirical_bernstein counts each value once, and immature {self.immature.kind} "
                "changes what has been counted; write `{kind: wait, after: 7d}`"
            )
        return self

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The method's test of all labels so far.

        `memory` is the smallest p-value so far, or for `empirical_bernstein` both arms' means.
        """
        if self.method == "empirical_bernstein":
            begun = memory or BoundedArms.begun(seen, self.tight_at, self.alpha)
            arms = begun.after(seen)
            return self._by_interval(look, seen, arms.interval, arms)
        if self.typical_effect is None:
            interval = seen.confidence_sequence(self.tight_at, 1.0 - self.alpha)
            return self._by_interval(look, seen, interval)
        mixing_variance = self.typical_effect * self.typical_effect
        if self.method == "mixture_t":
            test = mixture_of_t(seen, mixing_variance)
        else:
            test = seen.mixture_test(mixing_variance)
        p_value = running_p_value(1.0 if memory is None else memory, test.p_value)

        def words() -> str:
            return (
                f"look {look}: {seen}: difference {seen.written(test.difference)}, always-valid "
                f"p = {figure_text(p_value, '.3g')} (alpha {self.alpha:g})"
            )

        if p_value > self.alpha:
            return Judgement(None, words, p_value)
        return Judgement("candidate" if test.difference > 0.0 else "control", words, p_value)

    def _by_interval(
        self, look: int, seen: Evidence, interval: Interval, memory: Any = None
    ) -> Judgement:
        level = 1.0 - self.alpha

        def words() -> str:
            if interval.reason is not None:
                return f"look {look}: {seen}: {interval.reason}"
            return (
                f"look {look}: {seen}: difference {seen.written(seen.difference)}, {level:.4g} "
                f"confidence sequence {seen.written(interval.low)} to {seen.written(interval.high)}"
            )

        # Ends that are NaN, where there is no interval, are neither above 0 nor below.
        if interval.low > 0.0:
            return Judgement("candidate", words, memory)
        return Judgement("control" if interval.high < 0.0 else None, words, memory)
