"""Faulty scenario data as models: what is well formed is there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simab.documents.violations import Violation
from simab.policies.bandits.thompson import Thompson
from simab.scenario import rules
from simab.scenario.partial import partial_scenario, until_unread
from simab.scenario.parts import UncheckedScenario

VARIANT = {
    "latency": {"kind": "constant", "value": "20ms"},
    "quality": {"kind": "success", "probability": "90%"},
}


def faulty(**parts: Any) -> UncheckedScenario:
    """A scenario of two variants that says nothing else, but for the parts given."""
    return partial_scenario({"endpoint": {"variants": {"a": VARIANT, "b": VARIANT}}} | parts)


def test_what_is_well_formed_is_read_as_in_a_valid_scenario() -> None:
    """Values in their units, defaults where the file is silent, whatever is wrong beside them."""
    scenario = faulty(
        endpoint={"variants": {"a": VARIANT | {"workers": 0, "error_rate": "5%"}}, "tpyo": 1},
        metrics={"period": "90s", "publication_delay": -1},
    )
    assert scenario.endpoint.variants["a"].error_rate == 0.05
    assert scenario.endpoint.variants["a"].instances == 1
    assert scenario.endpoint.weight_update == 62_000_000_000
    assert scenario.metrics.period == 90_000_000_000
    assert scenario.controller.interval == 60_000_000_000


@pytest.mark.parametrize("field", ["workers", "quality"])
def test_a_faulty_or_missing_field_is_no_attribute(field: str) -> None:
    """Not even with its default: a rule must not judge a value that nobody wrote."""
    scenario = faulty(endpoint={"variants": {"a": {"workers": "many"}}})
    with pytest.raises(AttributeError):
        getattr(scenario.endpoint.variants["a"], field)


def test_a_faulty_entry_keeps_its_place_and_cannot_be_used() -> None:
    """The entries after it have the paths that they have in the file."""
    bandit = {"kind": "thompson", "update_every": "1h", "arms": ["a", 5, "c"]}
    policy = faulty(policies={"bandit": bandit}).policies["bandit"]
    assert isinstance(policy, Thompson)
    assert (policy.arms[0], policy.arms[2]) == ("a", "c")
    for use in (str, bool, hash, lambda arm: arm == "a", lambda arm: arm in {"a"}, lambda a: a.b):
        with pytest.raises(AttributeError):
            use(policy.arms[1])


def test_a_faulty_part_hides_no_breach_by_another() -> None:
    """Of two bandits the one with an unknown kind is silent, of the arms the one that is none."""
    arms = ["a", 5, "c"]
    scenario = faulty(
        policies={
            "odd": {"kind": "tomphson", "arms": ["x"]},
            "bandit": {"kind": "thompson", "update_every": "never", "arms": arms},
        }
    )
    found = [(each.path, each.rule) for each in rules.violations(scenario)]
    assert found == [(("policies", "bandit", "arms", 2), "names no variant")]


def test_a_distribution_is_there_as_a_whole_or_not_at_all() -> None:
    """Its quantiles are worked out of all its fields."""
    delay = {"kind": "lognormal", "median": "40ms", "p99": "20ms"}
    with pytest.raises(AttributeError):
        _ = faulty(labels={"delay": delay, "never": "1%"}).labels.delay


def test_a_slip_in_a_rule_is_no_silence() -> None:
    """Only what the file has wrong ends a rule without a word."""

    def slip(scenario: UncheckedScenario) -> Iterator[Violation]:
        yield Violation((), scenario.endpoint.tpyo, "")  # type: ignore[attr-defined]

    def asks_too_much(scenario: UncheckedScenario) -> Iterator[Violation]:
        yield Violation((), "first", "")
        yield Violation((), scenario.title, "")

    assert [each.rule for each in until_unread(asks_too_much(faulty()))] == ["first"]
    with pytest.raises(AttributeError, match="tpyo"):
        list(until_unread(slip(faulty())))
