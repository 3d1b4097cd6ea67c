"""What a routing rule does to shares and clients, in sentences; and warnings of the faulty ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab import units
from simab.explain.capacity import setter_text, splits
from simab.explain.given_shares import given_shares
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import counted, percent_text, two_figures

__all__ = ["faulty_routing", "routing_sentences"]

_SENTENCES = {
    "sticky_hash": (
        "sticky_hash keeps each client with one variant while the weights stay; a change of "
        "weights also moves clients of variants whose weight stays."
    ),
    "consistent_hash": (
        "consistent_hash keeps each client with one variant while the weights stay; a change of "
        "weights moves clients only to variants that gain weight against their own."
    ),
    "session_hash": (
        "session_hash sends all requests of a session to one variant while the weights stay, and "
        "draws other sessions of the same client anew; requests of segments without sessions are "
        "drawn one by one."
    ),
    "smooth_weighted_round_robin": (
        "Variants take turns, so that each prefix of the requests is split as the weights ask, to "
        "within a request or two."
    ),
}


def routing_sentences(scenario: Scenario) -> Iterator[str]:
    """One for each rule but the platform's, an independent draw, and the faulty ones."""
    endpoint = scenario.endpoint
    if endpoint.variant_routing in _SENTENCES:
        yield _SENTENCES[endpoint.variant_routing]
    if endpoint.variant_routing == "session_cookie" and endpoint.affinity is not None:
        yield (
            "A cookie keeps each client with the variant that was drawn for it, for "
            f"{duration_text(units.seconds(endpoint.affinity))}: after a change of weights shares "
            "follow within that time, and at once from a variant whose weight becomes 0."
        )


def faulty_routing(scenario: Scenario) -> Iterator[str]:
    """Warnings of rules that do not give what the weights ask for, with their figures."""
    yield from _other_shares(scenario)
    yield from _open_connections(scenario)
    yield from _routers_out_of_step(scenario)


def _other_shares(scenario: Scenario) -> Iterator[str]:
    """The split at which a variant gets least of what was asked, or most, and by how much."""
    endpoint = scenario.endpoint
    faults = [name for name in (endpoint.variant_routing, endpoint.split) if name in _REMEDIES]
    if not faults:
        return
    worst, text = 0.0, ""
    for split in splits(scenario):
        total = math.fsum(split.weights.values())
        for name, given in given_shares(scenario, split.weights).items():
            asked = split.weights[name] / total if total else 0.0
            off = abs(given - asked) / max(given, asked) if given != asked else 0.0
            if off > worst + 1e-9:
                worst = off
                where = listed([setter_text(who) for who in split.set_by])
                text = (
                    f"gives {named(name)} {_percent(given)} where the weights say "
                    f"{_percent(asked)} ({where})"
                )
    if worst > 1e-6:
        remedies = listed([_REMEDIES[name] for name in faults])
        yield f"{listed(faults)} {text}. {remedies[:1].upper()}{remedies[1:]}."


_REMEDIES = {
    "linear_rendezvous": "take consistent_hash",
    "truncated_percentages": "take `split: weights`, or weights in whole percents",
    "instance_ratio": "take `split: weights`, or instances in proportion to the weights",
}


def _percent(share: float) -> str:
    return percent_text(float(f"{share:.3g}"))


def _open_connections(scenario: Scenario) -> Iterator[str]:
    endpoint = scenario.endpoint
    if endpoint.variant_routing != "keep_alive" or endpoint.affinity is None:
        return
    affinity_s = units.seconds(endpoint.affinity)
    segments = scenario.traffic.values()
    rate = math.fsum(segment.rate for segment in segments)
    drawn = math.fsum(segment.rate * _idle_before(segment, affinity_s) for segment in segments)
    opening = percent_text(two_figures(drawn / rate))
    yield (
        "keep_alive leaves a connection with its variant, at weight 0 too, until it has been idle "
        f"for {duration_text(affinity_s)}: {opening} of the requests open one anew, and "
        "only these meet a change of weights. Shorten endpoint.affinity, or take session_cookie."
    )


def _idle_before(segment: Segment, affinity_s: float) -> float:
    """The share of a segment's requests whose client has been idle for longer."""
    if segment.activity.equal:
        return math.exp(-segment.rate / segment.clients * affinity_s)
    shares = segment.activity.shares(segment.clients)
    return math.fsum(share * math.exp(-segment.rate * share * affinity_s) for share in shares)


def _routers_out_of_step(scenario: Scenario) -> Iterator[str]:
    routers = scenario.endpoint.routers
    if routers is None:
        return
    last_s = units.seconds(routers.lag) * (routers.count - routers.stale - 1)
    if last_s:
        yield (
            f"A change of weights reaches the last router {duration_text(last_s)} after it is in "
            "force. Lower endpoint.routers.lag."
        )
    if routers.stale:
        never = "never takes" if routers.stale == 1 else "never take"
        share = _percent(routers.stale / routers.count)
        yield (
            f"{routers.stale} of {counted(routers.count, 'router')} {never} a change of weights: "
            f"{share} of the traffic keeps the split of the start. Set endpoint.routers.stale to 0."
        )
