"""The row of one replication: how it ended, when, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Judgement", "RunSummary", "Verdict"]


class Verdict(StrEnum):
    """What was decided; which variant has the traffic at the end is another matter."""

    PROMOTED_CANDIDATE = "promoted_candidate"
    PROMOTED_OTHER = "promoted_other"
    KEPT_CONTROL = "kept_control"
    ROLLED_BACK = "rolled_back"
    UNDECIDED = "undecided"


class Judgement(StrEnum):
    """What ending a run with a variant is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The row of one replication under one policy.

    `verdict` is the first accepted decision, `decided_for` the variant that it is to give
    all traffic: of a rollback the control, None where undecided. `decided_s` and
    `requests_to_decision` are None where the verdict is UNDECIDED: nothing was decided by the
    horizon, or the policy gave up.
    `ends_with` is the variant that has all traffic at the horizon, or gets it by an update under
    way then, whichever was decided for: None where several share it. It has had it all since
    `ends_with_since_s`, or will have from then on. `judgement` is the truth's of that variant.
    `requests_on_worse` counts the requests of users that went to variants which are worse than the
    best or break a guardrail, and ended there: answered, failed or refused, named or by weight.
    `requests_failed` (500) and `requests_rejected` (503, a full queue) count the users who got no
    answer, and the shares are of all requests that arrived; `error_share` takes both together.
    `regret` adds, over all requests answered, by how much the serving variant's true metric misses
    the best one's. `guardrail_breach_s` is the time until the horizon in metric windows in which
    some variant broke a guardrail.
    `guardrail_breach_excess_s` and `errors_excess` are by how much that time, and the requests
    failed or rejected, exceed those of the same run with the same weights in which every variant
    answers as the control does (`simab.analyse.counterfactual`); negative where it does better.
    `weight_changes` counts the changes of positive weights that
    took effect. `actions_refused` counts what the policy asked for and the endpoint refused, most
    often because of `refusal` (None where nothing was). `held_for` lists for what the candidate was
    held on the way, whatever came of it (None where it never was). A run is correct where it is
    right to end with the variant that has all traffic. `requests_served` counts by variant the
    requests of users that it answered, and `served_share` is its share of all that were answered.
    `cost_of_serving` adds up what requests and instance hours cost (None where no variant states
    a price). `clients_on_worse` counts the clients that have a request in `requests_on_worse` (None
    where they are not counted). `candidate_gone_s` is since when the candidate has had no weighted
    traffic and no request has ended there, to the horizon (None where it still takes some).
    `gain_estimate_error` is the estimated gain of the candidate that was decided for less its true
    gain, both over the control (None where none was, or the rule estimates none), and
    `corrected_gain_error` the same of the estimate that is corrected for having been promoted.
    """

    policy: str
    replication: int
    verdict: Verdict
    decided_for: str | None
    ends_with: str | None
    ends_with_since_s: float | None
    judgement: Judgement
    correct: bool
    decided_s: float | None
    requests_to_decision: int | None
    requests_total: int
    requests_failed: int
    requests_rejected: int
    requests_on_worse: int
    regret: float
    guardrail_breach_s: float
    weight_changes: int
    actions_refused: int
    refusal: str | None
    held_for: str | None
    in_flight_at_horizon: int
    labels_outstanding: int
    guardrail_breach_excess_s: float = 0.0
    errors_excess: int = 0
    requests_served: Mapping[str, int] = field(default_factory=dict)
    cost_of_serving: float | None = None
    clients_on_worse: int | None = None
    candidate_gone_s: float | None = None
    gain_estimate_error: float | None = None
    corrected_gain_error: float | None = None

    @property
    def time_to_decision_s(self) -> float:
        """When it was decided; infinite where nothing was."""
        return math.inf if self.decided_s is None else self.decided_s

    def promotes(self, *candidates: str) -> bool:
        """Whether the run decides for one of the candidates, or ends with one."""
        return self.decided_for in candidates or self.ends_with in candidates

    @property
    def overturned(self) -> bool:
        """Whether the traffic ends elsewhere than with the variant decided for."""
        return self.verdict is not Verdict.UNDECIDED and self.ends_with != self.decided_for

    @property
    def served_share(self) -> Mapping[str, float]:
        """Share of the answers that each variant gave; 0 for all where there are none."""
        answers = max(sum(self.requests_served.values()), 1)
        return {name: count / answers for name, count in self.requests_served.items()}

    @property
    def cost_per_answer(self) -> float | None:
        """What an answer cost to serve; None where that is not known, or nobody got one."""
        answers = sum(self.requests_served.values())
        return (
            None if self.cost_of_serving is None or not answers else self.cost_of_serving / answers
        )

    @property
    def failed_share(self) -> float:
        """Share of the requests that were answered with a 500."""
        return self.requests_failed / max(self.requests_total, 1)

    @property
    def rejected_share(self) -> float:
        """Share of the requests that were refused with a 503."""
        return self.requests_rejected / max(self.requests_total, 1)

    @property
    def error_share(self) -> float:
        """Share of the requests that got a 5XX of either kind."""
        return (self.requests_failed + self.requests_rejected) / max(self.requests_total, 1)

    @property
    def error_share_excess(self) -> float:
        """By how much `error_share` exceeds that of the same run with variants like the control."""
        return self.errors_excess / max(self.requests_total, 1)
