"""How much traffic a candidate has where cookies keep the users whom it has answered."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simab import units
from simab.policies.explaining.setting import Clients, Setting
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.pair_weights import beside_others
from simab.text.lists import named
from simab.text.numbers import percent_text, two_figures

__all__ = ["kept_share", "kept_user_sentences"]


def kept_share(policy: FlaggerAnalysis, setting: Setting) -> float:
    """The candidate's share of the weighted requests at the end of the last step.

    If every check passes and no cookie ends before: a client who comes with rate r and has no
    cookie gets one with rate r x weight. Replies are taken to come at once.
    """
    step_s = _step_s(policy, setting)
    weights = [_share(setting, percent / 100.0) for percent in policy.percentages()]
    kept = total = 0.0
    for segment in setting.clients:
        rate = segment.rate_per_s
        without = _without_cookie(segment, rate * step_s * math.fsum(weights))
        kept += rate * (1.0 - without * (1.0 - weights[-1]))
        total += rate
    return kept / total if total else 0.0


def _without_cookie(segment: Clients, answered: float) -> float:
    """The share of the requests from clients whom the candidate has not answered.

    `answered` is how many requests it would answer if nobody had a cookie.
    """
    if segment.activity.equal:
        return math.exp(-answered / segment.clients)
    shares = segment.activity.shares(segment.clients)
    return float((shares * np.exp(-answered * shares)).sum())


def _share(setting: Setting, part: float) -> float:
    """The candidate's share at a step, among all variants."""
    start = setting.weights
    parts = {setting.control: 1.0 - part, setting.candidate: part}
    weights = {**start, **beside_others(parts, start)}
    return weights[setting.candidate] / math.fsum(weights.values())


def _step_s(policy: FlaggerAnalysis, setting: Setting) -> float:
    """From one step to the next: a tick is a look, and passes while the weights are Updating."""
    tick = -(-policy.interval // setting.interval) * setting.interval
    return units.seconds(tick * (1 + setting.weight_update // tick))


def kept_user_sentences(policy: FlaggerAnalysis, name: str, setting: Setting) -> Iterator[str]:
    """With session affinity, the candidate's share and load before the promotion."""
    if not policy.session_affinity or policy.iterations or policy.skip_analysis:
        return
    weights = [*policy.percentages()]
    if not weights:
        return
    share, candidate = kept_share(policy, setting), named(setting.candidate)
    load = setting.load_at(
        setting.candidate, share * math.fsum(each.rate_per_s for each in setting.clients)
    )
    yield (
        f"{name} keeps users with {candidate} by cookies: when its "
        f"last step of {percent_text(weights[-1] / 100.0)} ends, with all checks passed, "
        f"{candidate} has about {percent_text(two_figures(share))} of the traffic, "
        f"load {load:.2f}."
    )
