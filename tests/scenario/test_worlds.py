"""The worlds of a study: what is true in each, and which a file changes, adds or leaves out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given

from simab.analyse import truth_of_scenario
from simab.errors import InvalidInput
from simab.policies.metrics import OF_REQUESTS
from simab.profiles.quality import JointOutcomes
from simab.result.columns import COLUMNS
from simab.result.quantities import QUANTITIES
from simab.result.run_summary import Judgement
from simab.scenario import Scenario, Variant, World, load, loads, worlds_of
from simab.scenario.played import NOT_PLAYED, played_data
from simab.scenario.requirements import ErrorRequirement, HarmRequirement, Requirement
from tests.effort import examples
from tests.scenario.world_facts import discordance, effect_of, joint_scenario, truth_by_variant
from tests.strategies import scenarios

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
MODEL = {"quality", "latency", "error_rate"}
CAPACITY = {
    "weight", "instances", "workers", "queue_limit", "instance_routing", "deployed",
    "cost_per_request", "cost_per_instance_hour", "autoscaling", "instances_of",
}  # fmt: skip


def worlds(scenario: Scenario, **described: Any) -> dict[str, World]:
    """By name, of a scenario with other settings of worlds."""
    data = scenario.model_dump(mode="json") | {"worlds": described}
    return {world.name: world for world in worlds_of(Scenario.model_validate(data))}


@pytest.fixture
def minimal() -> Scenario:
    return load(SHIPPED / "minimal.yaml")


def test_every_study_has_four_worlds_and_a_slow_one_where_latency_is_read(
    minimal: Scenario,
) -> None:
    """The canary of the minimal scenario has an alarm on latency; churn reads labels and errors."""
    assert list(worlds(minimal)) == ["described", "equal", "exchanged", "broken", "slow"]
    churn = load(SHIPPED / "churn.yaml")
    assert list(worlds(churn)) == ["described", "equal", "exchanged", "broken"]


def test_every_field_of_a_variant_is_of_the_model_or_of_its_capacity() -> None:
    """A new one has to be decided upon: does it change places with the model, or stay?"""
    assert set(Variant.model_fields) == MODEL | CAPACITY


def test_a_guardrail_on_latency_is_reason_for_a_slow_world() -> None:
    """And so is a policy of one's own, of which nobody knows what it reads."""
    churn = load(SHIPPED / "churn.yaml")
    data = churn.model_dump(mode="json")
    data["objective"]["guardrails"] = [{"metric": "latency_p99", "at_most": "1s"}]
    assert "slow" in worlds(Scenario.model_validate(data))

    class Own:
        def decide(self, state: object, observation: object) -> tuple[list[object], None]:
            return [], None

    assert "slow" in [world.name for world in worlds_of(churn, {"own": Own()})]
    blind = {"majority": churn.policies["most metrics after 120 rows"]}
    assert "slow" not in [world.name for world in worlds_of(churn, blind)]


def test_a_policy_of_ones_own_makes_no_file_with_weights_invalid() -> None:
    """It brings in the slow world, which the file could not weigh: it is held to be unlikely."""
    data = load(SHIPPED / "churn.yaml").model_dump(mode="json")
    names = ("described", "equal", "exchanged", "broken")
    churn = Scenario.model_validate(data | {"worlds": {name: {"weight": 1} for name in names}})

    class Own:
        def decide(self, state: object, observation: object) -> tuple[list[object], None]:
            return [], None

    weights = {world.name: world.weight for world in worlds_of(churn, {"own": Own()})}
    assert weights == dict.fromkeys(names, 1.0) | {"slow": 0.0}


@pytest.mark.long
@examples(1 / 6)
@given(scenarios(max_requests=20, max_variants=4))
def test_what_each_world_changes_and_nothing_else(scenario: Scenario) -> None:
    """For every kind of quality, latency and capacity: quality, latency and errors as they say."""
    objective = scenario.objective
    control, candidate = objective.control, objective.candidate
    before = scenario.endpoint.variants
    truth = truth_by_variant(scenario)
    for world in worlds_of(scenario):
        after, now = world.scenario.endpoint.variants, truth_by_variant(world.scenario)
        assert list(after) == list(before)
        for name, variant in after.items():
            if objective.metric not in OF_REQUESTS or name not in (control, candidate):
                for field in CAPACITY:
                    assert getattr(variant, field) == getattr(before[name], field)
            if name not in (control, candidate):
                assert (variant.latency, variant.error_rate) == (
                    before[name].latency,
                    before[name].error_rate,
                )
                metric = now[name].metric(objective.metric)
                own = truth[name].metric(objective.metric)
                assert metric == pytest.approx(own, abs=1e-12, nan_ok=True)
        for field in ("traffic", "labels", "metrics", "controller", "horizon", "policies", "study"):
            assert getattr(world.scenario, field) == getattr(scenario, field)
        assert (world.scenario.worlds, world.scenario.requirements) == ({}, ())
        assert world.title
        assert world.made.endswith(".")
        if world.name == "equal":
            _assert_equal(world.scenario, before[control].latency)
        if world.name == "exchanged":
            _assert_exchanged(scenario, world.scenario)
        if world.name == "broken":
            assert after[candidate].error_rate == max(0.3, before[candidate].error_rate)
            assert after[candidate].latency == before[candidate].latency
        if world.name == "slow":
            assert after[candidate].latency.scale == 3 * before[candidate].latency.scale
        if world.name in ("broken", "slow"):
            assert {name: each.quality for name, each in after.items()} == (
                {name: each.quality for name, each in before.items()}
            )


def _assert_equal(scenario: Scenario, latency: object) -> None:
    """No metric tells the two apart, not by the last bit."""
    objective = scenario.objective
    one, other = (
        scenario.endpoint.variants[each] for each in (objective.control, objective.candidate)
    )
    assert one.latency == other.latency == latency
    assert one.error_rate == other.error_rate
    truth = truth_by_variant(scenario)
    # By their text: NaN, where a metric is not defined, is not a number and equal to none.
    assert repr(truth[objective.control]) == repr(truth[objective.candidate])


def _assert_exchanged(before: Scenario, after: Scenario) -> None:
    objective = before.objective
    control, candidate = objective.control, objective.candidate
    for one, other in ((control, candidate), (candidate, control)):
        old, new = before.endpoint.variants[one], after.endpoint.variants[other]
        assert (old.quality, old.latency, old.error_rate) == (
            new.quality,
            new.latency,
            new.error_rate,
        )
    difference, exchanged = effect_of(before), effect_of(after)
    assert exchanged == -difference or difference != difference


@examples(1 / 6)
@given(scenarios(max_requests=20, max_variants=3))
def test_columns_of_a_table_are_answered_differently_as_often_in_all_worlds(
    scenario: Scenario,
) -> None:
    """Exactly, label by label: mixing and exchanging moves rows between the two ways to differ."""
    control = scenario.endpoint.variants[scenario.objective.control].quality
    if not isinstance(control, JointOutcomes):
        return
    before = discordance(scenario)
    for world in worlds_of(scenario):
        after = discordance(world.scenario)
        for label in (0, 1):
            ways = ((label, True, False), (label, False, True))
            assert sum(after.get(way, Fraction(0)) for way in ways) == (
                sum(before.get(way, Fraction(0)) for way in ways)
            )
            if world.name == "equal":
                assert after.get(ways[0]) == after.get(ways[1])


def test_the_exchanged_founding_example_has_its_models_the_other_way_round() -> None:
    """F1 .841 of model 1 and .818 of model 2 change places."""
    truth = truth_by_variant(worlds(load(SHIPPED / "churn.yaml"))["exchanged"].scenario)
    assert truth["Variant1"].metric("f1") == pytest.approx(72 / 88)
    assert truth["Variant2"].metric("f1") == pytest.approx(74 / 88)


@pytest.mark.parametrize(
    ("world", "of_candidate", "of_control"),
    [
        ("described", Judgement.RIGHT, Judgement.WRONG),
        ("equal", Judgement.WRONG, Judgement.RIGHT),
        ("exchanged", Judgement.WRONG, Judgement.RIGHT),
        ("broken", Judgement.WRONG, Judgement.RIGHT),
        ("slow", Judgement.WRONG, Judgement.RIGHT),
    ],
)
def test_it_is_wrong_to_promote_where_the_candidate_is_not_better_or_broken(
    minimal: Scenario, world: str, of_candidate: Judgement, of_control: Judgement
) -> None:
    """Also without a guardrail: nobody wants a model that fails 30 % of its requests."""
    assert minimal.objective.guardrails == ()
    truth = truth_of_scenario(worlds(minimal)[world].scenario)
    assert truth.judgement("new") is of_candidate
    assert truth.judgement("current") is of_control


def test_worlds_that_are_played_alike_are_named(minimal: Scenario) -> None:
    """Of an A/A file equal and exchanged are as described; a changed word makes no world."""
    found = worlds(load(SHIPPED / "policies_aa.yaml"))
    assert {name: world.same_as for name, world in found.items()} == {
        "described": None, "equal": "described", "exchanged": "described", "broken": None,
    }  # fmt: skip
    assert {world.same_as for world in worlds(minimal).values()} == {None}
    again = worlds(minimal, again={"change": {"endpoint.variants.new.weight": 1}})
    assert again["again"].same_as == "described"


def test_columns_with_the_same_answers_are_equal_as_described() -> None:
    """Two columns of the same scores are mixed to themselves."""
    rows = [{"label": 1, "scores": {"old": 1, "new": 1}, "count": 4},
            {"label": 0, "scores": {"old": 1, "new": 1}, "count": 2}]  # fmt: skip
    assert worlds(joint_scenario(rows))["equal"].same_as == "described"


def test_a_file_changes_adds_and_leaves_out_worlds(minimal: Scenario) -> None:
    """Those of every study keep their place; the file's own come after them."""
    found = worlds(
        minimal,
        broken=None,
        slow={"change": {"endpoint.variants.new.latency.scale": 10}},
        equal={"title": "no better"},
        worse={"title": "2 points worse", "effect": "-2%"},
    )
    assert list(found) == ["described", "equal", "exchanged", "slow", "worse"]
    slow = found["slow"].scenario
    assert slow.endpoint.variants["new"].latency.scale == 10
    assert slow.objective.unfit == {}  # whether ten times is too slow, the guardrails say
    assert found["equal"].title == "no better"
    assert effect_of(found["equal"].scenario) == 0
    assert found["worse"].title == "2 points worse"
    assert effect_of(found["worse"].scenario) == pytest.approx(-0.02, abs=1e-12)
    assert "latency.scale is 10" in found["slow"].made


def test_a_change_and_an_effect_hold_together(minimal: Scenario) -> None:
    """The effect is relative to the control as changed."""
    settings = {"change": {"endpoint.variants.current.quality.probability": 0.5}, "effect": 0.1}
    made = worlds(minimal, hard=settings)["hard"].scenario
    assert made.endpoint.variants["new"].quality.probability == 0.6


def test_weights_are_those_of_the_file(minimal: Scenario) -> None:
    weights = {"described": 4, "equal": 3, "exchanged": 2, "broken": 1, "slow": 0}
    found = worlds(minimal, **{name: {"weight": weight} for name, weight in weights.items()})
    assert {name: world.weight for name, world in found.items()} == weights


def test_a_world_that_cannot_be_made_says_how_to_leave_it_out() -> None:
    """A latency that reaches for decades cannot be three times as long."""
    rows = [{"label": 1, "scores": {"old": 1, "new": 0}}]
    data = joint_scenario(rows).model_dump(mode="json")
    slow = {"kind": "constant", "value": "366d", "scale": 100}
    data["endpoint"]["variants"]["new"]["latency"] = slow
    data["objective"]["guardrails"] = [{"metric": "latency_p99", "at_most": "1s"}]
    with pytest.raises(InvalidInput, match=r"worlds\.slow: .*146 years.*slow: null"):
        worlds_of(Scenario.model_validate(data))


def test_worlds_and_requirements_change_nothing_that_is_played(minimal: Scenario) -> None:
    """So the rows that are stored stay those of the same scenario without these blocks."""
    asked = minimal.model_dump(mode="json") | {
        "worlds": {"worse": {"effect": "-2%"}},
        "requirements": [{"quantity": "power", "at_least": "80%"}],
        "prefer": "least_exposure",
    }
    made = Scenario.model_validate(asked)
    assert made != minimal
    assert played_data(made) == played_data(minimal)
    assert {"worlds", "requirements", "prefer"} <= NOT_PLAYED


def test_what_single_runs_have_is_a_column_of_the_result() -> None:
    """So that whoever judges a requirement finds its value by its name."""
    quantities = [
        get_args(model.model_fields["quantity"].annotation)
        for model in (HarmRequirement, ErrorRequirement)
    ]
    assert {each for names in quantities for each in names} <= set(COLUMNS)


def test_requirements_have_the_units_of_their_quantity() -> None:
    """Shares, durations, counts; a share of runs where single runs have the quantity."""
    text = (SHIPPED / "minimal.yaml").read_text(encoding="utf-8")
    scenario = loads(
        text
        + """
requirements:
  - {quantity: false_promotion, at_most: 5%}
  - {quantity: power, at_least: 80%, policy: test}
  - {quantity: broken_gone_within, at_most: 15min, share_of_runs: 95%}
  - {quantity: time_to_decision, at_most: 6h}
  - {quantity: requests_on_worse, at_most: 5000}
  - {quantity: error_share, at_most: 1%, share_of_runs: 90%}
prefer: least_exposure
"""
    )
    false, power, gone, decided, harm, errors = scenario.requirements
    assert false.at_most == 0.05
    assert (power.at_least, power.policy) == (0.8, "test")
    assert (gone.at_most, gone.share_of_runs) == (15 * 60 * 10**9, 0.95)
    assert decided.share_of_runs == 0.5
    assert (harm.at_most, harm.share_of_runs) == (5000, None)
    assert (errors.at_most, errors.share_of_runs) == (0.01, 0.9)
    assert scenario.prefer == "least_exposure"


def test_files_can_bound_the_quantities_that_are_declared() -> None:
    """Each on the side that its declaration says."""
    sides = {
        name: "at_most" in model.model_fields
        for model in get_args(get_args(Requirement)[0])
        for name in get_args(model.model_fields["quantity"].annotation)
    }
    assert sides == {name: each.at_most for name, each in QUANTITIES.items()}


def test_a_policy_of_ones_own_brings_no_second_world_of_a_title() -> None:
    """It may read latency, so that the slow world is played, whose title the file has used."""

    class Own:
        def decide(self, state: object, _: object) -> tuple[tuple[()], object]:
            return (), state

    asked = {"worlds": {"tripled": {"title": "three times as slow", "effect": "1%"}}}
    scenario = loads((SHIPPED / "minimal.yaml").read_text(encoding="utf-8"))
    data = scenario.model_dump(mode="json") | asked
    data["policies"].pop("canary")
    made = Scenario.model_validate(data)
    with pytest.raises(InvalidInput, match="tripled and slow have one title"):
        worlds_of(made, {"own": Own()})


@pytest.mark.parametrize("name", ["policies_aa", "rollouts_aa"])
def test_files_of_two_equal_models_declare_worlds_that_differ(name: str) -> None:
    """Equal and exchanged would coincide with what they describe; a better candidate is played."""
    found = worlds_of(load(SHIPPED / f"{name}.yaml"))
    assert all(world.same_as is None for world in found)
    gains = {world.name: truth_of_scenario(world.scenario).gains["new"] for world in found}
    assert gains["described"] == 0.0
    assert gains["better"] == pytest.approx(0.02)
