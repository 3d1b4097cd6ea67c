"""A rule on distributions of durations: even their rarest values must fit into the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from simab.profiles import DurationProfile
from simab.profiles.quantile_table import OCTAVES
from simab.scenario.raw import RawValue
from simab.scenario.violations import Violation

__all__ = ["rarest_durations_can_be_simulated"]

_LARGEST_NS: Final = 2**62
_PROFILE: Final[TypeAdapter[Any]] = TypeAdapter(DurationProfile)


def rarest_durations_can_be_simulated(scenario: RawValue) -> Iterator[Violation]:
    """A p99 far above the median makes one request in a million million last for centuries."""
    variants = scenario.at("endpoint", "variants").named()
    for raw in (*(each.at("latency") for _, each in variants), scenario.at("labels", "delay")):
        if raw.given and not _fits(raw.value):
            rule = "spreads so far that its rarest values are longer than 146 years"
            yield raw.violation(
                rule, "Lower the p99 (or the cv), or raise the median.", on_key=True
            )


def _fits(value: Any) -> bool:
    try:
        profile = _PROFILE.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return True  # what is wrong in it has its own message
    with np.errstate(over="ignore"):
        rarest_ns = profile.quantile_of_survival_ns(np.array([2.0**-OCTAVES]))
    return bool(rarest_ns[0] <= _LARGEST_NS)
