"""Thompson sampling with Beta posteriors: traffic in proportion to the probability to be best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simab.policies.bandits.bandit import Bandit, Pulls, share_to_be_best
from simab.stats.bayes import Beta

__all__ = ["Thompson"]

Parameter = Annotated[float, Field(gt=0, le=1e9)]


class Thompson(Bandit):
    """Give each arm the posterior probability that it has the highest share of right answers.

    Sampling a posterior for each request and taking the highest sample has just these shares on
    average (probability matching), so they are computed, by integrals, and nothing is drawn.
    Source: Thompson (1933); Chapelle and Li (2011). It misleads when read as a test: with equal
    arms it wanders, and ends up with nearly all traffic on one of them for no reason.
    """

    kind: Literal["thompson"] = "thompson"
    prior_successes: Parameter = 1.0
    """First parameter of every arm's Beta prior; 1 and 1 is flat."""
    prior_failures: Parameter = 1.0
    """Second parameter of every arm's Beta prior."""

    def shares(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """The probabilities to be best."""
        return self.to_be_best(pulls)

    def to_be_best(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """From the Beta posteriors."""
        return share_to_be_best(tuple(self._belief(each) for each in pulls))

    def posterior_mean(self, pulls: Pulls) -> float:
        """Of the Beta posterior."""
        return self._belief(pulls).mean

    def _belief(self, pulls: Pulls) -> Beta:
        prior = Beta(self.prior_successes, self.prior_failures)
        return prior.after(pulls.right, pulls.labelled)
