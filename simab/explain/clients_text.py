"""What explain says of clients who differ in what comes of their answers."""

from __future__ import annotations

from collections.abc import Iterator

from simab.profiles.propensities import (
    FACTOR_BITS,
    BetaProbabilities,
    GammaFactors,
    LognormalFactors,
    factor_table,
)
from simab.profiles.quality import NumericReward, Success
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.text.lists import listed, named
from simab.text.numbers import figure_text, percent_text, two_figures

__all__ = ["client_sentences"]


def client_sentences(scenario: Scenario) -> Iterator[str]:
    """One for each segment with propensities: how far its clients lie apart."""
    for name, segment in scenario.traffic.items():
        differ = segment.propensities
        if differ is not None and differ.probability is not None:
            yield from _probability_sentences(scenario, name, segment, differ.probability)
        if differ is not None and differ.rewards is not None:
            yield _factor_sentence(name, differ.rewards)


def _factor_sentence(name: str, factors: LognormalFactors | GammaFactors) -> str:
    """Where the middle 90 % of the factors lie."""
    table = factor_table(factors)
    low, high = (
        figure_text(table.quantile(part) / 2.0**FACTOR_BITS, ".2g") for part in (0.05, 0.95)
    )
    return (
        f"Rewards of each client of {named(name)} are multiplied by a factor of its own of mean 1: "
        f"for the middle 90 % of them {low} to {high}."
    )


def _probability_sentences(
    scenario: Scenario, name: str, segment: Segment, law: BetaProbabilities
) -> Iterator[str]:
    """Of control and candidate, where the middle 90 % of the clients lie."""
    lying, word = [], "succeed"
    for role in (scenario.objective.control, scenario.objective.candidate):
        quality = segment.quality.get(role, scenario.endpoint.variants[role].quality)
        mean = quality.probability if isinstance(quality, Success) else 0.0
        if isinstance(quality, NumericReward):
            mean, word = quality.earning_share, "earn"
        own = law.around(mean)
        if own is not None:
            low, high = (percent_text(two_figures(own.quantile(part))) for part in (0.05, 0.95))
            lying.append(f"{low} to {high} with {named(role)}")
    if lying:
        alike = percent_text(two_figures(law.intraclass_correlation))
        yield (
            f"Clients of {named(name)} differ in how often their answers {word}: the middle 90 % "
            f"of them have {listed(lying)}. Answers to one client are correlated by {alike}."
        )
