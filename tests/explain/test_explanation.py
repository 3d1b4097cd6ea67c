"""What is said before a run, against numbers worked out by hand and from the literature."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from simab.explain import explain, warnings
from simab.explain.capacity import CapacityRow
from simab.scenario import Scenario, load
from simab.stats.sample_size import pooled_trials
from tests.effort import examples
from tests.strategies import scenarios

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
EXPONENTIAL = {"kind": "exponential", "mean": "100ms"}


def scenario(
    *,
    rate: str = "10/s",
    current: Any = None,
    new: Any = None,
    top: Any = None,
    traffic: Any = None,
) -> Scenario:
    """Two variants of one worker with exponential service of 100 ms; all traffic to current."""
    base = {"latency": EXPONENTIAL, "quality": {"kind": "success", "probability": 0.9}}
    data: dict[str, Any] = {
        "title": "Two queues",
        "endpoint": {
            "variants": {
                "current": {**base, "weight": 1, **(current or {})},
                "new": {**base, "weight": 0, **(new or {})},
            }
        },
        "traffic": traffic or {"users": {"rate": rate}},
        "objective": {
            "control": "current",
            "candidate": "new",
            "metric": "success_rate",
            "smallest_effect": 0.01,
        },
        "horizon": "10h",
        "policies": {
            "plan": {"kind": "manual_schedule", "steps": [{"at": "1h", "promote": "new"}]}
        },
        **(top or {}),
    }
    return Scenario.model_validate(data)


def first_row(described: Scenario) -> CapacityRow:
    return explain(described).capacity[0]


def test_an_a_a_rehearsal_has_two_variants_that_differ_in_nothing() -> None:
    """Equal in the metric is not alike: the candidate may be slow, or fail."""
    alike = " ".join(explain(scenario()).sentences)
    slower = " ".join(explain(scenario(new={"error_rate": 0.1})).sentences)
    assert "A/A" in alike
    assert "no difference" in slower
    assert "A/A" not in slower


def test_targets_count_whatever_the_weights_are() -> None:
    """A share that names a variant reaches it at weight 0, and pairs go to each in turn."""
    traffic = {
        "users": {"rate": "8/s", "targets": {"new": 0.25}},
        "evaluation": {"rate": "2/s", "paired_targets": ["current", "new"]},
    }
    rows = {(row.variant, row.share): row for row in explain(scenario(traffic=traffic)).capacity}
    assert rows["current", 1.0].rate_per_s == pytest.approx(7)
    assert rows["new", 0.0].rate_per_s == pytest.approx(3)
    assert rows["current", 0.0].rate_per_s == pytest.approx(1)
    assert rows["new", 1.0].rate_per_s == pytest.approx(9)


def test_every_split_of_a_policy_is_there() -> None:
    """A canary's stages, its end and its rollback all have their rows, with who sets them."""
    policies = {
        "canary": {
            "kind": "staged_canary",
            "stages": [0.1, 0.5],
            "bake": "1h",
            "alarms": [{"metric": "error_rate", "at_most": "1%"}],
        }
    }
    rows = explain(scenario(top={"policies": policies})).capacity
    shares = {
        name: [row.share for row in rows if row.variant == name] for name in ("current", "new")
    }
    assert shares == {"current": [0.5, 0.9, 1.0], "new": [0.1, 0.5, 1.0]}
    assert [row.set_by for row in rows if row.share == 1.0] == [("start", "canary"), ("canary",)]


def test_the_founding_example_needs_18778_an_arm() -> None:
    """Telling 320/334 from 318/334 takes 18,778 labelled requests an arm (Fleiss 2003, 4.14)."""
    churn = load(SHIPPED / "churn.yaml")
    objective = churn.objective.model_copy(update={"metric": "accuracy"})
    explanation = explain(churn.model_copy(update={"objective": objective}))
    assert [row.truth for row in explanation.truth] == pytest.approx([320 / 334, 318 / 334])
    assert explanation.true_difference.labelled_requests == 18_778
    sentence = (
        "True accuracy: 0.9581 for “Variant1”, 0.9521 for “Variant2”: "
        "“Variant1” is better by 0.00599"
    )
    assert any(each.startswith(sentence) for each in explanation.sentences)


def test_a_metric_of_positives_needs_more_requests() -> None:
    """Recall is a share of the positives, of which the churn data has 48 in 334 rows."""
    churn = load(SHIPPED / "churn.yaml")
    objective = churn.objective.model_copy(update={"metric": "recall", "smallest_effect": 0.1})
    need = explain(churn.model_copy(update={"objective": objective})).smallest_effect
    positives = pooled_trials(37 / 48, 37 / 48 + 0.1)
    assert need.labelled_requests == math.ceil(positives * 334 / 48)


def test_how_long_a_sample_takes() -> None:
    """The slower arm sets the time: its labelled requests an hour, and the mean label delay."""
    new = {"weight": 1, "error_rate": 0.1}
    labels = {"never": 0.5, "delay": {"kind": "constant", "value": "30min"}}
    explanation = explain(scenario(new=new, top={"labels": labels}))
    by_hour = {row.variant: row.labelled_per_hour for row in explanation.truth}
    assert by_hour == pytest.approx({"current": 9_000, "new": 8_100})
    need = explanation.smallest_effect
    # 13,495 of two equal arms, about 16 p q / d**2; at 10:9 the smaller needs (1 + .9) / 2 of it.
    assert need.labelled_requests == pytest.approx(13_495 * 0.95, rel=0.01)
    assert need.duration_s == pytest.approx(need.labelled_requests / 8_100 * 3_600 + 1_800)


@pytest.mark.parametrize("mean", ["30min", "10h"])
def test_labels_that_are_late_by_chance_come_from_the_first_hour_on(mean: str) -> None:
    """With exponential delays n(t) = rate (t - mean (1 - exp(-t / mean))) labels have come."""
    mean_s = {"30min": 1_800, "10h": 36_000}[mean]
    labels = {"delay": {"kind": "exponential", "mean": mean}}
    need = explain(scenario(new={"weight": 1}, top={"labels": labels})).smallest_effect
    assert need.labelled_requests
    at_s = need.duration_s
    arrived = 18_000 / 3_600 * (at_s - mean_s * (1 - math.exp(-at_s / mean_s)))
    assert arrived == pytest.approx(need.labelled_requests, rel=1e-4)


def test_a_weight_next_to_nothing_takes_ages() -> None:
    """Longer than any whole number of nanoseconds that simab counts with."""
    need = explain(scenario(new={"weight": 1e-300})).smallest_effect
    assert need.duration_s > 1e290


def test_an_unlabelled_segment_gives_no_labels() -> None:
    """Only segments whose truth becomes known count as labelled."""
    traffic = {
        "users": {"rate": "8/s", "labelled": False},
        "evaluation": {"rate": "2/s", "paired_targets": ["current", "new"]},
    }
    assert [row.labelled_per_hour for row in explain(scenario(traffic=traffic)).truth] == [
        3600,
        3600,
    ]


def test_what_is_not_known_is_said() -> None:
    """No traffic to the candidate, no closed form, no difference: each is a sentence, no number."""
    idle = explain(scenario())
    assert math.isinf(idle.smallest_effect.duration_s)
    assert "which the starting split never gives" in " ".join(idle.sentences)
    assert "no difference, an A/A rehearsal" in " ".join(idle.sentences)
    assert idle.true_difference.labelled_requests is None
    f1 = explain(load(SHIPPED / "churn.yaml"))
    assert f1.smallest_effect.labelled_requests is None
    assert "no closed form" in f1.smallest_effect.reason


def test_the_power_of_a_fixed_test_is_told() -> None:
    """A test with just the needed sample sees the smallest effect with probability 0.80."""
    needed = explain(scenario(new={"weight": 1})).smallest_effect.labelled_requests
    test = {"test": {"kind": "fixed_horizon", "labelled_requests": needed}}
    sentences = explain(scenario(new={"weight": 1}, top={"policies": test})).sentences
    assert any(each.endswith("with probability 0.80.") for each in sentences)


def test_one_request_and_one_look_are_in_the_singular() -> None:
    """A look a minute leaves one before the end of 2 minutes."""
    said = explain(scenario(rate="1/s", top={"horizon": "2min"})).sentences[0]
    assert said == "1 request a second arrives on average, 120 in 2 min; the policies look once."


@examples(1 / 8)
@given(scenarios())
def test_every_scenario_can_be_explained(described: Scenario) -> None:
    """No valid scenario is beyond explanation, and what machines read is strict JSON."""
    explanation = explain(described)
    text = json.dumps(explanation.to_dict(), allow_nan=False)
    assert json.loads(text)["title"] == described.title
    assert all(sentence.endswith(".") for sentence in explanation.sentences + explanation.warnings)
    assert all(row.load >= 0 and row.mean_wait_s >= 0 for row in explanation.capacity)
    assert all(0 <= row.refused_share < 1 for row in explanation.capacity)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"top": {"controller": {"interval": "30s"}}},
            "looks every 30s, but metrics come every 1min",
        ),
        (
            {"top": {"policies": {"t": {"kind": "fixed_horizon", "labelled_requests": 1}}}},
            "“t” waits for 1 labelled request a variant, but “new” gets about 0",
        ),
        (
            {
                "top": {
                    "policies": {
                        "p": {"kind": "manual_schedule", "steps": [{"at": "10h", "promote": "new"}]}
                    }
                }
            },
            "Step 1 of “p” is at 10h, not before the horizon of 10h: it never happens",
        ),
        (
            {
                "top": {
                    "policies": {
                        "a": {"kind": "argo_rollouts", "steps": [{"set_weight": 9}, {"pause": {}}]}
                    }
                }
            },
            "“a” waits at step 2 for a person to resume it, and a simulation has none",
        ),
        (
            {"new": {"deployed": False}},
            "“new” is not deployed at the start, and “plan” does not add it",
        ),
        ({"new": {"deployed": False}}, "Step 1 of “plan” names “new”, not deployed at that time"),
        (
            {
                "new": {"deployed": False},
                "traffic": {"users": {"rate": "1/s", "targets": {"new": 0.1}}},
            },
            "Requests of “users” target “new”, not deployed at the start",
        ),
        (
            {"top": {"outcome_tables": {"old rows": {"rows": [{"label": 1, "scores": {"a": 1}}]}}}},
            "No variant takes its quality from the outcome table “old rows”",
        ),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(changes: dict[str, Any], words: str) -> None:
    """What is allowed but strange is told as a warning, with what to change."""
    known = [each for each in warnings(scenario()) if "cannot carry" not in each]  # its load is 1
    assert known == []
    assert any(words in warning for warning in warnings(scenario(**changes)))


ADDING: list[dict[str, Any]] = [
    {"kind": "blue_green"},
    {"kind": "argo_rollouts", "steps": [{"set_weight": 20}]},
    {"kind": "flagger", "step_weight": 20},
    {"kind": "manual_schedule", "steps": [{"at": "1h", "add": "new"}]},
]


@pytest.mark.parametrize("policy", ADDING, ids=lambda policy: str(policy["kind"]))
def test_a_policy_that_deploys_the_candidate_is_not_said_to_keep_the_control(
    policy: dict[str, Any],
) -> None:
    """The policy is asked whether it adds the candidate: it knows, and a list of kinds ages."""
    described = scenario(new={"deployed": False}, top={"policies": {"rule": policy}})
    assert not any("can only keep the control" in each for each in warnings(described))


@pytest.mark.parametrize(
    ("interval", "update", "words"),
    [
        ("30s", "0s", "ticks every 30s, but the controller looks every 1min only"),
        ("1min", "62s", "the tick after each step passes without a check"),
        ("1min", "1s", ""),
        ("2min", "62s", ""),
    ],
)
def test_a_flagger_that_cannot_tick_as_it_says_is_a_warning(
    interval: str, update: str, words: str
) -> None:
    """Its clock is the controller's, which looks every minute, and an update takes a tick."""
    policies = {"rollout": {"kind": "flagger", "step_weight": 20, "interval": interval}}
    data = scenario(top={"policies": policies}).model_dump(mode="json")
    data["endpoint"]["weight_update"] = update
    told = warnings(Scenario.model_validate(data))
    about = [each for each in told if "“rollout” ticks" in each]
    assert len(about) == bool(words)
    assert all(words in each for each in about)


@pytest.mark.parametrize(
    ("bake", "periods", "warned"),
    [("1min", 1, True), ("2min", 1, False), ("105s", 1, False), ("2min", 2, True)],
)
def test_a_stage_too_short_for_its_alarms_is_a_warning(
    bake: str, periods: int, warned: bool
) -> None:
    """A window of a minute is visible after 45 s; a stage ends at a look, one a minute."""
    canary = {
        "kind": "staged_canary",
        "bake": bake,
        "periods": periods,
        "alarms": [{"metric": "latency_p99", "at_most": "1s"}],
    }
    told = warnings(scenario(top={"policies": {"canary": canary}}))
    assert any("“canary” bakes each stage" in each for each in told) is warned


def test_a_variant_that_saturates_or_breaks_a_guardrail_is_a_warning() -> None:
    """What a metric of quality does not see: a load of 1 and more, errors beyond the limit."""
    overloaded = [each for each in warnings(scenario()) if "its load would be 1.00" in each]
    unguarded = "without objective.guardrails, promoting it is judged by its metric alone"
    assert [unguarded in each for each in overloaded] == [False, True]  # the control is there
    data = scenario().model_dump(mode="json")
    data["objective"]["guardrails"] = [{"metric": "error_rate", "at_most": 0.01}]
    data["endpoint"]["variants"]["new"]["error_rate"] = 0.6
    told = warnings(Scenario.model_validate(data))
    assert any("as it is, promoting it counts as wrong" in each for each in told)
    assert any(
        "“new” fails 60 % of its requests, over the guardrail of 1 %: promoting it counts as wrong"
        in each
        for each in told
    )


def test_an_uneven_split_is_planned_as_it_is() -> None:
    """At 9:1 the smaller arm needs about 5/9 of what each of two equal ones does; both are said."""
    even = explain(scenario(new={"weight": 1})).smallest_effect
    explanation = explain(scenario(new={"weight": 1}, current={"weight": 9}))
    uneven = explanation.smallest_effect
    assert uneven.labelled_requests
    assert even.labelled_requests
    assert uneven.labelled_requests / even.labelled_requests == pytest.approx(5 / 9, rel=0.05)
    assert uneven.other_arm == pytest.approx(9 * uneven.labelled_requests, rel=1e-3)
    assert even.other_arm == even.labelled_requests
    assert any("of the variant that gets fewer and" in each for each in explanation.sentences)


def test_a_planned_test_has_its_power_at_an_uneven_split() -> None:
    """fixed_horizon with baseline and effect is foreseen to find it with its own power, .80."""
    policy = {"kind": "fixed_horizon", "baseline": 0.9, "effect": 0.01}
    described = scenario(
        new={"weight": 1}, current={"weight": 9}, top={"policies": {"test": policy}}
    )
    sentences = [each for each in explain(described).sentences if "tests once" in each]
    assert len(sentences) == 1
    assert "probability 0.80" in sentences[0]


def test_the_rules_that_test_another_metric_are_named() -> None:
    """The churn rehearsal's objective is F1, and so is what its fixed-horizon test tests."""
    churn = load(SHIPPED / "churn.yaml")
    assert any("test at 334 rows” tests f1;" in each for each in explain(churn).sentences)
    objective = churn.objective.model_copy(update={"metric": "accuracy"})
    plain = explain(churn.model_copy(update={"objective": objective})).sentences
    assert not any("looks count labelled requests" in each for each in plain)
