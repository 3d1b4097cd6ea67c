"""The Bayesian experiment: stop when one variant is probably better, or costs little if not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from pydantic import Field, model_validator

from simab.errors import InvalidInput
from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.policies.experiments.several import Comparison, Correction
from simab.policies.experiments.two_means import MeanEvidence, belief_of_mean
from simab.policies.experiments.two_metrics import MetricEvidence
from simab.stats.bayes import (
    Beta,
    Normal,
    expected_loss,
    expected_loss_normal,
    probability_better,
    probability_better_normal,
)
from simab.stats.best_arm import best_normal_mean, best_share
from simab.text.numbers import figure_text

__all__ = ["BayesianExperiment"]

Law = TypeVar("Law", Beta, Normal)
Parameter = Annotated[float, Field(gt=0, le=1e9)]


class BayesianExperiment(LookingExperiment):
    """Stop when the leading variant is better with enough probability, at little expected loss.

    The share of correct answers of each variant has a Beta posterior; its mean reward (from four
    rewards that are not all alike) and any other metric have a normal one, under a flat prior.
    Exact integrals of them are compared with the thresholds. Where both are given both must be met,
    by either variant. Source: Stucchi, Bayesian A/B testing at VWO (2015). It misleads because a
    posterior does not allow for looking: with equal models "95 % probably better" turns up in far
    more than 5 % of the runs. Of several candidates the leader wins where it is probably the best
    of all, the control included, and its expected loss is that against the best of the others.
    """

    corrections: ClassVar[tuple[Correction, ...]] = ("none",)
    fields_of_right_or_wrong: ClassVar[tuple[str, ...]] = ("prior_successes", "prior_failures")
    fields_of_either: ClassVar[tuple[str, ...]] = ("expected_loss",)

    kind: Literal["bayesian"] = "bayesian"
    probability_better: Annotated[float, Field(gt=0.5, lt=1)] | None = 0.95
    """Probability of being the better one from which a variant wins; null asks for none."""
    expected_loss: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """Expected loss of share, or of mean reward, by choosing a variant up to which it wins;
    unasked for if absent."""
    prior_successes: Parameter = 1.0
    """First parameter of both variants' Beta prior; 1 and 1 is flat. Of correct answers alone."""
    prior_failures: Parameter = 1.0
    """Second parameter of both variants' Beta prior. Of correct answers alone."""

    @model_validator(mode="after")
    def _some_threshold(self) -> BayesianExperiment:
        if self.probability_better is None and self.expected_loss is None:
            raise InvalidInput(
                "no threshold would ever stop it; give probability_better or expected_loss"
            )
        return self

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The posterior of all labels so far."""
        posteriors = self._posteriors(seen)
        if posteriors is None:
            return Judgement(None, lambda: f"look {look}: {seen}")
        wins, better, loss = True, math.nan, math.nan
        leads = posteriors.candidate.mean > posteriors.control.mean
        if self.probability_better is not None:
            better = posteriors.better(posteriors.control, posteriors.candidate)
            leads = better > 0.5
            wins = max(better, 1.0 - better) >= self.probability_better
        # The loss is asked for only where it can still matter: it costs two more integrals.
        if wins and self.expected_loss is not None:
            other, leader = posteriors.control, posteriors.candidate
            if not leads:
                other, leader = leader, other
            loss = posteriors.loss(other, leader)
            wins = loss <= self.expected_loss

        def words() -> str:
            text = f"look {look}: {seen}"
            if self.probability_better is not None:
                asked = f"asked {self.probability_better:g} for either"
                text += f"; P({seen.candidate} better) = {figure_text(better, '.4f')} ({asked})"
            if not math.isnan(loss):
                name, most = seen.candidate if leads else seen.control, self.expected_loss
                text += f"; expected loss of {name} {loss:.2g} (at most {most:g})"
            return text

        if not wins:
            return Judgement(None, words)
        return Judgement("candidate" if leads else "control", words)

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """The posteriors of all that are in the race, and which of them is best."""
        if len(comparisons) == 1:
            return [self.judge(look, None, comparisons[0].seen)]
        pairs = [self._posteriors(each.seen) for each in comparisons]
        known = [pair for pair in pairs if pair is not None]
        if len(known) < len(pairs):
            return [Judgement(None, each.seen.__str__) for each in comparisons]
        laws = [known[0].control, *(pair.candidate for pair in known)]
        found = best_share(laws) if isinstance(laws[0], Beta) else best_normal_mean(laws)
        leader = int(found.probability.argmax())
        probability = float(found.probability[leader])
        loss = float(found.expected_loss[leader])
        wins = self.probability_better is None or probability >= self.probability_better
        if self.expected_loss is not None:
            wins = wins and loss <= self.expected_loss
        names = [comparisons[0].seen.control, *(each.candidate for each in comparisons)]

        def words(seen: Evidence) -> Callable[[], str]:
            best = f"P({names[leader]} best) = {figure_text(probability, '.4f')}"
            return lambda: f"look {look}: {seen}; {best}, expected loss {loss:.2g}"

        judged = []
        for place, each in enumerate(comparisons, start=1):
            winner: Literal["control", "candidate"] | None = None
            if wins and leader in (0, place):
                winner = "candidate" if leader else "control"
            judged.append(Judgement(winner, words(each.seen)))
        return judged

    def _posteriors(self, seen: Evidence) -> _Posteriors[Any] | None:
        if isinstance(seen, MeanEvidence):
            control = belief_of_mean(seen.control_rewards)
            candidate = belief_of_mean(seen.candidate_rewards)
            if control is None or candidate is None:
                return None
            return _Posteriors(control, candidate, probability_better_normal, expected_loss_normal)
        if isinstance(seen, MetricEvidence | UserEvidence):
            beliefs = seen.beliefs()
            if beliefs is None:
                return None
            return _Posteriors(*beliefs, probability_better_normal, expected_loss_normal)
        prior, shares = Beta(self.prior_successes, self.prior_failures), seen.shares
        return _Posteriors(
            prior.after(shares.control_hits, shares.control_total),
            prior.after(shares.candidate_hits, shares.candidate_total),
            probability_better,
            expected_loss,
        )


class _Posteriors(NamedTuple, Generic[Law]):
    """Two laws, and how laws of their kind are compared."""

    control: Law
    candidate: Law
    better: Callable[[Law, Law], float]
    loss: Callable[[Law, Law], float]
