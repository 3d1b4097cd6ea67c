"""The difference over labels, the quickest metric and the methods, against drawn results."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simab.report.convergence_blocks import main_figures
from simab.report.convergence_funnel import funnel_points
from simab.report.convergence_page import convergence_page
from simab.report.convergence_quickest import options, quickest
from simab.report.convergence_text import metric_title
from simab.report.methods_of_studies import convergence_methods
from simab.result.studied_convergence import Fan
from tests.report.test_convergence_text import SEEDS, churn, drawn, result


@pytest.mark.parametrize("seed", SEEDS)
def test_the_quickest_metric_is_the_one_of_fewest_labels_by_any_test(seed: int) -> None:
    """Over all metrics of labels that are shown; with its test, and whether it is what is asked."""
    numbers = np.random.default_rng(seed)
    found = churn().found
    metrics = tuple(
        replace(
            metric,
            sizes=tuple(
                replace(
                    each,
                    simulated=(simulated := float(10 ** numbers.uniform(2, 5))),
                    by_spread=simulated * float(numbers.uniform(0.2, 1.0)),
                )
                for each in metric.sizes
            ),
        )
        for metric in found.metrics
    )
    found = replace(found, metrics=metrics)
    needed: dict[str, float] = {}
    for metric in found.shown:
        size = metric.size("true difference")
        if metric.kind == "labels" and size is not None:
            pairs = size.by_spread if size.by_spread * 1.5 < size.simulated else math.inf
            needed[metric.name] = min(size.simulated, pairs)
    least = min(needed, key=lambda name: needed[name])
    first, said = options(found)[0], quickest(found)
    assert (first.metric, first.labels) == (least, needed[least])
    assert f"Of these {len(needed)} metrics {metric_title(least)} takes the fewest" in said
    assert ("not in F1" in said) == (least != "f1")
    assert first.written in said
    one = replace(found, metrics=(found.metric,))
    assert quickest(one) == ""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_difference_is_said_to_hold_zero_where_its_band_does(seed: int) -> None:
    """At the decision or the last count, and from which count on it never does again."""
    numbers = np.random.default_rng(seed)
    found = drawn(seed)
    metric = found.metric
    points = []
    for each in metric.by_labels:
        middle, half = numbers.normal() * 0.1, abs(numbers.normal()) * 0.1
        ends = ((middle - half,), (middle - half / 2,), (middle,), (middle + half / 2,))
        fan = Fan(p5=ends[0], p25=ends[1], p50=ends[2], p75=ends[3], p95=(middle + half,))
        points.append(replace(each, difference=fan))
    found = replace(found, metrics=(replace(metric, by_labels=tuple(points)), *found.metrics[1:]))
    shown = funnel_points(found, found.metric)
    if len(shown) < 2:
        return
    block, *_ = main_figures(found, iter(range(9)))
    point = next((e for e in shown if e.labelled == found.decision_labels), shown[-1])
    holds = [e.difference.p5[0] <= 0 <= e.difference.p95[0] for e in shown]
    assert ("which holds zero" in block.finding) == holds[shown.index(point)]
    if holds[-1]:
        assert "holds zero up to the last count" in block.finding
    else:
        since = max((at + 1 for at, each in enumerate(holds) if each), default=0)
        assert f"From {shown[since].labelled:,} on the band leaves out zero" in block.finding


def test_the_page_says_how_it_was_made() -> None:
    """Runs, metrics and the seed, from the record."""
    said = {row[0].text: row[1].text for row in convergence_methods(result()).rows}
    assert said["Runs"].startswith("20 independent replications of")
    assert "weights of the file held" in said["Runs"]
    assert f"seed {result().seed}" in said["Random numbers"]
    assert 'id="study_methods"' in convergence_page(result())
