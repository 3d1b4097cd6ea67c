"""What explain says of variants that are served on the instances of another."""

from __future__ import annotations

from collections.abc import Iterator

from simab.scenario.models import Scenario
from simab.text.lists import named

__all__ = ["shared_instance_sentences"]


def shared_instance_sentences(scenario: Scenario) -> Iterator[str]:
    """One for each such variant: what the loads that are stated leave out."""
    for name, variant in scenario.endpoint.variants.items():
        if variant.instances_of is not None:
            host = named(variant.instances_of)
            yield (
                f"{named(name)} is served on the instances of {host}: requests of both wait in the "
                f"same queues. Loads and waits are stated of each as if it had them alone: add up "
                f"the loads at a split, and expect the wait of both to be that of the sum."
            )
