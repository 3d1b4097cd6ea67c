"""What is said of ramps before they are played: by hand, and against runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import simab
from simab.explain.explanation import explain
from simab.explain.label_flow import label_flow_of
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.ramp_course import RampEndings, endings_by_budget, endings_by_power
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

POWER = {
    "kind": "ramp_by_power",
    "degradation": 0.04,
    "spread": 0.4,
    "risk": 0.001,
    "first_share": "10%",
}
BUDGET = {
    "kind": "risk_budgeted_ramp",
    "budget": 200,
    "typical_loss": 0.02,
    "spread": 0.4,
    "every": "10min",
    "steps": 20,
}
RULES = {"power": POWER, "budget": BUDGET}


def of(rule: dict[str, Any], horizon: str = "12h", **parts: Any) -> Scenario:
    """Two equal variants with ten requests a second, the candidate idle at first."""
    quick = {
        "latency": {"kind": "constant", "value": "1ms"},
        "quality": {"kind": "success", "probability": 0.8},
    }
    return scenario(
        {name: variant(weight=weight, **quick) for name, weight in (("a", 1), ("b", 0))},
        rate="10/s",
        horizon=horizon,
        labels={"delay": {"kind": "exponential", "mean": "30s"}},
        metrics={"period": "1min", "publication_delay": "0s"},
        controller={"interval": "1min"},
        policies={"ramp": rule},
        **parts,
    )


def endings_of(described: Scenario) -> RampEndings:
    """The drawn courses of its ramp."""
    flow, policy = label_flow_of(described), described.policies["ramp"]
    assert flow is not None
    if isinstance(policy, RampByPower):
        return endings_by_power(flow, policy)
    assert isinstance(policy, RiskBudgetedRamp)
    return endings_by_budget(flow, policy)


def test_the_earliest_promotion_is_that_of_two_stages() -> None:
    """By hand: a tick, and twice two minutes of update and half a minute of delay.

    In between 618.3 / .09 labels and 618.3 / .25, at ten a second.
    """
    information = ((stats.norm.isf(0.05) + stats.norm.ppf(0.8)) * 0.4 / 0.04) ** 2
    found = endings_of(of(POWER))
    seconds = 60 + 2 * 150 + information / 0.09 / 10 + information / 0.25 / 10
    assert found.earliest_ns / 1e9 == pytest.approx(seconds, rel=1e-3)
    assert found.ends_ns.min() >= found.earliest_ns
    assert endings_of(of(BUDGET)).earliest_ns == 660e9


def test_the_first_share_that_is_the_last_takes_one_stage() -> None:
    """At .5 from the start on: every course is the same."""
    found = endings_of(of(POWER | {"first_share": "50%"}))
    assert np.ptp(found.ends_ns) == 0.0
    assert found.ends_ns[0] == math.ceil(found.earliest_ns / 60e9) * 60e9
    assert found.promoted.all()


def test_a_large_budget_promotes_after_a_step_and_a_tiny_one_rolls_back() -> None:
    """And what is inconclusive ends as it says, after all steps."""
    large = endings_of(of(BUDGET | {"budget": 1e6}))
    assert large.promoted.all()
    assert np.ptp(large.ends_ns) == 0.0
    tiny = endings_of(of(BUDGET | {"budget": 1e-3}))
    assert not tiny.promoted.any()
    kept, shipped = (
        endings_of(of(BUDGET | {"steps": 1, "inconclusive": each})) for each in ("keep", "ship")
    )
    assert 0.2 < kept.promoted.mean() < 0.8
    assert shipped.promoted.all()


def test_it_says_what_ramps_do_within_the_run() -> None:
    """6,870 are 618.3 / .09, and the share by the horizon is that of the drawn courses."""
    for rule in RULES.values():
        described = of(rule)
        endings = endings_of(described)
        text = " ".join(explain(described).sentences)
        share = float(f"{100 * endings.promoted_by(12 * 3600e9):.2g}")
        assert f"as the control in about {share:g} % of the runs by 12 h, half" in text.replace(
            "\u202f", " "
        )
        assert not [each for each in explain(described).warnings if "“ramp”" in each]
    text = " ".join(explain(of(POWER)).sentences)
    assert "“ramp” leaves its first stage with 6,870 labelled requests of the two." in text


@pytest.mark.parametrize(
    ("rule", "horizon", "words"),
    [
        (POWER, "20min", "whatever it sees, and horizon is 20 min: hardly a run"),
        (POWER, "30min", "is not through with a candidate that is as good as the control in"),
        (POWER | {"maximum_duration": "20min"}, "12h", "and maximum_duration is 20 min"),
        (BUDGET, "30min", "when horizon of 30 min is over. Lengthen horizon, or shorten every."),
    ],
    ids=["too short", "mostly open", "duration", "budget"],
)
def test_it_warns_of_ramps_that_are_not_through(
    rule: dict[str, Any], horizon: str, words: str
) -> None:
    (said,) = [each for each in explain(of(rule, horizon)).warnings if "“ramp”" in each]
    assert words in said


def test_nothing_is_said_where_no_values_are_known() -> None:
    """Scores, or no labels at all."""
    scores = {"kind": "beta", "alpha": 2, "beta": 2}
    quality = {"kind": "classifier", "positive_scores": scores, "negative_scores": scores}
    judged = scenario(
        {name: variant(quality=quality) for name in ("a", "b")},
        labels={"positive_share": 0.5},
        policies={"ramp": POWER},
    )
    for described in (judged, of(POWER).model_copy(update={"labels": of(POWER).labels})):
        assert (label_flow_of(described) is None) == (described is judged)


@pytest.mark.parametrize("name", RULES)
def test_nothing_is_said_of_ramps_by_user(name: str) -> None:
    """A stage by power then lasts until its users have shown the degradation, if they ever do."""
    found = explain(of(RULES[name] | {"unit": "user"}))
    said = [*found.sentences, *found.warnings]
    assert not [each for each in said if "promotes a candidate" in each or "first stage" in each]


@pytest.mark.long
@pytest.mark.parametrize("name", RULES)
def test_runs_promote_as_often_and_as_soon(name: str) -> None:
    """200 runs: shares by each quartile of the drawn times within 3.9 errors of both, and .03."""
    described = of(RULES[name], "4h")
    endings = endings_of(described)
    study = simab.compare(described, worlds=["described"], replications=200, seed=9)
    promoted = study.outcomes.decided_for == "b"
    times_ns = 1e9 * study.outcomes.decided_s.to_numpy()
    for until_ns in np.quantile(endings.ends_ns, [0.25, 0.5, 0.75]):
        expected = endings.promoted_by(until_ns)
        found = float((promoted & (times_ns <= until_ns)).mean())
        spread = max(expected * (1 - expected), 0.01)
        error = math.sqrt(spread * (1 / 200 + 1 / len(endings.ends_ns)))
        assert found == pytest.approx(expected, abs=3.9 * error + 0.03)
