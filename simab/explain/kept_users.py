"""How much traffic a candidate has where cookies keep the users whom it has answered."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab import units
from simab.explain.capacity import start_weights
from simab.explain.variant_queue import VariantQueue
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.pair_weights import beside_others
from simab.scenario.models import Scenario
from simab.text.lists import named
from simab.text.numbers import percent_text, two_figures

__all__ = ["kept_share", "kept_user_sentences"]


def kept_share(scenario: Scenario, policy: FlaggerAnalysis) -> float:
    """The candidate's share of the weighted requests at the end of the last step.

    If every check passes and no cookie ends before: a client who comes with rate r and has no
    cookie gets one with rate r x weight. Replies are taken to come at once.
    """
    step_s = _step_s(scenario, policy)
    weights = [_share(scenario, percent / 100.0) for percent in policy.percentages()]
    kept = total = 0.0
    for segment in scenario.traffic.values():
        named = 1.0 if segment.paired_targets else math.fsum(segment.targets.values())
        rate = segment.rate * max(0.0, 1.0 - named)
        without = math.exp(-rate / segment.clients * step_s * math.fsum(weights))
        kept += rate * (1.0 - without * (1.0 - weights[-1]))
        total += rate
    return kept / total if total else 0.0


def _share(scenario: Scenario, part: float) -> float:
    """The candidate's share at a step, beside other variants."""
    objective, start = scenario.objective, start_weights(scenario)
    parts = {objective.control: 1.0 - part, objective.candidate: part}
    weights = {**start, **beside_others(parts, start)}
    return weights[objective.candidate] / math.fsum(weights.values())


def _step_s(scenario: Scenario, policy: FlaggerAnalysis) -> float:
    """From one step to the next: a tick is a look, and passes while the weights are Updating."""
    look = scenario.controller.interval
    tick = -(-policy.interval // look) * look
    return units.seconds(tick * (1 + scenario.endpoint.weight_update // tick))


def kept_user_sentences(scenario: Scenario) -> Iterator[str]:
    """Of each Flagger canary with session affinity: its share and load before the promotion."""
    name = scenario.objective.candidate
    variant = scenario.endpoint.variants[name]
    weighted = math.fsum(
        segment.rate * max(0.0, 1.0 - math.fsum(segment.targets.values()))
        for segment in scenario.traffic.values()
        if not segment.paired_targets
    )
    for policy_name, policy in scenario.policies.items():
        if not isinstance(policy, FlaggerAnalysis) or not policy.session_affinity:
            continue
        weights = [*policy.percentages()]
        if policy.iterations or policy.skip_analysis or not weights:
            continue
        share = kept_share(scenario, policy)
        load = VariantQueue(variant, share * weighted).row(name, share, ()).load
        yield (
            f"{named(policy_name)} keeps users with {named(name)} by cookies: when its "
            f"last step of {percent_text(weights[-1] / 100.0)} ends, with all checks passed, "
            f"{named(name)} has about {percent_text(two_figures(share))} of the traffic, "
            f"load {load:.2f}."
        )
