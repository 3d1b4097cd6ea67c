"""The gate on real rollout configurations, with a small scenario of what they are deployed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.junit_form import require_junit
from tests.comparison.command_line import Ended, run

# Short latencies: the alarm of the SageMaker file fires at 10 ms.
WORLD = """
title: What is deployed
endpoint:
  variants:
    current: {weight: 1, workers: 8, latency: {kind: constant, value: 4ms},
              quality: {kind: success, probability: 90%}}
    new: {weight: 0, workers: 8, latency: {kind: constant, value: 4ms},
          quality: {kind: success, probability: 92%}}
  weight_update: 5s
  provisioning: 0s
traffic: {users: {rate: 5/s}}
metrics: {period: 15s, publication_delay: 0s}
controller: {interval: 15s}
objective: {control: current, candidate: new, metric: success_rate, smallest_effect: 2%}
horizon: 20min
"""
FLAGGER, ARGO, SAGEMAKER, KAYENTA = (
    "flagger/linkerd-canary-steps.yaml",
    "argo/rollout-canary.yaml",
    "sagemaker/guardrail-linear.json",
    "kayenta/prometheus_canary_config.json",
)
GONE = ("--world", "broken", "--assert", "broken_gone_within <= 10min in 90% of runs")


class Gated:
    """Runs the gate on a rollout, and reads what it wrote."""

    def __init__(self, folder: Path, configs: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self.configs, self.capsys = folder / "world.yaml", configs, capsys
        self.junit, self.markdown = folder / "verdicts.xml", folder / "verdict.md"
        self.world.write_text(WORLD, encoding="utf-8")

    def __call__(self, rollout: str, *words: object) -> Ended:
        places = ("--junit", self.junit, "--markdown", self.markdown)
        return run(
            self.capsys,
            *("compare", self.world, "--policies", self.configs / rollout, "--gate"),
            *("--workers", 1, *places, *words),
        )


@pytest.fixture
def gated(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gated:
    return Gated(tmp_path, shared / "configs", capsys)


def test_flagger_takes_a_broken_candidate_back_in_time(gated: Gated) -> None:
    """Ten failed checks of 15 s end its analysis."""
    found = gated(FLAGGER, "-n", 60, *GONE)
    assert found.code == 0
    (case,) = require_junit(gated.junit.read_bytes()).values()
    assert len(case) == 0
    assert gated.markdown.read_text("utf-8").startswith("“podinfo” meets time until a broken")


def test_too_few_runs_cannot_tell(gated: Gated) -> None:
    """No five runs show that 90 % of all are in time."""
    found = gated(FLAGGER, "-n", 5, *GONE)
    assert found.code == 3
    (case,) = require_junit(gated.junit.read_bytes()).values()
    assert [each.tag for each in case] == ["skipped"]
    assert "would tell" in str(case[0].text)
    assert "would tell" in gated.markdown.read_text("utf-8")


def test_a_rollout_that_waits_for_a_person_fails_the_gate(gated: Gated) -> None:
    """Its second step has no end, so that it never promotes; a map says who resumes it."""
    power = ("-n", 30, "--world", "described", "--assert", 'power("rollout-canary") >= 80%')
    assert gated(ARGO, *power).code == 1
    (case,) = require_junit(gated.junit.read_bytes()).values()
    assert [each.tag for each in case] == ["failure"]
    table = gated.world.with_name("map.yaml")
    table.write_text("resume_after: 2min\n", encoding="utf-8")
    assert gated(ARGO, *power, "--map", table).code == 0


def test_a_deployment_with_a_mistaken_alarm_fails_the_gate(gated: Gated) -> None:
    """Its alarm on errors needs all requests to fail: a third of them does not roll it back."""
    found = gated(SAGEMAKER, "-n", 20, *GONE)
    assert found.code == 1
    assert "asks for 100 % errors, and not for 1 %" in found.err


def test_a_query_without_a_meaning_is_bad_input(gated: Gated) -> None:
    """And the message says what to write; with that it plays."""
    refused = gated(KAYENTA, "-n", 2)
    assert refused.code == 2
    assert f"{gated.configs / KAYENTA}:11:5: metrics[0]: is a query" in refused.err
    assert not gated.junit.exists()
    table = gated.world.with_name("map.yaml")
    table.write_text("metrics: {cpu: {metric: error_rate}}\n", encoding="utf-8")
    assert gated(KAYENTA, "-n", 1, "--map", table, "--world", "described").code in (1, 3)


def test_all_rollouts_at_once_have_a_suite_each(gated: Gated) -> None:
    """`--policies` may be repeated: which of them is safe?"""
    more = ("--policies", gated.configs / ARGO, "--policies", gated.configs / SAGEMAKER)
    assert gated(FLAGGER, *more, "-n", 2, "--world", "described", "--world", "broken").code in (
        1,
        3,
    )
    cases = require_junit(gated.junit.read_bytes())
    assert {name.partition(":")[0] for name in cases} == {"podinfo", "rollout-canary", "guardrail"}
    lines = gated.markdown.read_text("utf-8").splitlines()
    assert len(lines) <= 15
    assert sum(line.startswith("| ") for line in lines) == 4
