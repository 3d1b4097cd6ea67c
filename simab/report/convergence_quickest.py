"""Which metric, and which test of it, finds its true difference with the fewest labels."""

from __future__ import annotations

import math
from typing import NamedTuple

from simab.report.convergence_text import (
    metric_title,
    pairs_help,
    pairs_size_text,
    pairs_time_text,
    size_text,
    time_text,
)
from simab.result.studied_convergence import StudiedConvergence
from simab.text import typeset

__all__ = ["Option", "options", "quickest"]


class Option(NamedTuple):
    """A metric with a test: how many labels of each it takes, the same in words, and the time."""

    labels: float
    metric: str
    test: str
    written: str
    time: str

    @property
    def about(self) -> str:
        """The number as a sentence has it."""
        return self.written if self.written.startswith("at most") else f"about {self.written}"


def options(result: StudiedConvergence) -> list[Option]:
    """Every metric of labels that is shown with each of its tests, the fewest labels first."""
    found = []
    for metric in result.shown:
        size = metric.size("true difference")
        if metric.kind != "labels" or size is None or not math.isfinite(size.simulated):
            continue
        time = "" if math.isnan(size.time_s) else time_text(size)
        arms = "a test that takes both arms for independent"
        found.append(Option(size.simulated, metric.name, arms, size_text(size), time))
        if pairs_help(size):
            time = "" if math.isnan(size.by_spread_time_s) else pairs_time_text(size)
            written = pairs_size_text(size)
            found.append(Option(size.by_spread, metric.name, "a test of pairs", written, time))
    return sorted(found, key=lambda each: each.labels)


def quickest(result: StudiedConvergence) -> str:
    """The first of them, where there are several metrics; empty where there is one."""
    found = options(result)
    metrics = {each.metric for each in found}
    if len(metrics) < 2:
        return ""
    first, asked = found[0], result.metric.name
    title = metric_title(first.metric)
    words = (
        f"Of these {typeset.count(len(metrics))} metrics {title} takes the fewest labels by these "
        f"estimates: {first.test} finds its true difference in 80{typeset.THIN}% of the runs with "
        f"{first.about} labelled requests of each"
    )
    words += f", {first.time}" if first.time else ""
    if first.metric == asked:
        return f"{words}."
    return (
        f"{words}. That finds a difference in {title}, not in {metric_title(asked)}: choose the "
        "metric by what the decision is about, and then its test of fewest labels."
    )
