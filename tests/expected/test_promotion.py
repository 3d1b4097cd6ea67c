"""Theory of how often a rule promotes: it speaks where its assumptions hold, and only there.

Its values are held against published ones and against committed rates in tests/validation.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import simab
from simab.expected import expected_promotion
from simab.policies.experiments.capped_sprt import CappedRatioTest
from simab.scenario.changes import with_changes, with_effect
from simab.stats.intervals import share_interval
from simab.stats.sample_size import exact_power_two_proportions

CANDIDATE = "endpoint.variants.new"


@pytest.fixture(scope="module")
def tests_of_answers(repository: Any) -> simab.Scenario:
    return simab.load(repository / "scenarios" / "policies_aa.yaml")


@pytest.fixture(scope="module")
def rollouts(repository: Any) -> simab.Scenario:
    return simab.load(repository / "scenarios" / "rollouts_aa.yaml")


@pytest.mark.parametrize("effect", [-0.02, 0.0, 0.01, 0.03])
def test_a_fixed_test_has_the_power_summed_over_all_outcomes(
    tests_of_answers: simab.Scenario, effect: float
) -> None:
    """By Fisher's sum over both binomial laws at the labels of its look."""
    scenario = with_effect(tests_of_answers, effect)
    expected = expected_promotion(scenario, scenario.policies["fixed horizon"])
    assert expected is not None
    assert expected.approximate
    labels = round(0.5 * 0.995 * 7500)
    both = exact_power_two_proportions(0.9, 0.9 + effect, labels, labels)
    if effect > 0:  # the other side has next to nothing
        assert expected.probability == pytest.approx(both, abs=0.005)
    else:
        assert expected.probability <= both


def test_a_capped_ratio_test_has_the_power_of_its_design(tests_of_answers: simab.Scenario) -> None:
    """At looks that ticks take a few labels late; users leave theory silent."""
    policy = CappedRatioTest(labelled_requests=1600, looks=4)
    for effect in (0.0, 0.02):
        expected = expected_promotion(with_effect(tests_of_answers, effect), policy)
        assert expected is not None
        information = 1600 / (0.9 * 0.1 + (0.9 + effect) * (0.1 - effect))
        planned = effect * information**0.5 / policy.design.drift
        assert expected.probability == pytest.approx(policy.design.power(planned), abs=0.01)
    assert expected_promotion(tests_of_answers, policy.model_copy(update={"unit": "user"})) is None


def test_what_never_looks_is_certain(tests_of_answers: simab.Scenario) -> None:
    """A schedule that promotes in time; one that ends after the horizon is not spoken of."""
    policy = tests_of_answers.policies["schedule"]
    expected = expected_promotion(tests_of_answers, policy)
    assert expected is not None
    assert (expected.probability, expected.approximate) == (1.0, False)
    short = with_changes(tests_of_answers, {"horizon": "2h"})
    assert expected_promotion(short, policy) is None


@pytest.mark.parametrize(
    "changes",
    [
        {f"{CANDIDATE}.weight": 3},
        {f"{CANDIDATE}.error_rate": "5%"},
        {f"{CANDIDATE}.queue_limit": 3},
        {f"{CANDIDATE}.latency.scale": 1000},
        {"labels.delay": {"kind": "exponential", "mean": "5min"}},
        {"labels.never": "10%"},
        {"traffic.users.labelled": False, "traffic.users.rate": "2/s"},
        {"traffic.users.targets": {"new": "10%"}},
        {"traffic.users.propensities": {"probability": {"concentration": 9}}},
        {"endpoint.variant_routing": "sticky_hash"},
        {"policies.SPRT.maximum_duration": "2h"},
        {"policies.SPRT.looks_every": "1h"},
        {"policies.SPRT.guardrails": [{"metric": "error_rate", "margin": "1%"}]},
        {"policies.SPRT.sample_ratio_alpha": 0.001},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_theory_is_silent_where_an_assumption_does_not_hold(
    tests_of_answers: simab.Scenario, changes: dict[str, Any]
) -> None:
    """Each alone, though the rule is one that theory knows."""
    assert expected_promotion(tests_of_answers, tests_of_answers.policies["SPRT"]) is not None
    try:
        scenario = with_changes(tests_of_answers, changes)
    except simab.errors.InvalidInput as refused:  # pragma: no cover - shows what is wrong here
        pytest.fail(str(refused))
    assert expected_promotion(scenario, scenario.policies["SPRT"]) is None


def test_few_answers_are_not_taken_as_normal(tests_of_answers: simab.Scenario) -> None:
    """Of a first look at 20 labels two are wrong; and a sample that comes by chance is open."""
    for rate, labels in (("0.1/s", 20), ("1/s", 10_600)):
        changes = {"policies.fixed horizon.labelled_requests": labels, "traffic.users.rate": rate}
        scenario = with_changes(tests_of_answers, changes)
        assert expected_promotion(scenario, scenario.policies["fixed horizon"]) is None
    never = with_changes(tests_of_answers, {"policies.fixed horizon.labelled_requests": 20_000})
    expected = expected_promotion(never, never.policies["fixed horizon"])
    assert expected is not None
    assert expected.probability == 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint.weight_update": "62s"},
        {"metrics.publication_delay": "45s"},
        {"controller.interval": "1min"},
        {"policies.Flagger, threshold 5.iterations": 3},
        {"policies.Flagger, threshold 5.confirm_promotion_after": "5min"},
        {"horizon": "1h"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_checks_have_a_form_only_in_windows_of_their_own(
    rollouts: simab.Scenario, changes: dict[str, Any]
) -> None:
    """Weights that move at once, metrics at once, a look a window."""
    name = "Flagger, threshold 5"
    expected = expected_promotion(rollouts, rollouts.policies[name])
    assert expected is not None
    assert not expected.approximate
    spelled = {path.replace(name, f'"{name}"'): value for path, value in changes.items()}
    scenario = with_changes(rollouts, spelled)
    assert expected_promotion(scenario, scenario.policies[name]) is None


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fixed horizon", {"traffic.users.rate": "3/s", "labels.delay.value": "20min"}),
        ("SPRT", {"controller.interval": "10min", "policies.SPRT.labelled_requests": 400}),
        ("naive peeking", {"controller.interval": "7min", "horizon": "5h"}),
        ("group sequential, Pocock", {"traffic.users.rate": "2/s"}),
        ("Bayesian, P(better) 95 %", {"labels.delay.scale": 3}),
        ("ahead after 120 labels", {"traffic.users.rate": "0.4/s"}),
    ],
)
def test_other_scenarios_end_as_theory_says(
    tests_of_answers: simab.Scenario, name: str, changes: dict[str, Any]
) -> None:
    """Played 300 times with a candidate 1 point better: within 4 standard errors and its error."""
    scenario = with_changes(with_effect(tests_of_answers, 0.01), changes)
    expected = expected_promotion(scenario, scenario.policies[name])
    assert expected is not None
    study = simab.compare(scenario, policies=[name], worlds=["described"], replications=300)
    promoted = study.result.policies[0].promotes
    spread = 4 * (expected.probability * (1 - expected.probability) / 300) ** 0.5
    assert abs(promoted.share - expected.probability) <= spread + 0.005
    assert share_interval(promoted.count, 300).low <= promoted.share


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("staged canary", "minimum_requests", 100_000),
        ("Argo, 95 %, limit 3", "max_traffic_weight", 1000),
        ("Argo, 95 %, limit 3", "steps.1.analysis.*.minimum_requests", 100_000),
        ("Flagger, threshold 5", "metrics.0.minimum_requests", 100_000),
        ("Kayenta", "metrics.0.minimum_requests", 100_000),
        ("blue/green with an alarm", "alarms.*.minimum_requests", 100_000),
    ],
    ids=str,
)
def test_checks_have_no_form_with_a_parameter_that_it_does_not_know(
    rollouts: simab.Scenario, name: str, field: str, value: Any
) -> None:
    """Such as requests below which nothing is judged: the candidate then passes unseen."""
    policy = rollouts.policies[name]
    assert expected_promotion(rollouts, policy) is not None
    assert expected_promotion(rollouts, with_field(policy, field, value)) is None


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("fixed horizon", {"interim": {"at": "50%", "gives_up_below": 0.1}}),
        ("fixed horizon", {"triggered": ["users"]}),
        ("group sequential, O'Brien-Fleming spending", {"gives_up_below": 0.1}),
        ("group sequential, O'Brien-Fleming spending", {"look_parts": ["50%", "100%"]}),
        ("group sequential, O'Brien-Fleming spending", {"look_times": ["1h", "2h"]}),
        ("always valid, mSPRT", {"method": "mixture_t"}),
        ("always valid, confidence sequence", {"method": "empirical_bernstein"}),
        ("ahead after 120 labels", {"immature": {"kind": "wait", "after": "1h"}}),
    ],
    ids=str,
)
def test_answers_have_no_theory_with_a_parameter_that_it_does_not_know(
    tests_of_answers: simab.Scenario, name: str, fields: dict[str, Any]
) -> None:
    """A look on the way, other looks, another method, other labels."""
    policy = tests_of_answers.policies[name]
    assert expected_promotion(tests_of_answers, policy) is not None
    written = json.loads(policy.model_dump_json(exclude_defaults=True)) | fields
    changed = type(policy).model_validate(written)
    assert expected_promotion(tests_of_answers, changed) is None


def with_field(policy: Any, path: str, value: Any) -> Any:
    """The policy with a field at a path, read again; `*` is whatever key comes first."""
    written = json.loads(policy.model_dump_json(exclude_defaults=True))
    here: Any = written
    *parts, last = path.split(".")
    for part in parts:
        key = next(iter(here)) if part == "*" else int(part) if part.isdigit() else part
        here = here[key]
    here[last] = value
    return type(policy).model_validate(written)
