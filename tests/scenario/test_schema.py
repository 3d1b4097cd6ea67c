"""The JSON Schema: what editors accept is what simab reads, as far as a schema can say it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from simab.scenario import json_schema
from simab.scenario.reading import read
from simab.scenario.starter import starter_text
from tests.strategies import scenario_data

HERE = Path(__file__).parent
SHIPPED = sorted((HERE.parents[1] / "scenarios").glob("*.yaml"))

# What only simab can see: a schema has no rules across fields, no aliases, no duplicate keys.
BEYOND_A_SCHEMA = {
    "affinity_missing", "affinity_of_no_use", "routers", "too_many_kept_clients",
    "costs_and_rewards", "latency_by_labels", "latency_effect_in_percent", "logarithms_of_losses",
    "shadow_of_itself", "prior_beyond_a_share", "weight_above_all_traffic", "baseline",
    "copies_to_shared_instances", "sessions_missing",
    "all_weights_zero", "always_valid_methods", "always_valid_of_f1", "caps_and_assumptions",
    "arms_name_missing_variant", "arms_not_deployed", "control_is_candidate",
    "candidate_not_among", "candidate_twice",
    "control_not_deployed", "direction_of_a_metric", "duplicate_keys",
    "effects_of_one", "eleven_deployed",
    "half_a_lognormal", "horizon_too_short", "huge_effect", "label_buckets",
    "labels_from_two_sources",
    "merge_key", "metric_needs_labels", "nothing_deployed", "one_role_without_labels",
    "policy_names_missing_variant", "positive_share_missing", "quantiles_without_ends",
    "rate_too_small", "rewards", "rewards_and_answers", "roles_not_described", "rows_differ",
    "rules_of_another_metric", "ship_decisions_by_others", "spread_too_far", "steps",
    "targets", "too_many_requests", "too_many_runs", "too_many_windows",
    "dates", "too_much_memory", "trace_and_rate", "trace_cells", "trace_content", "trace_sizes",
    "unknown_column", "unknown_table",
    "usual_metrics_need_labels", "no_world_left", "sessions_left", "units_of_analysis",
    "users_of_requests", "weightless_worlds",
    "world_changes", "world_titles",
    "effect_in_percent", "effect_of_columns", "arrivals", "never_happens", "points_alone",
    "trace_columns", "timeline", "labels_by_outcome", "weights_undeployed",
    "factors_of_rewards", "factors_of_successes", "shared_instances",
    "labels_of_rewards", "propensities_of_rewards", "carry_over_of_rows", "carry_over_of_kinds",
    "carry_over_of_rewards", "opt_out_unlabelled",
}  # fmt: skip
# What is not YAML, or holds nothing: there is no data for a schema to judge.
WITHOUT_DATA = {
    "alias_bomb", "alias_of_itself", "bracket_left_open", "colon_in_text", "control_character",
    "empty", "indentation", "nested_too_deeply", "not_utf_8", "only_a_comment", "tab",
    "two_documents", "undefined_alias",
}  # fmt: skip
MALFORMED = sorted((HERE / "malformed").glob("*.yaml"))


@cache
def schema() -> dict[str, Any]:
    return json_schema()


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def errors(data: object) -> list[str]:
    return [error.message for error in validator().iter_errors(data)]


def test_it_is_a_schema_of_the_dialect_it_names() -> None:
    """The schema names JSON Schema 2020-12 and is valid by it."""
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_fit(path: Path) -> None:
    """Every scenario in scenarios/ fits the schema."""
    assert errors(read(path.read_text(encoding="utf-8"), path.name).data) == []


def test_the_starter_fits() -> None:
    """The scenario of `simab init` fits the schema."""
    assert errors(read(starter_text(), "starter").data) == []


@given(scenario_data())
def test_every_valid_scenario_fits(data: dict[str, Any]) -> None:
    """The schema refuses nothing that simab accepts."""
    assert errors(data) == []


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_malformed_scenarios_do_not_fit(path: Path) -> None:
    """The schema finds what is wrong in single fields, and only that."""
    try:
        data = read(path.read_text(encoding="utf-8"), path.name).data
    except ValueError:
        assert path.stem in WITHOUT_DATA
    else:
        assert path.stem not in WITHOUT_DATA
        assert bool(errors(data)) is (path.stem not in BEYOND_A_SCHEMA)


def test_every_field_says_what_it_is() -> None:
    """Editors show a sentence for every field but the tags, and for every part."""
    for name, model in {"Scenario": schema(), **schema()["$defs"]}.items():
        assert model["description"], name
        for field, described in model["properties"].items():
            if "const" not in described:
                assert described.get("description"), f"{name}.{field}"


def test_defaults_read_as_people_write_them() -> None:
    """A default duration is shown as text with a unit, not as a number of nanoseconds."""
    assert schema()["$defs"]["Endpoint"]["properties"]["weight_update"]["default"] == "62s"
    assert "default" not in schema()["properties"]["labels"]


def test_a_file_must_say_which_kind() -> None:
    """The tag that chooses a family of distributions is required in a file."""
    assert "kind" in schema()["$defs"]["Lognormal"]["required"]
    assert "kind" in schema()["$defs"]["StagedCanary"]["required"]
