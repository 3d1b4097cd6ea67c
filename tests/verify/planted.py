"""Worlds with an error of 2 %, for the place where cases are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simab.profiles.quantile_table import QuantileTable
from simab.scenario.models import Scenario
from simab.world import Blueprint


def slower(blueprint: Blueprint) -> Blueprint:
    """The same world with services that take 2 % longer."""
    variants = tuple(
        replace(plan, latency=QuantileTable(np.rint(plan.latency.edges * 1.02).astype(np.int64)))
        for plan in blueprint.variants
    )
    return replace(blueprint, variants=variants)


def rarer(blueprint: Blueprint) -> Blueprint:
    """The same world with gaps that are 2 % longer."""
    segments = tuple(
        replace(plan, gaps=QuantileTable(np.rint(plan.gaps.edges * 1.02).astype(np.int64)))
        for plan in blueprint.segments
    )
    return replace(blueprint, segments=segments)


class Planted:
    """Stands for `Blueprint` where cases are played, with a fault."""

    def __init__(self, fault: Callable[[Blueprint], Blueprint]) -> None:
        self._fault = fault

    def of(self, scenario: Scenario) -> Blueprint:
        return self._fault(Blueprint.of(scenario))
