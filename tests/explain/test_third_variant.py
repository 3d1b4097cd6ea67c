"""What is said before a run of endpoints with more than two variants: which one, of each number."""

from __future__ import annotations

from typing import Any

import pytest

from simab.explain import Explanation, explain, warnings
from simab.scenario import Scenario
from simab.stats.sample_size import pooled_trials

PAIR = {"kind": "fixed_horizon", "labelled_requests": 2_800}
BANDIT = {"kind": "thompson", "arms": ["a", "b", "c"], "update_every": "1h"}


def three(policies: Any, *, objective: Any = None, third: Any = None, **top: Any) -> Scenario:
    """Right answers of 20 %, 20 % and 30 % at even weights, 600 requests an hour."""
    base = {"weight": 1, "workers": 8, "latency": {"kind": "constant", "value": "20ms"}}
    variants = {
        name: {**base, "quality": {"kind": "success", "probability": share}}
        for name, share in (("a", 0.2), ("b", 0.2), ("c", 0.3))
    }
    variants["c"] |= third or {}
    data = {
        "title": "Three arms",
        "endpoint": {"weight_update": "1s", "variants": variants},
        "traffic": {"u": {"rate": "600/h"}},
        "controller": {"interval": "1h"},
        "objective": {
            "control": "a",
            "candidate": "b",
            "metric": "success_rate",
            "smallest_effect": 0.03,
            **(objective or {}),
        },
        "horizon": "48h",
        "policies": policies,
        **top,
    }
    return Scenario.model_validate(data)


def beginning(explanation: Explanation, start: str) -> str:
    """The one sentence that begins so."""
    (found,) = [each for each in explanation.sentences if each.startswith(start)]
    return found


def test_the_truth_names_every_variant_against_the_control() -> None:
    """The third is the best; the pair's equality is not a rehearsal of equal models."""
    explanation = explain(three({"pair": PAIR}))
    sentence = beginning(explanation, "True success_rate")
    assert "0.2 for “a”, 0.2 for “b”, 0.3 for “c”" in sentence
    assert "“b” does not differ and “c” is better by 0.1" in sentence
    assert not any("A/A" in each for each in explanation.sentences)


def test_labels_are_counted_of_every_variant() -> None:
    """A third of 600 an hour each."""
    sentence = beginning(explain(three({"pair": PAIR})), "Labelled requests")
    assert [f"“{name}” gets 200" in sentence for name in "abc"] == [True] * 3


def test_each_sample_size_says_which_two_it_compares() -> None:
    """The smallest effect is the candidate's; the third variant has its own (Fleiss 2003, 4.14)."""
    explanation = explain(three({"pair": PAIR}))
    needed = round(pooled_trials(0.2, 0.3) + 0.5)
    assert explanation.other_differences["c"].labelled_requests == needed
    assert list(explanation.other_differences) == ["c"]
    assert beginning(explanation, "To see a difference of 0.03 between “a” and “b”")
    assert f": {needed} " in beginning(
        explanation, "To see the true difference between “a” and “c”"
    )
    assert beginning(explanation, "“pair” tests “a” against “b” once")
    assert set(explanation.to_dict()["other_differences"]) == {"c"}


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ({"pair": PAIR}, "no policy may give it all traffic"),
        ({"pair": PAIR, "ts": BANDIT}, "only “ts” may give it all traffic"),
        (
            {"plan": {"kind": "manual_schedule", "steps": [{"at": "1h", "promote": "c"}]}},
            "only “plan” may give it all traffic",
        ),
    ],
)
def test_who_may_promote_a_third_variant_is_said(policies: Any, words: str) -> None:
    """A bandit that has it among its arms, a schedule that names it; no rule of two variants."""
    assert words in beginning(explain(three(policies)), "“c” is neither")


def test_a_third_variant_with_all_traffic_is_said_to_have_it() -> None:
    """Both roles begin with nothing, so no rule gives it what it has."""
    data = three({"pair": PAIR}).model_dump(mode="json")
    for name in "ab":
        data["endpoint"]["variants"][name]["weight"] = 0
    sentence = beginning(explain(Scenario.model_validate(data)), "“c” is neither")
    assert "has all traffic at the start" in sentence


def test_a_third_variant_that_breaks_a_guardrail_is_wrong_to_promote() -> None:
    """As the truth has it, of every variant but the control."""
    guarded = {"guardrails": [{"metric": "error_rate", "at_most": 0.01}]}
    told = warnings(three({"ts": BANDIT}, objective=guarded, third={"error_rate": 0.5}))
    assert any("“c” fails 50 %" in each and "counts as wrong" in each for each in told)
    slow = {"workers": 1, "latency": {"kind": "constant", "value": "9s"}}
    told = warnings(three({"ts": BANDIT}, third=slow))
    (about,) = [each for each in told if "“c” cannot carry" in each]
    assert "judged by its metric alone" in about


def test_values_that_differ_by_rounding_alone_do_not_differ() -> None:
    """0.1 + 0.2 is 0.30000000000000004 in floats."""
    data = three({"pair": PAIR}).model_dump(mode="json")
    data["endpoint"]["variants"]["a"]["quality"]["probability"] = 0.1 + 0.2
    explanation = explain(Scenario.model_validate(data))
    assert "“c” does not differ" in beginning(explanation, "True success_rate")
    assert explanation.other_differences["c"].labelled_requests is None


def test_a_difference_that_no_sample_shows_has_no_size() -> None:
    """2e-313 against 0 is a difference, but no number of requests shows it."""
    data = three({"pair": PAIR}).model_dump(mode="json")
    for name, share in (("a", 0.0), ("b", 2e-313), ("c", 2e-313)):
        data["endpoint"]["variants"][name]["quality"]["probability"] = share
    explanation = explain(Scenario.model_validate(data))
    assert explanation.true_difference.labelled_requests is None
    assert explanation.other_differences["c"].reason
