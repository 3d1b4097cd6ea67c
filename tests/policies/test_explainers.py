"""What is said of a policy comes from its family's explainer, in the order of the topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from simab.explain import warnings
from simab.explain.setting import setting_of
from simab.policies import Policy, explainers
from simab.policies.explainers import EXPLAINERS, explainer_of
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import Setting
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.policies.rollouts.staged_canary import StagedCanary
from tests.world.building import scenario, variant

BAKES_TOO_SHORT = {
    "kind": "staged_canary", "stages": ["10%"], "bake": "5s", "periods": 2,
    "alarms": [{"metric": "error_rate", "at_most": "50%"}],
}  # fmt: skip
TOO_LATE = {"kind": "manual_schedule", "steps": [{"at": "2h", "promote": "b"}]}


class OwnKind(StagedCanary):
    """A staged canary that somebody changed."""


class Watchful(Explainer[StagedCanary]):
    """Has something else to say."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        yield PolicyWarning(Topic.TABLES, f"{self.name} is watched for {setting.horizon}.")


def a_scenario(policies: dict[str, Any]) -> Any:
    return scenario({"a": variant(), "b": variant(weight=0)}, horizon="90min", policies=policies)


@pytest.mark.parametrize("kind", EXPLAINERS, ids=lambda kind: kind.__name__)
def test_an_explainer_is_of_the_policy_that_the_table_gives_it(kind: type[Policy]) -> None:
    (base,) = EXPLAINERS[kind].__orig_bases__  # type: ignore[attr-defined]
    assert get_args(base) == (kind,)


def test_a_kind_without_an_explainer_has_that_of_the_class_it_derives_from() -> None:
    own = OwnKind(**BAKES_TOO_SHORT)
    assert type(explainer_of(own, "own")) is EXPLAINERS[StagedCanary]


def test_a_new_kind_says_its_warnings_without_a_change_in_explain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line in the table does; in the list its topic says where they stand."""
    monkeypatch.setattr(explainers, "EXPLAINERS", EXPLAINERS | {StagedCanary: Watchful})
    play = a_scenario({"one": BAKES_TOO_SHORT, "two": TOO_LATE})
    own = f"“one” is watched for {setting_of(play).horizon}."
    said = warnings(play)
    assert own in said
    late = next(each for each in said if each.startswith("Step 1 of “two”"))
    assert said.index(late) < said.index(own)


def test_warnings_are_listed_by_topic_and_then_by_policy() -> None:
    """Steps that never happen come before spans that hold no window, whichever policy is first."""
    said = warnings(
        a_scenario({"bakes": BAKES_TOO_SHORT, "late": TOO_LATE, "again": BAKES_TOO_SHORT})
    )
    named = ("Step 1 of “late”", "“bakes” bakes each stage", "“again” bakes each stage")
    places = [next(n for n, each in enumerate(said) if each.startswith(start)) for start in named]
    assert places == sorted(places)


def test_a_setting_is_all_that_an_explainer_sees() -> None:
    """Step 1 is on a variant that the setting does not deploy at the start."""
    play = a_scenario({"plan": {"kind": "manual_schedule", "steps": [{"at": "1min", "add": "b"}]}})
    policy = play.policies["plan"]
    assert isinstance(policy, ManualSchedule)
    setting = setting_of(play)
    assert (setting.control, setting.candidate) == ("a", "b")
    assert setting.weights == {"a": 1.0, "b": 0.0}
    assert setting.visible_after(2) == 2 * setting.period + setting.publication_delay
    assert [*explainer_of(policy, "plan").warnings(setting)] == []
