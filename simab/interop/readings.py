"""The user's table for tools whose metrics are read of metric windows: what each one reads here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from simab.description import Description, Share
from simab.interop.documents import Spotted, Unimportable
from simab.policies.metrics import LabelMetric
from simab.policies.window_series import WindowMetric
from simab.scenario.suggestions import nearest

__all__ = ["Reading", "ReadingTable"]


class Reading(Description):
    """What one metric of the tool reads here."""

    metric: WindowMetric | LabelMetric
    """The metric; latencies are in milliseconds, shares from 0 to 1."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What it is multiplied by to be in the tool's unit: 100 for percentages."""


class ReadingTable(Description):
    """Readings by the tool's name of the metric, the name of its template, or its whole query."""

    metrics: dict[Annotated[str, Field(min_length=1)], Reading] = {}
    """By name or query; spaces do not matter."""

    matched_share: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """Which share of the requests matches the headers of an A/B test."""

    def reading(self, metric: Spotted, *names: str) -> Reading:
        """The first of these names or queries that is in the table.

        Raises:
            Unimportable: none is; a query is never guessed at.
        """
        known = {_plain(name): reading for name, reading in self.metrics.items()}
        for name in names:
            if _plain(name) in known:
                return known[_plain(name)]
        raise _unknown(metric, names[0], self.metrics)


def _plain(name: str) -> str:
    return " ".join(name.split())


def _unknown(metric: Spotted, name: str, known: Iterable[str]) -> Unimportable:
    remedy = nearest(name, known) + (
        "Say what it reads in a file for --map: "
        f'`metrics: {{"{name}": {{metric: error_rate, scale: 100}}}}`.'
    )
    return metric.wrong("is a query that simab cannot run", remedy)
