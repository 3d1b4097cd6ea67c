"""What is to be known of several rules before their numbers are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simab.result import StudyResult
from simab.text import typeset
from simab.text.lists import listed, listed_few, named

__all__ = ["rule_notes"]

_MOST_NAMES = 4


def rule_notes(study: StudyResult) -> list[str]:
    """With which weights runs start, and which rules may use more requests than others."""
    return [*_start(study), *_samples(study)]


def _start(study: StudyResult) -> list[str]:
    weights = _weights(study)
    total = math.fsum(weights.values())
    if not total:
        return []
    shares = [
        f"{named(name)} {typeset.percent(weight / total, 0 if weight * 100 % total == 0 else 1)}"
        for name, weight in weights.items()
        if weight
    ]
    where = f" ({study.world.title})" if len(study.worlds) > 1 else ""
    return [
        f"A run starts with the weights of the file{where}: {listed(shares)}. They last until the "
        "first change that a rule asks for is in force, also where a rule's first step is smaller."
    ]


def _weights(study: StudyResult) -> dict[str, float]:
    """The weight of each variant that is there from the start."""
    endpoint = study.scenario.data.get("endpoint")
    variants = endpoint.get("variants") if isinstance(endpoint, Mapping) else None
    found = {}
    for name, each in variants.items() if isinstance(variants, Mapping) else ():
        if isinstance(each, Mapping) and each.get("deployed", True):
            weight = each.get("weight", 0.0)
            found[str(name)] = float(weight) if isinstance(weight, int | float) else 0.0
    return found


def _samples(study: StudyResult) -> list[str]:
    """That a test of a fixed sample and one that may look to the end have not the same sample."""
    fixed, free = (
        [policy.name for policy in study.policies if policy.kind == kind]
        for kind in ("fixed_horizon", "always_valid")
    )
    if not (fixed and free):
        return []
    stop, may = ("stops", "stop")[len(fixed) > 1], listed_few(free, _MOST_NAMES)
    return [
        f"{listed_few(fixed, _MOST_NAMES)} {stop} at the planned sample at the latest; "
        f"{may} may go on to the horizon of {typeset.duration(study.horizon_s)}, "
        "so that the power of the two here is not of equal samples."
    ]
