"""Two image classifiers measured on one device: 4.92 points more accuracy for 4.4 ms more latency.

MobileNet and ResNet-50 on a Hailo-8, MLPerf Inference v0.5: all 50,000 validation answers and
1,024 latencies each, from mlcommons/inference_results_v0.5 (Apache-2.0). The outcomes are joint, so
that a request is an image which both, either or none get right.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from simab.analyse import truth_of_scenario
from simab.comparison import compare
from tests.world.building import scenario

MODELS = {"mobilenet": "mobilenet", "resnet": "resnet50"}
RATE = 40  # images a second: a load of .27 with all traffic on the quick one, .45 on the slow one


@pytest.fixture(scope="module")
def rows(shared):
    """Images by which of the two is right."""
    path = shared / "data/predictions/imagenet_hailo8_mobilenet_resnet50.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return Counter(
            tuple(int(row[column] == row["label"]) for column in MODELS.values())
            for row in csv.DictReader(lines)
        )


@pytest.fixture(scope="module")
def latencies_ms(shared):
    """Of queries each with another image, in the order in which they were asked."""
    path = shared / "data/latency/mlperf_v05_hailo8_singlestream_queries.csv"
    with path.open(encoding="utf-8") as lines:
        table = [row for row in csv.DictReader(lines) if row["samples"] == "unique"]
    return {
        name: [float(row["latency_ms"]) for row in table if row["model"].startswith(name[:6])]
        for name in MODELS
    }


@pytest.fixture(scope="module")
def pair(rows, latencies_ms):
    """Both on one device each, at even weights, for ten minutes."""
    table = [
        {"label": 1, "scores": dict(zip(MODELS, right, strict=True)), "count": count}
        for right, count in sorted(rows.items())
    ]
    variants = {
        name: {
            "latency": {"kind": "samples", "values": [f"{each}ms" for each in latencies_ms[name]]},
            "quality": {"kind": "joint_table", "table": "imagenet", "column": name},
        }
        for name in MODELS
    }
    limit = [{"metric": "latency_p90", "at_most": "10ms"}]
    return scenario(
        variants,
        rate=f"{RATE}/s",
        horizon="10min",
        endpoint={"weight_update": "1s"},
        outcome_tables={"imagenet": {"rows": table}},
        objective={
            "control": "mobilenet",
            "candidate": "resnet",
            "metric": "accuracy",
            "smallest_effect": 0.02,
        },
        policies={
            "test": {"kind": "fixed_horizon", "labelled_requests": 1263},
            "sequential": {"kind": "group_sequential", "labelled_requests": 1500, "looks": 5},
            "majority": {
                "kind": "metric_majority",
                "metrics": ["accuracy"],
                "labelled_requests": 120,
            },
            "canary": {"kind": "staged_canary", "bake": "60s", "alarms": limit},
        },
    )


def test_the_truth_is_the_submissions_own(pair, rows, latencies_ms):
    """Accuracies to the row, and latencies by the quantiles that were published with the data."""
    truth = truth_of_scenario(pair, by_runs=False)
    assert truth.values["mobilenet"]["accuracy"] * 50_000 == pytest.approx(35_475)
    assert truth.values["resnet"]["accuracy"] * 50_000 == pytest.approx(37_937)
    assert truth.gains["resnet"] == pytest.approx(0.04924)
    assert (rows[1, 0], rows[0, 1]) == (2_251, 4_713)
    medians = {name: float(np.median(each)) for name, each in latencies_ms.items()}
    assert medians == pytest.approx({"mobilenet": 6.74, "resnet": 11.13}, abs=0.005)
    assert {name: len(each) for name, each in latencies_ms.items()} == dict.fromkeys(MODELS, 1024)


@pytest.mark.long
def test_what_each_rule_does_with_it(pair):
    """A test of the size for 80 % power has it; an alarm on latency never lets it through.

    Of 400 runs the fixed test promoted the better in 330, a sequential test in 344, a majority by
    120 labels in 352, and the canary with a p90 of at most 10 ms in none (`pytest -s` prints them).
    """
    study = compare(pair, replications=400, worlds=["described"])
    promotes = {policy.name: policy.promotes.count for policy in study.result.policies}
    sys.stdout.write(f"{promotes}\n")
    low, high = stats.binom.interval(0.9999, 400, 0.80)
    assert low <= promotes["test"] <= high
    assert promotes["sequential"] >= low
    assert promotes["majority"] >= low
    assert promotes["canary"] == 0
