"""The Bayesian experiment: stop when one variant is probably better, or costs little if not."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simab.errors import InvalidInput
from simab.policies.experiment import Judgement, LookingExperiment
from simab.policies.two_shares import Correctness
from simab.stats.bayes import Beta, expected_loss, probability_better

__all__ = ["BayesianExperiment"]

Parameter = Annotated[float, Field(gt=0, le=1e9)]


class BayesianExperiment(LookingExperiment):
    """Stop when the leading variant is better with enough probability, at little expected loss.

    Correct answers of each variant have a Beta posterior, exact integrals of which are compared
    with the thresholds; where both are given both must be met, by either variant. Source: Stucchi,
    Bayesian A/B testing at VWO (2015). It misleads because a posterior does not allow for looking:
    with equal models "95 % probably better" turns up in far more than 5 % of the runs.
    """

    kind: Literal["bayesian"] = "bayesian"
    probability_better: Annotated[float, Field(gt=0.5, lt=1)] | None = 0.95
    """Probability of being the better one from which a variant wins; null asks for none."""
    expected_loss: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Expected loss of share by choosing a variant up to which it wins; unasked for if absent."""
    prior_successes: Parameter = 1.0
    """First parameter of both variants' Beta prior; 1 and 1 is flat."""
    prior_failures: Parameter = 1.0
    """Second parameter of both variants' Beta prior."""

    @model_validator(mode="after")
    def _some_threshold(self) -> BayesianExperiment:
        if self.probability_better is None and self.expected_loss is None:
            raise InvalidInput(
                "no threshold would ever stop it; give probability_better or expected_loss"
            )
        return self

    def judge(self, look: int, memory: Any, seen: Correctness) -> Judgement:
        """The posterior of all labels so far."""
        prior = Beta(self.prior_successes, self.prior_failures)
        shares = seen.shares
        control = prior.after(shares.control_hits, shares.control_total)
        candidate = prior.after(shares.candidate_hits, shares.candidate_total)
        wins, reason = True, f"look {look}: {seen}"
        leads = candidate.mean > control.mean
        if self.probability_better is not None:
            better = probability_better(control, candidate)
            leads = better > 0.5
            wins = max(better, 1.0 - better) >= self.probability_better
            reason += (
                f"; P({seen.candidate} better) = {better:.4f} "
                f"(asked {self.probability_better:g} for either)"
            )
        name = seen.candidate if leads else seen.control
        # The loss is asked for only where it can still matter: it costs two more integrals.
        if wins and self.expected_loss is not None:
            other, leader = (control, candidate) if leads else (candidate, control)
            loss = expected_loss(other, leader)
            wins = loss <= self.expected_loss
            reason += f"; expected loss of {name} {loss:.2g} (at most {self.expected_loss:g})"
        if not wins:
            return Judgement(None, reason)
        return Judgement("candidate" if leads else "control", reason)
