"""Naive peeking: the fixed-horizon test, asked again at every look until it says yes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simab.description import SMALLEST_ERROR
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.policies.experiments.several import Correction
from simab.text.numbers import figure_text

__all__ = ["NaivePeeking"]


class NaivePeeking(LookingExperiment):
    """Test at every look at the full alpha, and stop at the first significance.

    The two-sided test of `fixed_horizon`, of the objective's metric; a significant gain
    promotes, a significant loss keeps the control. Source: what dashboards invite to; Armitage,
    McPherson and Rowe (1969) gave the price. It misleads because every look is another chance to
    be wrong: at a nominal 5 % equal models are found different in 14 % of the runs after 5 looks,
    19 % after 10 and 25 % after 20, of which half are promotions.
    """

    corrections: ClassVar[tuple[Correction, ...]] = ("none", "bonferroni")

    kind: Literal["naive_peeking"] = "naive_peeking"
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """The level that each look is tested at, as if it were the only one."""

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The test of all labels so far."""
        test = seen.test()

        def words() -> str:
            return (
                f"look {look}: {seen}: difference {seen.written(test.difference)}, "
                f"p = {figure_text(test.p_value, '.3g')} (alpha {self.alpha:g} at every look)"
            )

        if not test.p_value < self.alpha:
            return Judgement(None, words)
        return Judgement("candidate" if test.difference > 0.0 else "control", words)
