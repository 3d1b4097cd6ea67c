"""The reference of kinds: what it says agrees with what a file may hold."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from simab.policies import PolicyDescription
from simab.policies.actions import Action
from simab.policies.policy import Policy
from simab.scenario import json_schema
from simab.scenario.reference import TOPICS, Entry, Parameter, Topic, entries

POLICIES: tuple[type[Policy], ...] = get_args(get_args(PolicyDescription)[0])


def kind(topic: Topic, name: str) -> Entry:
    return next(entry for entry in entries(topic) if entry.kind == name)


def parameter(topic: Topic, name: str, field: str) -> Parameter:
    return next(each for each in kind(topic, name).parameters if each.name == field)


def test_every_policy_has_a_rule_a_source_and_when_it_misleads() -> None:
    """All that a file can name, in the order of the catalogue."""
    found = entries("policy")
    kinds = [each.model_fields["kind"].default for each in POLICIES]
    assert [entry.kind for entry in found] == kinds
    for entry in found:
        assert entry.rule
        assert entry.source
        assert entry.misleads.startswith("It misleads ")
        assert "Source:" not in " ".join([*entry.rule, entry.misleads]), entry.kind


def test_text_after_the_source_belongs_to_the_rule_again() -> None:
    """Flagger's source ends its paragraph; the next one goes on with what it does."""
    flagger = kind("policy", "flagger")
    assert flagger.source == "fluxcd/flagger@15bd6ad5, pkg/controller/scheduler.go."
    assert len(flagger.rule) == 3
    assert flagger.rule[2].startswith("Flagger gives the primary the new version")


@pytest.mark.parametrize(
    ("topic", "name", "field", "values", "default"),
    [
        ("policy", "staged_canary", "bake", "a duration such as 62s, above 0", ""),
        (
            "policy", "staged_canary", "stages",
            "a list, each a share such as 0.05 or 5%, above 0 and below 1", "[0.05, 0.25, 0.5]",
        ),
        ("policy", "staged_canary", "alarms", "a list, each ErrorRateLimit or LatencyLimit", ""),
        ("policy", "flagger", "interval", "a duration such as 62s, at least 10s", "1min"),
        ("policy", "flagger", "mirror", "true or false", "false"),
        ("policy", "fixed_horizon", "inconclusive", "keep or ship", "keep"),
        ("policy", "fixed_horizon", "labelled_requests", "a whole number, at least 1", "absent"),
        ("policy", "blue_green", "traffic", "TrafficShift", "as of TrafficShift"),
        ("policy", "safe_rollout", "tight_at", "a whole number, at least 1", "5000"),
        (
            "policy", "thompson", "prior_failures",
            "a number, above 0 and at most 1,000,000,000", "1",
        ),
        ("profile", "lognormal", "median", "a duration such as 62s, above 0", "absent"),
        ("profile", "classifier", "positive_scores", "{kind: beta} or {kind: quantiles}", ""),
        ("profile", "success", "probability", "a share such as 0.05 or 5%", ""),
        ("action", "AddVariant", "weight", "float", "0.0"),
    ],
)  # fmt: skip
def test_values_and_defaults_are_in_the_units_of_a_file(
    topic: Topic, name: str, field: str, values: str, default: str
) -> None:
    """Read off the classes by hand: durations, shares, bounds, lists, names of fields."""
    found = parameter(topic, name, field)
    assert (found.values, found.default) == (values, default)


def test_what_is_required_is_what_the_schema_requires() -> None:
    """The same fields, and the same that have no default."""
    definitions = json_schema()["$defs"]
    for entry, policy in zip(entries("policy"), POLICIES, strict=True):
        schema = definitions[policy.__name__]
        fields = {each.name: each for each in entry.parameters}
        assert set(fields) == set(schema["properties"]) - {"kind"}
        required = {name for name, each in fields.items() if not each.default}
        assert required == set(schema["required"]) - {"kind"}


@pytest.mark.parametrize("topic", ["policy", "profile"])
def test_every_field_has_a_text_and_no_value_is_python(topic: Topic) -> None:
    """Neither types of Python nor nanoseconds are shown; parts are those that values name."""
    for entry in entries(topic):
        named = {part.name for part in entry.parts}
        every = [*entry.parameters, *(each for part in entry.parts for each in part.parameters)]
        for each in every:
            assert each.text, f"{entry.kind}.{each.name}"
            assert not re.search(r"Annotated|Literal|typing|class|None|000,000,000,", each.values)
        mentioned = set(re.findall(r"\b[A-Z][a-z]+\w+", " ".join(each.values for each in every)))
        assert named <= mentioned


def test_every_action_is_listed() -> None:
    """Each that a policy can return, and Promote has no parts."""
    assert {entry.kind for entry in entries("action")} == {
        each.__name__ for each in Action.__subclasses__()
    }
    assert kind("action", "Promote").parts == ()
    weights = kind("action", "SetWeights")
    assert [part.name for part in weights.parts] == ["SessionAffinity", "Mirror"]


def test_a_summary_is_one_sentence() -> None:
    for topic in TOPICS:
        for entry in entries(topic):
            assert entry.summary[-1] in ".!?", entry.kind
