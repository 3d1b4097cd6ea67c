"""What a timeline shows of a run: its variants, envelopes of the share, and which panels speak."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from simab.result import TruthSummary
from simab.result.example_run import Example, LimitLine, Realised
from simab.stats.share_envelope import binomial_envelope

__all__ = [
    "BINS",
    "Envelope",
    "envelopes",
    "errors_speak",
    "latencies_speak",
    "limit_on",
    "traffic_variants",
]

BINS: Final = 60
"""The most marks of a share over time."""
_ALIKE: Final = 1.5  # latencies within this ratio of each other, and without a limit, say nothing


class Envelope(NamedTuple):
    """A realised share of some windows, and the shares that chance alone would make of it."""

    realised: Realised
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the realised share lies within."""
        return self.low - 1e-12 <= self.realised.share <= self.high + 1e-12


def traffic_variants(example: Example, truth: TruthSummary) -> list[str]:
    """Whose share to draw: the candidate's says it all where there are only two."""
    others = [
        each for each in example.variants_seen() if each not in (truth.control, truth.candidate)
    ]
    return [truth.candidate] if not others else [truth.candidate, truth.control, *others]


def envelopes(example: Example, variant: str, end_s: float) -> list[Envelope]:
    """For the marks of a variant whose weight was the same all along: 95 % of chance alone.

    Requests are counted in the window in which they end, so the weight of the window before, too,
    must have been that one. Empty where the draws are not independent.
    """
    if not example.split_is_random:
        return []
    times, shares = example.weight_steps(variant, math.inf)
    found = []
    for each in example.realised(variant, end_s, BINS):
        slack_s = (each.until_s - each.since_s) or 1.0
        in_force = {
            share
            for at, share in enumerate(shares[: len(times) - 1])
            if times[at] < each.until_s and times[at + 1] > max(each.since_s - slack_s, 0.0)
        }
        if len(in_force) == 1:
            (share,) = in_force
            band = binomial_envelope(round(each.requests), share)
            found.append(Envelope(each, band.low, band.high))
    return found


def limit_on(example: Example, metric: str) -> LimitLine | None:
    """The limit on a metric, the objective's before the policy's; None where there is none."""
    return next((each for each in example.limits if each.metric == metric), None)


def latencies_speak(example: Example) -> bool:
    """Whether latency is limited, or differs over time or between variants."""
    known = [
        each.latency_shown_ms for each in example.spans if math.isfinite(each.latency_shown_ms)
    ]
    if not known:
        return False
    return limit_on(example, example.latency_shown) is not None or max(known) > _ALIKE * min(known)


def errors_speak(example: Example) -> bool:
    """Whether there are errors, or a limit on them."""
    limited = limit_on(example, "error_rate") is not None
    return limited or any(each.error_rate > 0 for each in example.spans)
