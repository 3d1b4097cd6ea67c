"""Imported rollouts played look by look against a healthy and a broken candidate.

Each table in `golden/` is what someone who knows the tool would expect to see. To write them anew:
UPDATE_GOLDEN=1 pytest tests/interop/test_golden_rollouts.py, then read what has changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simab.interop.tools import import_policy
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.policy import Policy
from tests.interop.rollout_table import rollout_table
from tests.policies.fake_endpoint import SECOND, Windows, steady
from tests.policies.fake_metrics import MINUTE

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
OWN = HERE / "files"

# Kubernetes moves weights within seconds, and its metrics are scraped as often.
CLUSTER = {"interval_ns": 5 * SECOND, "update_ns": 5 * SECOND, "period_ns": 5 * SECOND}
PROMPT: dict[str, Any] = {**CLUSTER, "delay_ns": 0}
# The serving platform: a minute's windows, 45 s late, and 62 s for a change of weights.
PLATFORM: dict[str, Any] = {"instances": {"old": 3, "new": 3}}

HEALTHY = steady(latency_ms=5.0)
BROKEN = steady(latency_ms=5.0, failing=1.0)
CANDIDATES = {"healthy": HEALTHY, "broken": BROKEN}


def resumed(policy: Policy) -> Policy:
    """A person resumes each pause without an end after 20 s, as the file's comment proposes."""
    assert isinstance(policy, ArgoRollouts)
    return policy.model_copy(update={"resume_after": 20 * SECOND})


def compare(name: str, policy: Policy, windows: Windows, **endpoint: Any) -> None:
    table = rollout_table(policy, windows, **endpoint)
    golden = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        golden.write_text(table, encoding="utf-8")
    assert table == golden.read_text(encoding="utf-8")


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    """A file for `--map`."""

    def written(text: str) -> Path:
        path = tmp_path / "map.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


both = pytest.mark.parametrize("candidate", CANDIDATES)


@both
def test_rollout_canary(candidate: str, shared: Path) -> None:
    """Five replicas, 20 % steps, no analysis: a broken candidate is promoted like a healthy one."""
    policy = import_policy("argo", [shared / "configs/argo/rollout-canary.yaml"]).policy
    windows = CANDIDATES[candidate]
    compare(
        f"argo-rollout-canary-{candidate}",
        resumed(policy),
        windows,
        until_ns=200 * SECOND,
        **PROMPT,
    )


def test_rollout_canary_waits_for_a_person(shared: Path) -> None:
    """As the file says: the first pause lasts until somebody resumes it."""
    policy = import_policy("argo", [shared / "configs/argo/rollout-canary.yaml"]).policy
    compare(
        "argo-rollout-canary-waiting", policy, HEALTHY, until_ns=10 * MINUTE, interval_ns=MINUTE
    )


@both
def test_rollout_background_analysis(
    candidate: str, shared: Path, table: Callable[[str], Path]
) -> None:
    """The template's job fails at random; here it stands for the error rate of 10 s."""
    meaning = '{metric: error_rate, window: 10s, success_condition: "result[0] < 0.05"}'
    folder = shared / "configs/argo"
    policy = import_policy(
        "argo",
        [folder / "rollout-background-analysis.yaml", folder / "analysis-templates.yaml"],
        table(f"metrics: {{random-fail: {meaning}}}"),
    ).policy
    windows = CANDIDATES[candidate]
    name = f"argo-background-analysis-{candidate}"
    compare(name, policy, windows, until_ns=60 * SECOND, **PROMPT)


@both
def test_istio_mirror(candidate: str, shared: Path) -> None:
    """Mirroring is not simulated: the rollout pauses at weight 0, and nobody decides."""
    policy = import_policy("argo", [shared / "configs/argo/istio-mirror.yaml"]).policy
    windows = CANDIDATES[candidate]
    compare(f"argo-istio-mirror-{candidate}", policy, windows, until_ns=30 * SECOND, **PROMPT)


@both
def test_guardrail_linear(candidate: str, shared: Path) -> None:
    """A third at a time; the alarm sees both fleets, and asks for 100 % errors: it comes last."""
    policy = import_policy("sagemaker", [shared / "configs/sagemaker/guardrail-linear.json"]).policy
    windows = CANDIDATES[candidate]
    compare(
        f"sagemaker-guardrail-linear-{candidate}", policy, windows, until_ns=25 * MINUTE, **PLATFORM
    )


@both
def test_ab_production_variants(candidate: str, shared: Path, table: Callable[[str], Path]) -> None:
    """25:75 and 0:1 at the times of the table, whatever the metrics say."""
    file = shared / "configs/sagemaker/ab-production-variants.json"
    policy = import_policy("sagemaker", [file], table("update_times: [5min, 10min]")).policy
    renamed = policy.model_validate_json(
        policy.model_dump_json().replace("Variant1", "old").replace("Variant2", "new")
    )
    windows, weights = CANDIDATES[candidate], {"old": 1.0, "new": 1.0}
    name = f"sagemaker-ab-production-variants-{candidate}"
    compare(name, renamed, windows, until_ns=15 * MINUTE, weights=weights)


@both
def test_own_argo(candidate: str) -> None:
    """Replicas, an inline analysis with a dry run, and one in the background."""
    policy = import_policy("argo", [OWN / "argo.yaml"], OWN / "argo.map.yaml").policy
    windows = CANDIDATES[candidate]
    compare(f"own-argo-{candidate}", policy, windows, until_ns=360 * SECOND, **PROMPT)


@both
def test_own_guardrail(candidate: str) -> None:
    """One of three instances, then the rest; the sum of errors is watched on both fleets."""
    policy = import_policy("sagemaker", [OWN / "canary.json", OWN / "alarms.json"]).policy
    windows = CANDIDATES[candidate]
    compare(f"own-guardrail-{candidate}", policy, windows, until_ns=30 * MINUTE, **PLATFORM)
