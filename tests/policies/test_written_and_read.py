"""What a policy writes of itself is what a study reads: with every field that may be left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simab.policies.experiments.unit import UnitOfAnalysis
from simab.policies.policy import Policy
from simab.policies.rollouts.staged_release import StagedRelease
from tests.policies.test_purity import POLICIES

# For each field that is not written where it is absent, some values with what they need beside.
GIVEN: dict[str, list[dict[str, Any]]] = {
    "assuming": [{"assuming": "uncertain", "gives_up_below": 0.1}],
    "baseline": [{"baseline": "twin"}],
    "cap": [{"cap": 40.0}],
    "cap_percentile": [{"cap_percentile": 99.0}],
    "correction": [{"correction": "none"}],
    "drops_below": [{"drops_below": 0.0}],
    "duration": [{"duration": "1h", "labelled_requests": None}],
    "gives_up_below": [{"gives_up_below": 0.1}],
    "immature": [{"immature": {"kind": "wait", "after": "1h"}}],
    "interim": [
        {"interim": {"at": "50%", "gives_up_below": 0.1}},
        {"interim": {"at": "50%", "gives_up_below": 0.1, "assuming": "plan", "largest": 5000}},
        {
            "interim": {"at": "50%", "largest": 50_000, "enlarges_by": "variance"},
            "labelled_requests": None,
            "baseline": "50%",
            "effect": 0.05,
        },
    ],
    "labelled_requests": [{"labelled_requests": 50, "duration": None}],
    "look_parts": [{"look_parts": ["20%", "100%"], "boundary": "pocock_spending"}],
    "look_times": [{"look_times": ["1h", "3h"], "boundary": "obrien_fleming_spending"}],
    "max_traffic_weight": [{"max_traffic_weight": 1000, "traffic_routing": True}],
    "minimum_requests": [{"minimum_requests": 50}],
    "pre_period": [{"pre_period": "1h"}],
    "ranks": [{"ranks": True, "unit": "user_mean"}],
    "sample_ratio_alpha": [{"sample_ratio_alpha": 0.001}],
    "transform": [{"transform": "log1p"}],
    "triggered": [{"triggered": ["users"]}],
    "unit": [{"unit": unit} for unit in ("session", "user", "user_mean", "user_total")],
}


def kind_of(policy: Any) -> str:
    return str(policy.kind)


def given(policy: Any, name: str) -> list[dict[str, Any]]:
    """Fields that give it a value; rollouts have no means of users, and releases watch labels."""
    if name == "unit" and not isinstance(policy, UnitOfAnalysis):
        watched = {"metrics": [{"metric": "reward"}]} if isinstance(policy, StagedRelease) else {}
        return [{"unit": unit} | watched for unit in ("session", "user")]
    return GIVEN[name]


# What a kind needs beside a field, where others do not.
BESIDE = {("sequential_alerts", "baseline"): {"stages": [{"share": "20%", "lasts": "1min"}]}}
# The SPRT takes each labelled request for a draw of its own, and refuses units and treatments.
REFUSED = {("sprt", field) for field in UnitOfAnalysis.model_fields} - {("sprt", "kind")}
CASES = [
    pytest.param(
        policy,
        name,
        fields | BESIDE.get((kind_of(policy), name), {}),
        id=f"{kind_of(policy)}-{name}-{place}",
    )
    for policy in POLICIES
    for name, field in type(policy).model_fields.items()
    if field.exclude_if is not None and (kind_of(policy), name) not in REFUSED
    for place, fields in enumerate(given(policy, name))
]


@pytest.mark.parametrize(("policy", "name", "fields"), CASES)
def test_a_policy_with_a_field_is_read_as_it_was_written(
    policy: Policy, name: str, fields: dict[str, Any]
) -> None:
    """Through JSON, where the defaults of the others stand beside it."""
    kind, written = type(policy), policy.model_dump(mode="json") | fields
    given = kind.model_validate({key: each for key, each in written.items() if each is not None})
    text = given.model_dump_json()
    assert name in json.loads(text)
    for again in (kind.model_validate_json(text), kind.model_validate(json.loads(text))):
        assert again == given
        assert again.model_dump_json() == text
