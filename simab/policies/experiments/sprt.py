"""Wald's sequential probability ratio test of the candidate's share of correct answers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, Share
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Judgement, LookingExperiment
from simab.policies.observation import Observation
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.sprt import bernoulli_log_ratio, sprt_bounds, sprt_verdict
from simab.text.numbers import figure_text

__all__ = ["SequentialProbabilityRatio"]


class SequentialProbabilityRatio(LookingExperiment):
    """Stop when the candidate's answers speak clearly enough for one of two stated shares.

    p1 accepted promotes the candidate, p0 accepted keeps the control; `labelled_requests` and the
    cadence count the candidate's labels alone. Source: Wald, Sequential Analysis (1947), chapter
    3. It misleads because it never looks at the control: p0 is what the control was thought to be
    worth, and the test answers wrongly, and surely, when that has changed.
    """

    needs_right_or_wrong: ClassVar[bool] = True
    counts_correct_answers: ClassVar[bool] = True
    two_sided: ClassVar[bool] = False

    kind: Literal["sprt"] = "sprt"
    p0: Annotated[Share, Field(gt=0, lt=1)]
    """Share of correct answers at which the candidate is not worth promoting."""
    p1: Annotated[Share, Field(gt=0, lt=1)]
    """Share of correct answers, above p0, at which it is."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.05
    """Probability of promoting at p0."""
    beta: Annotated[float, Field(ge=SMALLEST_ERROR, lt=1)] = 0.1
    """Probability of keeping the control at p1."""
    maximum_labelled_requests: Annotated[int, Field(ge=1)] | None = None
    """Labels of the candidate at which the test ends undecided; never if absent."""

    @model_validator(mode="after")
    def _two_shares_two_errors(self) -> SequentialProbabilityRatio:
        if self.p1 <= self.p0:
            raise InvalidInput(
                f"p0 = {self.p0:g} is not below p1 = {self.p1:g}; "
                "give the control's share as p0 and the smallest one worth promoting as p1"
            )
        sprt_bounds(self.alpha, self.beta)
        if self.reads_answers():
            raise InvalidInput(
                "sprt takes each labelled request for a draw of its own; leave out unit, "
                "pre_period, triggered and caps, or use always_valid"
            )
        return self

    def counted(self, observation: Observation) -> tuple[str, ...]:
        """The candidate alone."""
        return (observation.candidate,)

    def labels_counted(self, seen: Evidence) -> int:
        """The candidate's labels: the control's are not used."""
        return _answers(seen).shares.candidate_total

    def judge(self, look: int, memory: Any, seen: Evidence) -> Judgement:
        """The log likelihood ratio of all the candidate's labels, against Wald's bounds."""
        shares = _answers(seen).shares
        right, labelled = shares.candidate_hits, shares.candidate_total
        bounds = sprt_bounds(self.alpha, self.beta)
        log_ratio = bernoulli_log_ratio(right, labelled, self.p0, self.p1)

        def words() -> str:
            ratio = figure_text(log_ratio, ".3f")
            return (
                f"look {look}: {seen.candidate} {right}/{labelled} correct: log likelihood ratio "
                f"of {self.p1:g} to {self.p0:g} is {ratio}, bounds {bounds.lower:.3f} and "
                f"{bounds.upper:.3f}"
            )

        verdict = sprt_verdict(log_ratio, bounds)
        if verdict == "continue":
            most = self.maximum_labelled_requests
            return Judgement(None, words, last=most is not None and labelled >= most)
        return Judgement("candidate" if verdict == "alternative" else "control", words)


def _answers(seen: Evidence) -> ProportionEvidence:
    assert isinstance(seen, ProportionEvidence), "needs_right_or_wrong"
    return seen
