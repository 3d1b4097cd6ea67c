"""What explain says of clients who carry over what they met, or leave after a bad answer."""

from __future__ import annotations

from collections.abc import Iterator

from simab.profiles.quality import NumericReward, Success
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.text.lists import listed, named
from simab.text.numbers import figure_text, percent_text, two_figures

__all__ = ["blurs", "carried_into_others", "remembering_sentences", "those_who_stay"]


def remembering_sentences(scenario: Scenario) -> Iterator[str]:
    """For each segment what its clients remember, and how long those who may leave stay."""
    for name, segment in scenario.traffic.items():
        if segment.carry_over:
            yield (
                f"Of the answers to {named(name)}, {_share(segment.carry_over)} are as good as one "
                "of the variant to which the request before of the same client went."
            )
        if segment.opt_out:
            yield (
                f"A client of {named(name)} leaves for good after {_share(segment.opt_out)} of bad "
                f"answers{_stays(scenario, segment)}."
            )


def _stays(scenario: Scenario, segment: Segment) -> str:
    """After how many requests, of right answers whose share is that of every client."""
    if segment.propensities is not None or segment.carry_over:
        return ""
    found = []
    for role in (scenario.objective.control, scenario.objective.candidate):
        variant = scenario.endpoint.variants[role]
        quality = segment.quality.get(role, variant.quality)
        if isinstance(quality, Success):
            bad = 1.0 - (1.0 - variant.error_rate) * quality.probability
            if bad > 0.0:
                requests = figure_text(1.0 / (bad * segment.opt_out), ".3g")
                found.append(f"{requests} with {named(role)}")
    return f": on average after {listed(found)} requests" if len(found) == 2 else ""


def blurs(scenario: Scenario) -> str:
    """Why a test may see another difference than the true one; empty where it sees that."""
    if any(each.opt_out for each in scenario.traffic.values()):
        return "clients leave after bad answers"
    drawn = not scenario.endpoint.assigns_clients
    if drawn and any(each.carry_over for each in scenario.traffic.values()):
        return "clients carry over what they met"
    return ""


def carried_into_others(scenario: Scenario) -> Iterator[str]:
    """Variants that live off each other, where each request, or session, is drawn.

    Within a session the request before went to the same variant.
    """
    if scenario.endpoint.assigns_clients:
        return
    for name, segment in scenario.traffic.items():
        if segment.carry_over:
            drawn, lost = "request", segment.carry_over
            if scenario.endpoint.assigns_sessions and segment.sessions is not None:
                drawn, lost = "session", segment.carry_over / segment.sessions.mean_requests
            yield (
                f"Clients of {named(name)} carry over {_share(segment.carry_over)} of what they "
                f"met, and {scenario.endpoint.variant_routing} draws a variant for each {drawn}: a "
                f"true difference shows as {_share(1.0 - lost)} of itself there. To "
                "measure it whole, set endpoint.variant_routing to sticky_hash."
            )


def those_who_stay(scenario: Scenario) -> Iterator[str]:
    """Requests that never come, and a comparison of survivors where clients keep a variant."""
    leaving = [named(name) for name, each in scenario.traffic.items() if each.opt_out]
    if not leaving:
        return
    survivors = ""
    if scenario.endpoint.assigns_clients:
        survivors = (
            f" Under {scenario.endpoint.variant_routing} each variant is left with those whom it "
            "pleased, and a test by request or user compares these; `unit: user_mean` counts "
            "everybody who came, `unit: user_total` all that they did until they left."
        )
    free = ""
    if scenario.objective.metric == "cost" and _may_cost_nothing(scenario):
        free = (
            " An answer that costs nothing is a bad one there, as one that earns nothing would be: "
            "clients leave the cheaper variant."
        )
    yield (
        f"Clients of {listed(leaving)} leave after bad answers, and all forecasts of requests, "
        f"loads and labels count them as if they stayed: fewer come.{survivors}{free}"
    )


def _may_cost_nothing(scenario: Scenario) -> bool:
    """Whether an answer to clients who may leave may cost nothing, by more than rounding."""
    objective, variants = scenario.objective, scenario.endpoint.variants
    found = [
        segment.quality.get(role, variants[role].quality)
        for segment in scenario.traffic.values()
        for role in (objective.control, *objective.every_candidate)
        if segment.opt_out
    ]
    return any(
        isinstance(each, NumericReward) and (each.earning_share < 1.0 or each.smallest < 0.0)
        for each in found
    )


def _share(share: float) -> str:
    return percent_text(two_figures(share))
