"""The memory that a run's counts take, and how much a run and a study may take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from simab import units
from simab.scenario.rates import mean_rate_per_s
from simab.stats.label_totals import SCORE_BINS
from simab.stats.request_totals import LATENCY_BUCKETS

if TYPE_CHECKING:
    from simab.profiles.propensities import Propensities
    from simab.scenario.parts import UncheckedScenario

__all__ = [
    "MOST_KEPT_CLIENTS",
    "MOST_RUN_BYTES",
    "MOST_STUDY_ROWS",
    "MOST_UNEQUAL_CLIENTS",
    "SCORED",
    "answer_bytes",
    "counted_clients",
    "expected_requests",
    "open_windows",
    "run_bytes",
]

MOST_RUN_BYTES: Final = 4 * 2**30
"""What the counts of one run may take: two runs at once, and the machine still has memory."""
MOST_STUDY_ROWS: Final = 2_000_000
"""Replications of all policies together; a row with its key takes about a kilobyte."""

MOST_UNEQUAL_CLIENTS: Final = 1_000_000
"""Clients of a segment whose activity differs: a table of 16 bytes each is drawn from."""
MOST_KEPT_CLIENTS: Final = 10_000_000
"""Clients of whom a run remembers which variant they have: 8 to 16 bytes each."""

SCORED: Final = frozenset({"classifier", "joint_table"})
"""Kinds of quality whose answers have scores, which are counted too."""

_MOST_OPEN_BYTES: Final = 256 * 2**20
"""Histograms of latencies that a run keeps open for good; with more, it puts windows away."""
_OPEN_BYTES: Final = 32 * 2**20
_MOST_AT_ONCE: Final = 128
"""Requests of a segment whose windows may have to be open at once: a block of the kernel's."""

# Bytes of the arrays that a run counts in, by window or label bucket and variant.
_REQUEST_COUNTS: Final = 8 * 16
_LABEL_COUNTS: Final = 8 * 8
_HISTOGRAM: Final = 4 * LATENCY_BUCKETS
_PLACE: Final = 4
# A bucket that is put away, with its part of the sums, and a window: once, or for each request.
_BUCKET_AWAY: Final = 8
_WINDOW_AWAY: Final = 8
_SCORE_COUNTS: Final = 4 * 2 * SCORE_BINS
_REWARD_COUNTS: Final = 8 * 4
# A request of a trace or a session: when it comes, its row, client and target; each size of it.
_GIVEN: Final = 2 * 8 + 8 + 8
_GIVEN_SIZE: Final = 8
# A request of a session: which one; and again with its hash, where routing goes by sessions.
_OF_SESSION: Final = 8
_ROUTED_BY_SESSION: Final = 2 * 8
_ANSWER: Final = 8 * (13 + 6 + 5)
"""A request's record, and its answer as it is kept and as a rule is shown it."""
_ANSWER_OF_SESSION: Final = 8 * 2
"""Which session it is of, as a rule is shown it, and as it is looked up."""
# A client who differs from others: its words, and an entry of each list, which is copied once.
_CLIENT_WORDS: Final = 4 * 8
_CLIENT_ENTRY: Final = 2 * 8


def open_windows(windows: int, variants: int, segments: int) -> int:
    """How many windows of a run have their histograms of latencies open at once."""
    a_window = variants * _HISTOGRAM
    if windows * a_window <= _MOST_OPEN_BYTES:
        return windows
    return min(windows, max(_OPEN_BYTES // a_window, 4 * (segments + 1) * _MOST_AT_ONCE))


def run_bytes(scenario: UncheckedScenario, *, scored: bool, earning: bool) -> int:
    """Memory of the counts of one run; both data planes count in the same arrays.

    `scored` and `earning` say whether some variant's answers have scores, or earn rewards.
    """
    horizon, period = scenario.horizon, scenario.metrics.period
    windows, variants = -(-horizon // period), len(scenario.endpoint.variants)
    buckets = -(-horizon // math.gcd(period, scenario.controller.interval))
    per_bucket = _LABEL_COUNTS + scored * _SCORE_COUNTS + earning * _REWARD_COUNTS
    return (
        windows * (variants * _REQUEST_COUNTS + _PLACE)
        + _latency_bytes(scenario, windows)
        + buckets * variants * per_bucket
        + counted_clients(scenario) // 8
        + given_bytes(scenario)
        + answer_bytes(scenario)
        + _propensity_bytes(scenario)
    )


def _latency_bytes(scenario: UncheckedScenario, windows: int) -> int:
    variants = len(scenario.endpoint.variants)
    at_once = open_windows(windows, variants, len(scenario.traffic))
    opened = at_once * variants * _HISTOGRAM
    if at_once == windows:
        return opened
    away = min(expected_requests(scenario), windows * variants * LATENCY_BUCKETS)
    return opened + int(away) * _BUCKET_AWAY + windows * variants * _WINDOW_AWAY


def expected_requests(scenario: UncheckedScenario) -> float:
    """How many requests a run has on average."""
    rate = math.fsum(mean_rate_per_s(scenario, each) for each in scenario.traffic.values())
    return rate * units.seconds(scenario.horizon)


def given_bytes(scenario: UncheckedScenario) -> int:
    """Requests that a run holds by their times: those of traces and of sessions."""
    needed = 0.0
    for segment in scenario.traffic.values():
        if segment.trace is not None or segment.sessions is not None:
            sizes = 0 if segment.trace is None else len(segment.trace.sizes)
            requests = mean_rate_per_s(scenario, segment) * units.seconds(scenario.horizon)
            of_session = 0 if segment.sessions is None else _OF_SESSION
            routed = _ROUTED_BY_SESSION if scenario.endpoint.assigns_sessions else 0
            needed += requests * (_GIVEN + _GIVEN_SIZE * sizes + of_session + routed)
    return int(needed)


def answer_bytes(scenario: UncheckedScenario) -> int:
    """Answers that a run keeps one by one, where one of the policies reads them so."""
    if not any(policy.reads_answers() for policy in scenario.policies.values()):
        return 0
    sessions = any(segment.sessions is not None for segment in scenario.traffic.values())
    return int(expected_requests(scenario) * (_ANSWER + sessions * _ANSWER_OF_SESSION))


def _propensity_bytes(scenario: UncheckedScenario) -> int:
    """What a run holds of clients who differ: their words, and lists of all that they may meet."""
    lists = len(scenario.endpoint.variants) * (1 + len(scenario.other_answers))
    return sum(
        segment.clients * (_CLIENT_WORDS + _kinds(segment.propensities) * lists * _CLIENT_ENTRY)
        for segment in scenario.traffic.values()
        if segment.propensities is not None
    )


def _kinds(propensities: Propensities) -> int:
    """How many lists are kept of a segment's clients with a variant."""
    return (propensities.probability is not None) + (propensities.rewards is not None)


def counted_clients(scenario: UncheckedScenario) -> int:
    """The clients that a run keeps a bit of; 0 where nobody asks to count them."""
    if not scenario.objective.count_clients:
        return 0
    return sum(segment.clients for segment in scenario.traffic.values())
