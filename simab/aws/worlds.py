"""The world in which an endpoint serves: the scenario, with what a configuration deploys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from simab.aws.errors import validation_error
from simab.aws.resources import EndpointConfig, Model, ProductionVariant, arn
from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.text.lists import listed, named
from simab.world.coarser_counts import finer_windows

__all__ = ["as_deployed", "players", "world_of"]

_ROUTING = {
    "RANDOM": "random",
    "LEAST_OUTSTANDING_REQUESTS": "least_outstanding_requests",
}


def players(
    config: EndpointConfig,
    models: Mapping[str, Model],
    scenario: Scenario,
    table: Mapping[str, str | Sequence[str]],
    *,
    now: Mapping[str, str] | None = None,
    beside: bool = False,
) -> dict[str, str]:
    """Which variant of the scenario plays each variant of a configuration.

    One that `table` names for the variant, its model or the model's image; else the one that is
    called like the variant, or like the model. None plays two. Where there is a choice, the
    variants that play `now` go on, or, with a fleet `beside` them, are left alone.

    Raises:
        ServiceError: a model has been deleted meanwhile.
        InvalidInput: there is none, or one would have to play two.
    """
    before = dict(now or {})
    found: dict[str, str] = {}
    for variant in (*config.variants, *config.shadows):
        if variant.model not in models:
            raise validation_error(f'Could not find model "{arn("model", variant.model)}".')
        candidates = _candidates(variant, models[variant.model], scenario, table)
        kept, busy = before.get(variant.name), set(before.values())
        free = [name for name in candidates if name not in found.values()]
        if not free:
            raise InvalidInput(
                f"{named(candidates[0])} of the scenario would play two variants of {config.name}; "
                "describe one for each"
            )
        if beside:
            ordered = sorted(free, key=lambda name: name in busy)
        else:
            ordered = sorted(free, key=lambda name: (name != kept, name in busy))
        found[variant.name] = ordered[0]
    return found


def _candidates(
    variant: ProductionVariant,
    model: Model,
    scenario: Scenario,
    table: Mapping[str, str | Sequence[str]],
) -> list[str]:
    """The variants of the scenario that may play one of a configuration, at least one."""
    known = scenario.endpoint.variants
    for key in (variant.name, model.name, model.image):
        asked = table.get(key, ())
        if names := [
            name for name in ([asked] if isinstance(asked, str) else asked) if name in known
        ]:
            return names
    for name in (variant.name, model.name):
        if name in known:
            return [name]
    raise InvalidInput(
        f"{named(variant.name)} with model {named(model.name)}: no variant of the scenario "
        f"is called so; say which of {listed([*known])} plays it, by --model "
        f"{model.name}=NAME"
    )


def as_deployed(scenario: Scenario, name: str, now: datetime) -> EndpointConfig:
    """The configuration of what a scenario deploys, with its variants' own names for models.

    A shadow variant has the weight, among those of the production variants, that its share asks.
    """
    endpoint = scenario.endpoint
    shadow = endpoint.shadow
    if shadow is not None and endpoint.variants[shadow.variant].weight > 0:
        shadow = None  # it serves
    variants: list[ProductionVariant] = []
    shadows: list[ProductionVariant] = []
    total = sum(each.weight for each in endpoint.variants.values() if each.deployed)
    for variant, described in endpoint.variants.items():
        copied = shadow is not None and variant == shadow.variant
        weight = shadow.share * total if shadow is not None and copied else described.weight
        given = {
            "VariantName": variant,
            "ModelName": variant,
            "InitialInstanceCount": described.instances,
            "InitialVariantWeight": weight,
        }
        if described.deployed:
            (shadows if copied else variants).append(ProductionVariant.of(given))
    return EndpointConfig(name, now, tuple(variants), tuple(shadows))


def world_of(
    scenario: Scenario, config: EndpointConfig, played_by: Mapping[str, str], window_ns: int
) -> Scenario:
    """The scenario with the variants of a configuration deployed, in windows of `window_ns`.

    Raises:
        ServiceError: the configuration asks for more than a scenario may say.
        InvalidInput: the scenario's windows are no multiple of `window_ns`.
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
    _judge_who_is_there(data, [played_by[variant.name] for variant in config.variants])
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise validation_error(
            f"{config.name}: simab plays none with {place} = {first['input']!r:.60}. "
            f"{first['msg']}."
        ) from None


def _judge_who_is_there(data: dict[str, Any], deployed: Sequence[str]) -> None:
    """A control is deployed: where the scenario's is not, another variant stands for it.

    What an account does goes by no objective; a run is judged by that of the scenario.
    """
    objective = data["objective"]
    if objective["control"] in deployed:
        return
    before, objective["control"] = objective["control"], deployed[0]
    if objective["candidate"] == deployed[0]:
        objective["candidate"] = before


def _deploy(described: dict[str, object], variant: ProductionVariant, weight: float) -> None:
    described["deployed"] = True
    described["weight"], described["instances"] = weight, variant.instances
    strategy = (variant.given.get("RoutingConfig") or {}).get("RoutingStrategy")
    if strategy is not None:
        described["instance_routing"] = _ROUTING[strategy]
