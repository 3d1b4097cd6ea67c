"""Flagger's files played: what its source does with undefined metrics, no mesh, and A/B tests.

The ticks are worked by hand from scheduler.go: tick 0 notices, tick 1 starts unchecked, each later
tick first looks at the failures so far, and the promotion moves the traffic one tick after the last
passed check.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidFiles
from simab.interop.flagger import imported
from simab.interop.importing import Imported
from simab.policies import Promote, RollBack, SetWeights
from tests.interop.played import decisions, played

HEAD = "kind: Canary\nmetadata: {name: web}\nspec:\n"
NOBODY = """\
  analysis:
    interval: 1m
    threshold: 3
    maxWeight: 50
    stepWeight: 10
    metrics:
      - {name: nobody-defines-this, thresholdRange: {min: 99}, interval: 1m}
"""


def canary(folder: Path, spec: str, table: str = "") -> Imported:
    file, map_file = folder / "canary.yaml", folder / "map.yaml"
    file.write_text(HEAD + spec, "utf-8")
    map_file.write_text(table, "utf-8")
    return imported([file], map_file if table else None)


def test_a_metric_that_nobody_defines_fails_every_check_and_rolls_back(tmp_path: Path) -> None:
    """First traffic at tick 1, failures at 2, 3 and 4, the threshold of 3 acts at 5."""
    found = canary(tmp_path, NOBODY)
    asked = decisions(played(found.policy))
    assert asked == [(1, SetWeights), (5, RollBack)]
    assert any("fails every check" in note.reason for note in found.notes)


def test_a_built_in_metric_with_a_template_is_checked_as_both(tmp_path: Path) -> None:
    """The built-in duration passes, the template of the same name does not: rolled back."""
    spec = """\
  analysis:
    interval: 1m
    threshold: 1
    stepWeight: 10
    metrics:
      - {name: request-success-rate, templateRef: {name: mine}, thresholdRange: {min: 99}}
"""
    mapped = "metrics: {mine: {metric: error_rate}}"  # 0 of a healthy candidate, below 99
    found = canary(tmp_path, spec, mapped)
    assert decisions(played(found.policy)) == [(1, SetWeights), (3, RollBack)]
    (first, second) = found.policy.model_dump()["metrics"]
    assert (first["measures"], second["measures"]) == (None, "error_rate")


def test_without_a_mesh_no_user_reaches_the_candidate_before_the_promotion(tmp_path: Path) -> None:
    """Ten iterations at ticks 1 to 10, one more check at 11 and 12, all traffic at 13."""
    spec = (
        "  provider: kubernetes\n  analysis: {interval: 1m, threshold: 1, match: [{headers: {}}]}\n"
    )
    run = played(canary(tmp_path, spec).policy)
    assert decisions(run) == [(13, Promote)]
    assert [split.weights["new"] > 0 for split in run.decision_log.splits] == [False, True]


def test_without_a_mesh_or_tests_a_check_finds_no_data_and_fails(tmp_path: Path) -> None:
    """The first check is at tick 2; nobody sends the candidate anything."""
    metrics = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]"
    spec = f"  provider: kubernetes\n  analysis: {{interval: 1m, threshold: 1, {metrics}}}\n"
    assert decisions(played(canary(tmp_path, spec).policy)) == [(3, RollBack)]


AB_TEST = "  analysis: {interval: 1m, threshold: 1, iterations: 3, match: [{headers: {}}]}\n"


def test_an_ab_test_gives_the_candidate_what_matches_and_nothing_else(tmp_path: Path) -> None:
    """Iterations at ticks 1, 2 and 3, the promotion passes at 4 and moves traffic at 5."""
    run = played(canary(tmp_path, AB_TEST, "matched_share: 20%").policy)
    assert decisions(run) == [(1, SetWeights), (5, Promote)]
    shares = [
        split.weights["new"] / sum(split.weights.values()) for split in run.decision_log.splits
    ]
    assert shares == pytest.approx([0, 0.2, 1])


def test_an_ab_test_without_its_share_is_refused_with_what_to_write(tmp_path: Path) -> None:
    """Never read as blue/green for all users."""
    with pytest.raises(InvalidFiles, match="matched_share"):
        canary(tmp_path, AB_TEST)
    with pytest.raises(InvalidFiles, match="iterations"):
        canary(tmp_path, AB_TEST.replace("iterations: 3", "stepWeight: 10"), "matched_share: 20%")


def test_an_old_threshold_of_a_template_is_a_maximum_whatever_its_name(tmp_path: Path) -> None:
    """scheduler_metrics.go: only the built-in success rate must reach it."""
    spec = """\
  analysis:
    stepWeight: 10
    metrics:
      - {name: request-success-rate, templateRef: {name: mine}, threshold: 99}
"""
    found = canary(tmp_path, spec, "metrics: {mine: {metric: error_rate, scale: 100}}")
    ranges: list[dict[str, Any]] = [
        metric["threshold_range"] for metric in found.policy.model_dump()["metrics"]
    ]
    assert ranges == [{"min": 99.0, "max": None}, {"min": None, "max": 99.0}]
