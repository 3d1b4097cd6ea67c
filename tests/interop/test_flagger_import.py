"""Flagger's files as policies: what is read, noted and refused, and how the rollouts then go."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.errors import InvalidFiles, InvalidInput
from simab.interop.flagger import imported
from simab.policies.flagger.analysis import FlaggerAnalysis
from tests.interop.scripted_tables import HEALTHY, assert_golden, flagger_table, serving

FILES = Path(__file__).parent / "files" / "flagger"
REAL = "flagger/linkerd-canary-steps.yaml"
CRASHING = serving(2)
LATE = serving(slower=20.0)


def own() -> FlaggerAnalysis:
    policy = imported([FILES / "canary.yaml"], FILES / "table.yaml").policy
    assert isinstance(policy, FlaggerAnalysis)
    return policy


def test_a_canary_becomes_a_policy() -> None:
    """Every field, in simab's spelling, with the metrics of templates as the table says."""
    assert own() == FlaggerAnalysis.model_validate(
        {
            "interval": "30s",
            "threshold": 2,
            "max_weight": 50,
            "step_weight": 25,
            "step_weight_promotion": 50,
            "metrics": [
                {
                    "name": "wrong-answers",
                    "measures": "error_rate",
                    "scale": 100,
                    "threshold_range": {"max": 10},
                    "interval": "1min",
                },
                {
                    "name": "request-success-rate",
                    "threshold_range": {"min": 99},
                    "interval": "30s",
                },
                {"name": "request-duration", "threshold_range": {"max": 500}, "interval": "30s"},
            ],
        }
    )


def test_it_keeps_its_name_and_says_what_it_leaves_out() -> None:
    """In the order of the file, each with its line."""
    found = imported([FILES / "canary.yaml"], FILES / "table.yaml")
    assert found.name == "recommender"
    notes = [(note.place.line, note.field, note.reason) for note in found.notes]
    assert notes == [
        (
            9,
            "spec.progressDeadlineSeconds",
            "is not carried over: a candidate that is not ready by then is rolled back, and here "
            "it is always ready after the scenario's provisioning",
        ),
        (
            12,
            "spec.analysis.interval",
            "needs controller.interval and metrics.period of 30s, or that divide it",
        ),
        (
            18,
            "spec.analysis.metrics[0]",
            "reads 1min at every check, so 2 checks on end share requests",
        ),
        (
            29,
            "spec.analysis.webhooks[0]",
            "is taken to succeed; if it failed, that would be a failed check",
        ),
        (
            30,
            "spec.analysis.webhooks[1]",
            "is taken to succeed; describe the requests of a load test as a segment",
        ),
        (
            31,
            "spec.analysis.webhooks[2]",
            "is taken to approve at once; set confirm_promotion_after to wait",
        ),
        (32, "spec.analysis.webhooks[3]", "only notifies others and decides nothing"),
    ]


def test_the_table_may_name_the_metric_its_template_or_the_whole_query(tmp_path: Path) -> None:
    """Spaces and line breaks of a query do not matter."""
    query = (
        'sum(rate(answers_total{verdict=\\"wrong\\"}[{{ interval }}])) '
        "/ sum(rate(answers_total[{{ interval }}])) * 100"
    )
    for name in ("wrong-answers", "answers", query):
        table = tmp_path / "table.yaml"
        table.write_text(f'metrics: {{"{name}": {{metric: error_rate, scale: 100}}}}', "utf-8")
        assert imported([FILES / "canary.yaml"], table).policy == own()


def test_a_canary_without_a_mesh_iterates() -> None:
    """Ten checks; what Flagger replaces by its own least values is noted."""
    found = imported([FILES / "blue_green.yaml"])
    assert found.policy == FlaggerAnalysis.model_validate(
        {
            "interval": "10s",
            "iterations": 10,
            "router": False,
            "metrics": [
                {
                    "name": "request-success-rate",
                    "threshold_range": {"min": 99},
                    "interval": "90s",
                }
            ],
        }
    )
    reasons = " ".join(note.reason for note in found.notes)
    for words in ("shorter than 10s", "below 1", "10 iterations", "9 checks on end"):
        assert words in reasons


def test_without_an_analysis_it_is_skipped(tmp_path: Path) -> None:
    """As Flagger does."""
    file = tmp_path / "canary.yaml"
    file.write_text("kind: Canary\nspec: {targetRef: {name: a}}\n", "utf-8")
    found = imported([file])
    assert found.policy == FlaggerAnalysis(skip_analysis=True)
    assert found.name == "flagger"


def test_copies_and_cookies_are_taken_over(tmp_path: Path) -> None:
    """With their share and their age; a cookie's name is of no account."""
    file = tmp_path / "canary.yaml"
    file.write_text(
        "kind: Canary\nspec: {analysis: {stepWeight: 10, mirror: true, mirrorWeight: 30,\n"
        "  sessionAffinity: {cookieName: c, maxAge: 3600}}}\n",
        "utf-8",
    )
    assert imported([file]).policy == FlaggerAnalysis(
        step_weight=10,
        mirror=True,
        mirror_weight=30,
        session_affinity=True,
        cookie_max_age="1h",
    )


def test_everything_that_cannot_be_played_is_told_at_once() -> None:
    """With line, rule and remedy."""
    with pytest.raises(InvalidFiles) as refused:
        imported([FILES / "refused.yaml"])
    told = [(problem.line, problem.field, problem.rule) for _, problem in refused.value.problems]
    assert told == [
        (5, "spec.analysis.interval", "must be a duration"),
        (
            8,
            "spec.analysis.sessionAffinity.primaryCookieName",
            "keeps users of the primary by a cookie of their own, which is not simulated",
        ),
        (
            9,
            "spec.analysis.match",
            "without iterations applies the weights to matching requests only",
        ),
        (11, "spec.analysis.metrics[0]", "is a query that simab cannot run"),
    ]
    assert "--map" in str(refused.value)


def test_what_the_policy_refuses_is_told_at_its_place(tmp_path: Path) -> None:
    """A range in which nothing lies, at the metric that has it."""
    file = tmp_path / "canary.yaml"
    file.write_text(
        "kind: Canary\nspec:\n  analysis:\n    stepWeight: 5\n    metrics:\n"
        "    - {name: request-success-rate, thresholdRange: {min: 101, max: 5}}\n",
        "utf-8",
    )
    with pytest.raises(InvalidFiles) as refused:
        imported([file])
    assert str(refused.value) == (
        f"{file}:6:7: spec.analysis.metrics[0]: min is above max, so that nothing passes. "
        "Exchange them."
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("kind: Rollout\n", "holds no Canary"),
        ("kind: Canary\nspec: {}\n---\nkind: Canary\n", "second Canary"),
        ("", "empty"),
        ("kind: Canary\n", "spec: required"),
    ],
)
def test_files_without_exactly_one_canary_are_refused(tmp_path: Path, text: str, rule: str) -> None:
    """With the place."""
    file = tmp_path / "canary.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=rule):
        imported([file])


def test_its_rollouts_go_tick_by_tick_as_written_down() -> None:
    """A candidate that keeps the limits, one that fails 5 % of requests, one too slow."""
    assert_golden("flagger-own-healthy", flagger_table(own(), HEALTHY, 9))
    assert_golden("flagger-own-broken", flagger_table(own(), CRASHING, 7))
    assert_golden("flagger-own-slow", flagger_table(own(), LATE, 7))


def test_a_real_canary_goes_tick_by_tick_as_written_down(shared: Path) -> None:
    """Eleven steps and a minute read every 15 s: n + 3 ticks, or ten failures and one more."""
    policy = imported([shared / "configs" / REAL]).policy
    assert isinstance(policy, FlaggerAnalysis)
    assert_golden("flagger-linkerd-healthy", flagger_table(policy, HEALTHY, 16))
    assert_golden("flagger-linkerd-broken", flagger_table(policy, CRASHING, 14))


def test_one_bad_quarter_of_a_minute_fails_four_checks_of_a_real_canary(shared: Path) -> None:
    """Two failed requests in one window of 15 s are seen for a whole minute."""
    policy = imported([shared / "configs" / REAL]).policy
    assert isinstance(policy, FlaggerAnalysis)
    hiccup = serving(lambda window: 2 if window == 5 else 0)
    table = flagger_table(policy, hiccup, 20)
    assert_golden("flagger-linkerd-hiccup", table)
    assert table.count("< 99") == 4
