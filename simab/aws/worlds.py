"""The world in which an endpoint serves: the scenario, with what a configuration deploys."""

from __future__ import annotations

from collections.abc import Mapping

from simab.aws.resources import EndpointConfig, Model, ProductionVariant
from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.text.lists import listed, named
from simab.world.coarser_counts import finer_windows

__all__ = ["players", "world_of"]

_ROUTING = {
    "RANDOM": "random",
    "LEAST_OUTSTANDING_REQUESTS": "least_outstanding_requests",
}


def players(
    config: EndpointConfig,
    models: Mapping[str, Model],
    scenario: Scenario,
    table: Mapping[str, str],
) -> dict[str, str]:
    """Which variant of the scenario plays each variant of a configuration.

    The one that `table` names for the model, its image or the variant; else the one that is called
    like the variant, or like the model.

    Raises:
        InvalidInput: there is none, or one would have to play two.
    """
    found: dict[str, str] = {}
    for variant in (*config.variants, *config.shadows):
        model = models[variant.model]
        asked = [table[key] for key in (variant.name, model.name, model.image) if key in table]
        known = scenario.endpoint.variants
        names = [name for name in (*asked, variant.name, model.name) if name in known]
        if not names:
            raise InvalidInput(
                f"{named(variant.name)} with model {named(model.name)}: no variant of the scenario "
                f"is called so; say which of {listed([*known])} plays it, by --model "
                f"{model.name}=NAME"
            )
        if names[0] in found.values():
            raise InvalidInput(
                f"{named(names[0])} of the scenario would play two variants of {config.name}; "
                "describe one for each"
            )
        found[variant.name] = names[0]
    return found


def world_of(
    scenario: Scenario, config: EndpointConfig, played_by: Mapping[str, str], window_ns: int
) -> Scenario:
    """The scenario with the variants of a configuration deployed, in windows of `window_ns`.

    Raises:
        InvalidInput: the scenario cannot be played so.
    """
    data = finer_windows(scenario, window_ns).model_dump(mode="json")
    variants = data["endpoint"]["variants"]
    for described in variants.values():
        described["deployed"] = False
    for variant in config.variants:
        _deploy(variants[played_by[variant.name]], variant, variant.weight)
    for shadow in config.shadows:
        _deploy(variants[played_by[shadow.name]], shadow, 0.0)
        share = min(shadow.weight / sum(each.weight for each in config.variants), 1.0)
        data["endpoint"]["shadow"] = {"variant": played_by[shadow.name], "share": share}
    return Scenario.model_validate(data)


def _deploy(described: dict[str, object], variant: ProductionVariant, weight: float) -> None:
    described["deployed"] = True
    described["weight"], described["instances"] = weight, variant.instances
    strategy = (variant.given.get("RoutingConfig") or {}).get("RoutingStrategy")
    if strategy is not None:
        described["instance_routing"] = _ROUTING[strategy]
