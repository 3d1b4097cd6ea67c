"""The Bayesian experiment with a region of practical equivalence: better, worse, or as good."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simab.description import Description, Difference
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.policies.experiments.several import Correction
from simab.policies.experiments.two_means import MeanEvidence, belief_of_mean
from simab.policies.experiments.two_metrics import MetricEvidence
from simab.policies.metrics import LOWER_IS_BETTER
from simab.stats.bayes import FLAT, Beta, Normal
from simab.stats.equivalence import GainOdds, gain_odds, gain_odds_normal
from simab.text.numbers import figure_text

__all__ = ["BayesianRope", "PriorBelief"]

Probability = Annotated[float, Field(gt=0.5, lt=1)]


class PriorBelief(Description):
    """What was believed of a variant before: a value, and how many labels it is worth."""

    mean: float
    """The expected value of the metric: a share of correct answers, or a mean reward or cost."""
    worth: Annotated[float, Field(gt=0, le=1e9)]
    """How many labelled requests say as much as this belief."""

    def beta(self) -> Beta:
        """The law of a share: as after so many labels, of which `mean` were right."""
        return Beta(self.mean * self.worth, (1.0 - self.mean) * self.worth)

    def combined(self, mean: float, seen: Normal, labels: int) -> Normal:
        """The law of a mean after labels that say `seen`: both are weighed by their numbers."""
        weight = self.worth / (self.worth + labels)
        return Normal(
            weight * mean + (1.0 - weight) * seen.mean,
            seen.standard_deviation * (labels / (self.worth + labels)) ** 0.5,
        )


class BayesianRope(LookingExperiment):
    """Stop when the candidate is probably better by more than a margin, worse by more, or neither.

    The margin bounds the region of practical equivalence (the ROPE): gains that do not matter. The
    share of correct answers has a Beta posterior; mean rewards and other metrics a normal one. A
    prior may say what was believed of either variant; without one it is flat. What is practically
    equivalent ends the experiment by `when_equivalent`. Source: Kruschke, "Rejecting or accepting
    parameter values in Bayesian estimation" (2018), with probabilities of the posterior in place of
    its highest-density interval. It misleads because a posterior does not allow for looking, and
    because a prior that is worth many labels and wrong decides before they are there.
    """

    fields_of_either: ClassVar[tuple[str, ...]] = ("rope",)

    corrections: ClassVar[tuple[Correction, ...]] = ("none",)

    kind: Literal["bayesian_rope"] = "bayesian_rope"
    rope: Annotated[Difference, Field(ge=0, le=1e9)]
    """The largest gain or loss of the metric that does not matter."""
    promote_at: Probability = 0.95
    """Probability of a gain above the margin from which the candidate wins."""
    keep_at: Probability = 0.95
    """Probability of a loss above the margin from which the control wins."""
    equivalent_at: Probability | None = 0.95
    """Probability of neither from which it ends as equivalent; null never does."""
    when_equivalent: Literal["keep", "ship"] = "keep"
    """What to do then: keep the control, or promote the candidate."""
    control_prior: PriorBelief | None = None
    """What was believed of the control; flat if absent."""
    candidate_prior: PriorBelief | None = None
    """What was believed of the candidate; flat if absent."""

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The posterior of all labels so far."""
        odds = self._odds(seen)
        if odds is None:
            return Judgement(None, lambda: f"look {look}: {seen}")

        def words() -> str:
            shown = (figure_text(each, ".4f") for each in odds)
            bounds = ("better", self.promote_at), ("equivalent", self.equivalent_at)
            asked = (*bounds, ("worse", self.keep_at))
            said = (
                f"P({name}) = {each} (asked {at if at is not None else 'never'})"
                for (name, at), each in zip(asked, shown, strict=True)
            )
            return f"look {look}: {seen}; margin {self.rope:g}: {', '.join(said)}"

        if odds.above >= self.promote_at:
            return Judgement("candidate", words)
        if odds.below >= self.keep_at:
            return Judgement("control", words)
        if self.equivalent_at is not None and odds.within >= self.equivalent_at:
            return Judgement("candidate" if self.when_equivalent == "ship" else "control", words)
        return Judgement(None, words)

    def _odds(self, seen: Evidence) -> GainOdds | None:
        if isinstance(seen, MeanEvidence):
            control = belief_of_mean(seen.control_rewards)
            candidate = belief_of_mean(seen.candidate_rewards)
            if control is None or candidate is None:
                return None
            sizes = seen.control_rewards.count, seen.candidate_rewards.count
            return self._normal_odds((control, candidate), sizes, -1 if seen.are_costs else 1)
        if isinstance(seen, MetricEvidence | UserEvidence):
            beliefs = seen.beliefs()
            if isinstance(seen, MetricEvidence):
                lower = seen.metric in LOWER_IS_BETTER
            else:
                lower = seen.observation.metric in LOWER_IS_BETTER
            sign = -1 if lower else 1
            return None if beliefs is None else self._normal_odds(beliefs, seen.labelled, sign)
        control_law, candidate_law = (
            FLAT if prior is None else prior.beta()
            for prior in (self.control_prior, self.candidate_prior)
        )
        shares = seen.shares
        return gain_odds(
            control_law.after(shares.control_hits, shares.control_total),
            candidate_law.after(shares.candidate_hits, shares.candidate_total),
            self.rope,
        )

    def _normal_odds(
        self, beliefs: tuple[Normal, Normal], sizes: tuple[int, int], sign: int
    ) -> GainOdds:
        control, candidate = (
            belief if prior is None else prior.combined(sign * prior.mean, belief, labels)
            for belief, prior, labels in zip(
                beliefs, (self.control_prior, self.candidate_prior), sizes, strict=True
            )
        )
        return gain_odds_normal(control, candidate, self.rope)
