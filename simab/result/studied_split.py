"""How traffic was split, as frozen records: each rule, its phases, its clients and its places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from simab.result.estimates import Mean, Proportion
from simab.result.json_metadata import absent_if_none

__all__ = [
    "MOST_PHASES",
    "FanPoint",
    "GroupFairness",
    "LongestRun",
    "NamedFlaw",
    "PeopleFairness",
    "PhaseFairness",
    "PlaceFairness",
    "RuleFairness",
    "SettlingPoint",
    "ShiftPower",
    "StudiedSplit",
]

MOST_PHASES: Final = 8
"""Phases of a run that are looked at one by one, those of most requests; there may be hundreds."""
UNKNOWN: Final = Mean(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FanPoint:
    """How far realised shares of the candidate were from those asked for, up to an instant.

    Quantiles over the replications, of the window that ends there and of all requests until then:
    both ends of `RuleFairness.band`, the quartiles between them, and the median in the middle; and
    half the width in which the rule promises 95 % of them (NaN: it promises none).
    """

    end_s: float
    window: tuple[float, ...]
    window_promised: float
    until_then: tuple[float, ...]
    until_then_promised: float


@dataclass(frozen=True, slots=True)
class SettlingPoint:
    """Of all runs together, so long after a change: the candidate's share of the requests since
    the point before, and of the clients by the variant of their last request; NaN without any.

    Draws of the share asked for keep in 95 % within so much of it: NaN where that is not known.
    """

    since_s: float
    requests: float
    clients: float
    requests_promised: float = math.nan
    clients_promised: float = math.nan


@dataclass(frozen=True, slots=True)
class ShiftPower:
    """How often one run shows a share of the candidate that is off by `shift`, up or down."""

    shift: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFairness:
    """A phase of constant weights, over the runs that had it.

    `units_each` is the mean number of requests, or clients, that say how the rule split in a run.
    `realised` are shares of requests, and `realised_users` of clients, by variant. `off`: how often
    the units disagree with the shares at `alpha` (the level of all tests together); `off_requests`
    and `off_users`: the usual chi-square on each, at the same level, whatever the rule assigns;
    `off_sequential`: a sequential test over looks at the units. `seen_below` and `seen_above`: how
    much too small, or large, the candidate's share must be to be seen with 90 % power in one run
    (NaN: no share would be); `powers`, how often smaller deviations are. `asked_s` is when its
    weights were asked for, at the median of the runs (NaN: never, or it is not known), and
    `since_s` when they were in force. After a change of weights: seconds until the share of
    requests, and of clients, is within the tolerance, and stays (NaN: not within the phase);
    `changed` says whether there was one. `clients_moved` is the share of the clients that came back
    of which the first request went to another variant than their last before; the least that would
    do is `clients_to_move`.
    """

    number: int
    since_s: float
    shares: Mapping[str, float]
    runs: int
    units_each: float
    realised: Mapping[str, Mean]
    realised_users: Mapping[str, Mean]
    off: Proportion
    off_requests: Proportion
    off_users: Proportion
    off_sequential: Proportion
    seen_below: float
    seen_above: float
    changed: bool
    requests_settled_s: float
    users_settled_s: float
    clients_moved: Mean
    clients_to_move: float
    settling: tuple[SettlingPoint, ...]
    powers: tuple[ShiftPower, ...] = ()
    asked_s: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFlaw:
    """A way to be off: how often runs that are off are consistent with it.

    `power`: how often a flaw of this kind would be seen here (NaN: it depends on its size, of which
    `least_part` is the smallest that is seen with 90 % power, as a part of the old shares).
    `different`: whether it would change anything here at all.
    """

    name: str
    words: str
    consistent: Proportion
    power: float
    least_part: float
    different: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestRun:
    """The longest run of requests on one variant: mean, and what one run in 1,000 exceeds.

    That holds of independent draws; NaN for other rules.
    """

    variant: str
    mean: float
    seldom_above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFairness:
    """What clients meet: means over runs of shares and of evenness.

    `jain_by_draws` and `gini_by_draws` are those of the exposure if each request of the same
    clients were drawn by itself by the shares in force: what chance alone gives.
    """

    clients: Mean
    met_several: Mean
    met_worse: Mean
    worse_each: Mean
    busiest_share: Mean
    jain_exposure: Mean
    gini_exposure: Mean
    jain_latency: Mean
    gini_latency: Mean
    jain_by_draws: Mean = UNKNOWN
    gini_by_draws: Mean = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFairness:
    """A group of clients: means over runs, and what differs from the others of its kind.

    `differs` holds, by field, the p-value that the group is like all others, of paired differences
    over runs, adjusted for all groups and fields (Holm).
    """

    name: str
    requests: Mean
    candidate_share: Mean
    latency_s: Mean
    error_share: Mean
    right_share: Mean
    differs: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFairness:
    """A variant (`instance` None) or one of its instances: its part of requests, load, latency."""

    variant: str
    instance: int | None
    request_share: Mean
    busy_workers: Mean
    p50_s: Mean
    p95_s: Mean
    p99_s: Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFairness:
    """One routing rule on the clients of the scenario.

    `by_client`: it assigns clients, not requests, or with `by_session` sessions, which then stand
    in the place of clients in `phases` and in what is tested; `keeps`: it, or the policy, keeps
    them on purpose where they were, so that the weights are for new ones. `requests` is the mean
    number that went by the weights, and `phases_in_all` that of phases with a split, of which those
    of most requests are looked at. `caught`: how often a run's split is off at `alpha`. `within`:
    how many windows lie in the envelope of 95 % that the rule promises, and `within_expected` how
    many do by the exact law of independent requests (NaN: not known): counts are whole, so the
    envelope has half a request more than the normal law. `scan`: in how many of `scan_runs` the
    largest deviation over any interval is beyond what one run in 100 has. `band`: which part of the
    runs the outer quantiles of `fan` hold, 1 for all of them.
    """

    name: str
    title: str
    by_client: bool
    keeps: bool
    alpha: float
    runs: int
    phases: tuple[PhaseFairness, ...]
    requests: float
    phases_in_all: float
    caught: Proportion
    flaws: tuple[NamedFlaw, ...]
    fan: tuple[FanPoint, ...]
    within: Mean
    longest: tuple[LongestRun, ...]
    scan: Proportion
    people: PeopleFairness
    groups: tuple[GroupFairness, ...]
    places: tuple[PlaceFairness, ...]
    within_expected: float = math.nan
    scan_runs: int = 0
    band: float = 0.9
    by_session: bool | None = field(default=None, metadata=absent_if_none())

    @property
    def assigned(self) -> Literal["clients", "requests", "sessions"]:
        """What it assigns, in a word."""
        if self.by_session:
            return "sessions"
        return "clients" if self.by_client else "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedSplit:
    """How a scenario's traffic was split while a policy moved the weights: each rule's record.

    `worse` are the variants that are worse than the best, by the scenario's truth, and `worse_by`
    says by how much in its `metric` (0: they only break a guardrail). The segments `left_out` are
    not looked at, for some of their requests name their variant. A share is there after a change
    where it is within `tolerance`. `failed` counts replications whose policy raised.
    """

    policy: str
    candidate: str
    worse: tuple[str, ...]
    left_out: tuple[str, ...]
    tolerance: float
    replications: int
    failed: int
    rules: tuple[RuleFairness, ...]
    metric: str = ""
    worse_by: Mapping[str, float] = field(default_factory=dict)
