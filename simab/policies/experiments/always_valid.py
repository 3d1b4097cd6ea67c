"""The always-valid test: look whenever you like, stop whenever it is significant."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.stats.always_valid import running_p_value
from simab.text.numbers import figure_text

__all__ = ["AlwaysValid"]


class AlwaysValid(LookingExperiment):
    """Test the objective's metric at every look by a test that allows for looking.

    `mixture` is the mSPRT, each arm with its own variance: it decides when the smallest p-value so
    far is at most alpha. `confidence_sequence` is the asymptotic one in GrowthBook's form: it
    decides when the interval of the difference leaves out 0. A gain promotes, a loss keeps the
    control. Source: Johari, Pekelis and Walsh (2022); Waudby-Smith et al. (2021). It misleads where
    looks begin after a handful of labels, for its tests hold only as the labels grow many; and it
    pays for the freedom to stop with power: at a fixed sample size a fixed test finds more.
    """

    fields_of_either: ClassVar[tuple[str, ...]] = ("typical_effect",)

    kind: Literal["always_valid"] = "always_valid"
    method: Literal["confidence_sequence", "mixture"] = "confidence_sequence"
    """Which of the two tests."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of ever calling a difference where there is none, however often one looks."""
    tight_at: Annotated[int, Field(ge=1)] = 5000
    """Labelled requests a variant at which the confidence sequence is to be narrowest."""
    typical_effect: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """The difference of the metric that the mixture expects: its spread."""

    @model_validator(mode="after")
    def _mixture_has_an_effect(self) -> AlwaysValid:
        if (self.method == "mixture") != (self.typical_effect is not None):
            raise InvalidInput(
                "typical_effect belongs to method mixture, which needs one; "
                "give both, such as mixture and 0.01, or neither"
            )
        return self

    def judge(self, look: int, memory: float | None, seen: Evidence) -> Judgement:
        """The method's test of all labels so far; `memory` is the smallest p-value so far."""
        if self.typical_effect is None:
            return self._by_interval(look, seen)
        mixing_variance = self.typical_effect * self.typical_effect
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

    def _by_interval(self, look: int, seen: Evidence) -> Judgement:
        level = 1.0 - self.alpha
        interval = seen.confidence_sequence(self.tight_at, level)

        def words() -> str:
            if interval.reason is not None:
                return f"look {look}: {seen}: {interval.reason}"
            return (
                f"look {look}: {seen}: difference {seen.written(seen.difference)}, {level:.4g} "
                f"confidence sequence {seen.written(interval.low)} to {seen.written(interval.high)}"
            )

        # Ends that are NaN, where there is no interval, are neither above 0 nor below.
        if interval.low > 0.0:
            return Judgement("candidate", words)
        return Judgement("control" if interval.high < 0.0 else None, words)
