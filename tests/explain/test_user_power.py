"""What is said of the power of tests over users, against closed forms and against runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import simab
from simab.explain.explanation import explain
from simab.explain.users import effect_of_users
from simab.scenario.models import Scenario
from simab.stats.proportions import power_two_proportions

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "users_who_differ.yaml"


def users(**changes: Any) -> Scenario:
    """The shipped scenario, whose candidate is better by what matters."""
    fields = simab.load(FILE).model_dump(mode="json")
    fields["objective"]["smallest_effect"] = 0.05
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = fields
        for parent in parents:
            place = place[parent]
        place[last] = value
    return Scenario.model_validate(fields)


def said_of(scenario: Scenario, name: str) -> list[str]:
    """Sentences of how good one policy's test is."""
    return [each for each in explain(scenario).sentences if each.startswith(f"“{name}” tests once")]


def test_a_test_by_user_has_the_power_of_fewer_requests() -> None:
    """2,000 of each over the design effect of 4,000."""
    scenario = users()
    effect = effect_of_users(scenario, 4000)
    (said,) = said_of(scenario, "by_user")
    worth = round(2000 / effect)
    power = power_two_proportions(0.2, 0.25, worth, worth)
    assert f"as much as {float(f'{2000 / effect:.2g}'):g} independent ones" in said
    assert f"(design effect {float(f'{effect:.2g}'):g})" in said
    assert f"probability about {power:.2f}" in said


def test_of_requests_that_are_drawn_each_for_itself_users_take_nothing() -> None:
    """The users' part of the variance is in both variants alike; a pre-period takes some of it."""
    scenario = users(endpoint__variant_routing="weighted_random")
    (said,) = said_of(scenario, "by_user")
    power = power_two_proportions(0.2, 0.25, 2000, 2000)
    assert "as much as 2,000 independent ones; " in said
    assert f"probability about {power:.2f}" in said
    (said,) = said_of(scenario, "adjusted_by_request")
    assert "as much as 2,100 independent ones" in said


@pytest.mark.parametrize(
    "name", ["by_request", "by_users_mean", "adjusted_by_request", "adjusted_by_users_mean"]
)
def test_nothing_is_said_of_tests_that_err_and_of_means_over_users(name: str) -> None:
    """A warning says how often a test by request errs; of means no closed form is used."""
    assert not [each for each in said_of(users(), name) if "independent ones" in each]


def test_it_says_that_the_labels_do_not_come_after_the_pre_period() -> None:
    """4,800 an hour in 90 min, of which one has been served by the control alone."""
    (said,) = said_of(users(horizon="90min"), "adjusted_by_user")
    assert "which do not come before the horizon" in said


@pytest.mark.long
def test_runs_find_as_much_as_is_said() -> None:
    """250 runs of the test by user, and of the adjusted one: within 3.9 errors, and .05.

    The last for what the looks of every 5 min have more than 2,000 labels, and for Student's t.
    """
    scenario = users()
    names = ["by_user", "adjusted_by_user"]
    study = simab.compare(scenario, policies=names, worlds=["described"], replications=250, seed=5)
    for name in names:
        (said,) = said_of(scenario, name)
        expected = float(said.rsplit(" ", 1)[1].rstrip("."))
        own = study.outcomes[study.outcomes.policy == name]
        found = float((own.decided_for == "new").mean())
        band = 3.9 * math.sqrt(expected * (1 - expected) / 250) + 0.05
        assert found == pytest.approx(expected, abs=band)


@pytest.mark.long
def test_an_adjusted_test_by_request_errs_as_the_warning_says() -> None:
    """400 runs of equal pages: about 7 %, by theta and variance of requests."""
    scenario = users()
    said = [each for each in explain(scenario).warnings if each.startswith("“adjusted_by_request")]
    expected = float(said[0].split("better in ")[1].split()[0]) / 100
    study = simab.compare(
        scenario, policies=["adjusted_by_request"], worlds=["equal"], replications=400, seed=6
    )
    found = float((study.outcomes.decided_for == "new").mean())
    assert found == pytest.approx(expected, abs=3.9 * math.sqrt(expected * (1 - expected) / 400))
    assert 0.05 < expected < 0.1


def test_no_probability_is_stated_of_requests_that_routing_keeps_together() -> None:
    """At a design effect of 4.5 the formula of independent requests says 64 %, and 81 % promote."""
    (said,) = said_of(users(), "by_request")
    assert said.endswith(
        "; it takes for independent what routing keeps together, which a warning tells of, and so "
        "no probability is stated."
    )
    (said,) = said_of(users(endpoint__variant_routing="weighted_random"), "by_request")
    power = power_two_proportions(0.2, 0.25, 2000, 2000)
    assert said.endswith(f"would see that smallest difference with probability {power:.2f}.")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("carry_over", "clients carry over what they met"),
        ("opt_outs", "clients leave after bad answers"),
    ],
)
def test_no_probability_is_stated_where_clients_remember(name: str, why: str) -> None:
    """Of carry-over the formula says 90 %, where half of the difference is found in 40 %."""
    scenario = simab.load(FILE.parent / "what_breaks" / f"{name}.yaml")
    said = [each for each in explain(scenario).sentences if "tests once, at" in each]
    assert said
    assert all(f"; {why}, which a warning tells of" in each for each in said)
    assert not any("with probability" in each for each in said)
