"""scenarios/faster_model.yaml: what is true with all traffic, who sees it, how often in vain."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy import stats

import simab
from simab.analyse.truth import truth_of_scenario

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "faster_model.yaml"
ROLES = ("current", "compiled")


def test_the_header_states_what_theory_and_the_truth_say() -> None:
    """An Erlang-4 of 100 ms has its 95 % quantile at 193.8 ms; queueing with all traffic adds."""
    alone = stats.gamma.ppf(0.95, 4, scale=100 / 4)
    scenario = simab.load(FILE)
    truth = truth_of_scenario(scenario)
    service = truth_of_scenario(scenario, by_runs=False)
    assert service.values["current"]["latency_p95"] == pytest.approx(alone, abs=0.05)
    assert service.gains["compiled"] == pytest.approx(0.04 * alone, abs=0.05)
    values = [each.values[name]["latency_p95"] for each in (truth, service) for name in ROLES]
    assert values == pytest.approx([204.5, 194.0, 193.8, 186.1], abs=0.06)
    text = FILE.read_text(encoding="utf-8")
    assert "204.5 and 194.0 ms, of which service alone is 193.8 and 186.1" in text
    assert truth.gains["compiled"] > service.gains["compiled"] + 1.0
    assert [str(truth.judgement(name)) for name in ROLES] == ["wrong", "right"]


def test_a_test_tells_faster_from_equal_and_a_limit_does_not() -> None:
    """After 55 minutes the gain is 4.5 errors; the canary promotes what keeps its limit."""
    scenario = simab.load(FILE)
    kept = {name: scenario.policies[name] for name in ("after 55 minutes", "a canary with a limit")}
    study = simab.compare(scenario, policies=kept, replications=4, worlds=["described", "equal"])
    ends = study.outcomes.set_index(["policy", "world"])["ends_with"] == "compiled"
    assert ends.loc["after 55 minutes", "described"].all()
    assert ends.loc["after 55 minutes", "equal"].sum() <= 2
    assert ends.loc["a canary with a limit", "equal"].sum() >= 2


@pytest.mark.long
def test_equal_models_are_called_faster_as_often_as_the_test_says() -> None:
    """5 % one-sided, by the 95 % latency and by the mean, within three binomial errors."""
    runs = 300
    scenario = simab.load(FILE)
    kept = {name: each for name, each in scenario.policies.items() if "20 minutes" in name}
    study = simab.compare(scenario, policies=kept, replications=runs, worlds=["equal"], seed=11)
    promoted = study.outcomes["ends_with"] == "compiled"
    shares = promoted.groupby(study.outcomes["policy"]).mean()
    assert len(shares) == 2
    assert (abs(shares - 0.05) < 3.0 * math.sqrt(0.05 * 0.95 / runs)).all()
