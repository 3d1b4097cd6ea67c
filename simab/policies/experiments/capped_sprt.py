"""The sequential ratio test of two variants that ends at a largest sample."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Experiment, ExperimentState, Judgement
from simab.policies.experiments.information import awaited_pairs, labels_for_pairs
from simab.policies.next_look import NextLook
from simab.policies.observation import Observation
from simab.stats.capped_sprt import CappedSprt, calibrated_cap, capped_sprt
from simab.text.numbers import figure_text

__all__ = ["CappedRatioTest"]


class CappedRatioTest(Experiment):
    """Promote once the z of both variants speaks for the planned gain, up to a largest sample.

    The likelihood ratio of z under the planned gain to z under none, against Wald's bounds: found
    at log((1 - beta) / alpha), given up at log(beta / (1 - alpha)). Looks are taken at even steps
    of information, the harmonic mean of the variants' labels, of which `labelled_requests` is what
    one test of a fixed sample takes. The last look is the cap: the first one by which the gain is
    found with probability 1 - beta, as integrals of the law of the looks say. A test that is open
    there ends without a winner. One-sided: a loss and no difference both keep the control. Several
    candidates each have their part of alpha, and the larger sample that it takes. Source: Wald
    (1947); the cap after SPRT-z of Ho and Thomas (2026, arXiv 2606.24871), known from its abstract:
    they find it by simulated paths, for an effect of either sign. It misleads where the sample is
    planned for a gain that is too large: it then gives up early a candidate that is better by less.
    """

    two_sided: ClassVar[bool] = False

    kind: Literal["capped_sprt"] = "capped_sprt"
    labelled_requests: Annotated[int, Field(ge=2)]
    """Labelled requests that each of two equal variants needs in a one-sided test of a fixed
    sample, to find the planned gain with probability 1 - beta."""
    looks: Annotated[int, Field(ge=1, le=100)] = 10
    """Looks in that sample; the cap comes after up to four times as many."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability, at most, of promoting a candidate that is no better."""
    beta: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.2
    """Probability, at most, of not finding the planned gain."""

    @model_validator(mode="after")
    def _power_is_reached(self) -> CappedRatioTest:
        _cap(self.looks, self.alpha, self.beta)
        return self

    @property
    def most_looks(self) -> int:
        """Those up to the cap."""
        return len(self.design.information)

    @property
    def design(self) -> CappedSprt:
        """The bounds of all looks at the planned information."""
        return _cap(self.looks, self.alpha, self.beta)

    def one_of(self, candidates: int) -> CappedRatioTest:
        """The rule at its part of alpha: the same gain then takes a larger sample."""
        if candidates == 1 or self.shares_alpha_by == "none":
            return self
        return _one_of(self, candidates)

    def labels_needed(self, ratio: float) -> int:
        """Those of the cap: the information is the harmonic mean of both variants' labels."""
        most = float(self.design.information[-1]) * self.labelled_requests
        return labels_for_pairs(most, ratio)

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook:
        """What the information of the next look takes at least."""
        return awaited_pairs((state.look + 1) / self.looks * self.labelled_requests, observation)

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The planned look that the information has reached; ticks may skip some."""
        reached = int(self.looks * seen.pairs / self.labelled_requests)
        return max(state.look, min(reached, self.most_looks))

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The z of this look against the bounds at the information that it really has."""
        information = seen.pairs / self.labelled_requests
        bounds = capped_sprt([information], alpha=self.alpha, beta=self.beta)
        lower, upper = float(bounds.lower[0]), float(bounds.upper[0])
        test = seen.test()

        def words() -> str:
            z, low, high = (figure_text(each, ".3f") for each in (test.z, lower, upper))
            return (
                f"look {look} of {self.most_looks} at most: {seen}: z = {z}, given up at {low}, "
                f"found at {high} (alpha {self.alpha:g}, beta {self.beta:g})"
            )

        last = look == self.most_looks
        if test.z >= upper:
            return Judgement("candidate", words, last=last)
        return Judgement("control" if test.z <= lower else None, words, last=last)


@lru_cache(maxsize=64)
def _cap(looks: int, alpha: float, beta: float) -> CappedSprt:
    return calibrated_cap(looks, alpha=alpha, beta=beta)


@lru_cache(maxsize=64)
def _one_of(rule: CappedRatioTest, candidates: int) -> CappedRatioTest:
    alpha = rule.alpha / candidates
    # Information is in units of the fixed sample, which goes with the square of the drift.
    larger = (_cap(rule.looks, alpha, rule.beta).drift / rule.design.drift) ** 2
    sample = math.ceil(rule.labelled_requests * larger)
    return rule.model_copy(update={"alpha": alpha, "labelled_requests": sample})
