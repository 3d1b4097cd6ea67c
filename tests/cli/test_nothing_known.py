"""Runs in which next to nothing can be known: what is shown says so in words, never `nan`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simab

SILENCE = {"kind": "points", "points": {"0s": 1, "2min": 0, "25min": 1}, "between": "constant"}
ERRORS = {"metric": "error_rate", "at_most": "5%"}
SLOW = {"metric": "latency_p99", "at_most": "5s"}
WHEN_LABELLED = {"labelled_requests": 30}
GUARDRAILS = [
    {"metric": "latency_p99", "at_most_times": 2},
    {"metric": "error_rate", "margin": "1%"},
]
ANY_METRIC: dict[str, dict[str, Any]] = {
    "canary": {
        "kind": "staged_canary",
        "stages": ["10%", "50%"],
        "bake": "4min",
        "periods": 1,
        "alarms": [ERRORS, SLOW],
    },
    "peeking": {"kind": "naive_peeking", **WHEN_LABELLED, "guardrails": GUARDRAILS},
    "fixed": {"kind": "fixed_horizon", **WHEN_LABELLED, "guardrails": GUARDRAILS},
    "group": {"kind": "group_sequential", **WHEN_LABELLED, "looks": 3, "boundary": "pocock"},
    "any time": {"kind": "always_valid", **WHEN_LABELLED},
    "bayes": {"kind": "bayesian", **WHEN_LABELLED},
    "majority": {"kind": "metric_majority", "labelled_requests": 5, "metrics": ["accuracy"]},
}
SCORES = {
    "kind": "classifier",
    "positive_scores": {"kind": "beta", "alpha": 2, "beta": 1},
    "negative_scores": {"kind": "beta", "alpha": 1, "beta": 2},
}
WORLDS = {
    "all wrong": ({"kind": "success", "probability": "0%"}, "success_rate"),
    "hardly any positives": (SCORES, "roc_auc"),
}


def scenario(world: str, error_rate: float) -> dict[str, Any]:
    """Hardly any requests, and answers that leave the metric open."""
    quality, metric = WORLDS[world]
    variant = {
        "workers": 2,
        "latency": {"kind": "constant", "value": "40ms"},
        "quality": quality,
        "error_rate": error_rate,
    }
    policies = dict(ANY_METRIC)
    if metric == "roc_auc":
        every = ["accuracy", "precision", "recall", "f1", "roc_auc", "brier"]
        policies["majority"] = {**policies["majority"], "metrics": every}
    return {
        "title": "nobody asks",
        "endpoint": {"variants": {name: {"weight": 1, **variant} for name in ("old", "new")}},
        "traffic": {"users": {"rate": "1/s", "arrivals": {"shape": SILENCE}}},
        "labels": {"positive_share": 0.005} if metric == "roc_auc" else {},
        "objective": {
            "control": "old",
            "candidate": "new",
            "metric": metric,
            "smallest_effect": 0.02,
        },
        "horizon": "30min",
        "policies": policies,
    }


@pytest.mark.parametrize("error_rate", [0.0, 1.0])
@pytest.mark.parametrize("world", WORLDS)
def test_no_screen_and_no_page_has_a_number_that_is_none(
    world: str, error_rate: float, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """Of every policy, each decision and each reading of a run, and the page of a comparison."""
    file = tmp_path / "scenario.yaml"
    file.write_text(json.dumps(scenario(world, error_rate)), encoding="utf-8")
    for policy in ANY_METRIC:
        code, said, problems = run("run", str(file), "--policy", policy)
        assert code == 0, problems
        assert not numbers_that_are_none(said)
    for command in ("check", "explain"):
        assert not numbers_that_are_none("".join(run(command, str(file))[1:]))
    simab.compare(simab.load(file), replications=2, seed=3).report(tmp_path / "page")
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    assert not numbers_that_are_none(shown_of(page))


def numbers_that_are_none(text: str) -> list[str]:
    """Where a text has them, with what stands around."""
    return re.findall(r".{0,60}\b(?:[Nn]a[Nn]|inf)\b.{0,40}", text)


def shown_of(page: str) -> str:
    """The text that a reader of a page sees."""
    page = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.S)
    return re.sub(r"<[^>]*>", " ", page)
