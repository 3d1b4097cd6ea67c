"""The identity of a row: equal for equal content, and different for anything that can matter."""

from __future__ import annotations

import copy
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from simab.policies import Action, Observation
from simab.run.simulation import simulate
from simab.scenario import dumps, loads
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.study import Cell, StudyPlan, row_code
from simab.units import format_duration, format_rate, parse_duration
from tests.effort import examples
from tests.strategies import scenario_data
from tests.world.building import scenario, variant

Place = tuple[str | int, ...]


def plan(
    played: Scenario, *, policies: dict[str, Any] | None = None, seed: int = 1, engine: str = ""
) -> StudyPlan:
    policies = dict(played.policies) if policies is None else policies
    return StudyPlan.of_scenario(
        played, policies, replications=10, seed=seed, engine=engine or "compiled"
    )


def keys(played: Scenario) -> dict[str, str]:
    whole = plan(played)
    return {name: whole.row_key(Cell(DESCRIBED, name, 1, 0)) for name in whole.policies}


def leaves(data: Any, place: Place = ()) -> Iterator[Place]:
    """Where the single values of a description are."""
    parts = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in parts:
        if isinstance(value, dict | list):
            yield from leaves(value, (*place, name))
        else:
            yield (*place, name)


def at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data


def changed(data: dict[str, Any], place: Place) -> dict[str, Any]:
    """The same description with one value changed by as little as its text can say."""
    data = copy.deepcopy(data)
    value = at(data, place)
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int):
        value += 1
    elif isinstance(value, float):
        value = math.nextafter(value, 0.0) if value else 1e-300
    elif isinstance(value, str) and value.endswith("/s"):
        number = float(value.removesuffix("/s"))
        value = format_rate(math.nextafter(number, math.inf))
    elif isinstance(value, str):
        try:
            value = format_duration(parse_duration(value) + 1)
        except ValueError:
            assume(False)
    else:
        assume(False)
    at(data, place[:-1])[place[-1]] = value
    return data


@examples(1 / 3)
@given(scenario_data(), st.data())
def test_changing_any_number_changes_the_key(written: dict[str, Any], data: st.DataObject) -> None:
    """One nanosecond, one count or the last bit of a float is another scenario, or another policy.

    Words that a reader sees, and the study's own defaults, are not.
    """
    before = Scenario.model_validate(written)
    description = before.model_dump(mode="json")
    place = data.draw(st.sampled_from(sorted(leaves(description), key=str)))
    try:
        after = Scenario.model_validate(changed(description, place))
    except ValidationError:
        assume(False)
    assume(after != before)
    old, new = keys(before), keys(after)
    if place[0] in ("title", "question", "study"):
        assert new == old
    elif place[0] == "policies":
        assert {name for name in old if new[name] != old[name]} == {place[1]}
    else:
        assert not set(new.values()) & set(old.values())


@examples(1 / 3)
@given(scenario_data())
def test_words_and_the_other_policies_do_not_matter(written: dict[str, Any]) -> None:
    """Another title, question or study, or a policy more, finds the rows that are there."""
    before = keys(Scenario.model_validate(written))
    more = {"kind": "manual_schedule", "steps": [{"at": "77d", "promote": "v0"}]}
    other = written | {
        "title": "another",
        "question": "why?",
        "study": {"replications": 9, "seed": 8},
        "policies": written["policies"] | {"one more": more},
    }
    after = keys(Scenario.model_validate(other))
    assert {name: after[name] for name in before} == before
    assert after["one more"] not in before.values()


@examples(1 / 3)
@given(scenario_data())
def test_the_same_scenario_written_otherwise_has_the_same_keys(written: dict[str, Any]) -> None:
    """Defaults spelled out, units changed, YAML or Python: only the content counts."""
    read = Scenario.model_validate(written)
    assert keys(loads(dumps(read))) == keys(read)


def test_keys_differ_by_seed_and_replication_and_not_by_engine_or_count() -> None:
    """Both engines give the same bits (design, section 4), so they share rows."""
    one = plan(scenario())
    assert one.row_key(Cell(DESCRIBED, "still", 1, 0)) != one.row_key(
        Cell(DESCRIBED, "still", 1, 1)
    )
    assert one.row_key(Cell(DESCRIBED, "still", 1, 0)) != plan(scenario(), seed=2).row_key(
        Cell(DESCRIBED, "still", 2, 0)
    )
    assert one.row_key(Cell(DESCRIBED, "still", 1, 0)) == plan(
        scenario(), engine="reference"
    ).row_key(Cell(DESCRIBED, "still", 1, 0))


@pytest.mark.parametrize("library", ["numpy", "scipy"])
def test_keys_differ_by_the_libraries_that_compute(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quantiles and p-values are theirs, and may differ in the last bit from version to version."""
    before = keys(scenario())
    monkeypatch.setitem(row_code.LIBRARIES, library, "0.0")
    assert keys(scenario()) != before


def test_a_variant_that_another_policy_may_end_with_is_another_truth() -> None:
    """Which variant is best, and so which end is right, is asked of all that may be ended with."""
    variants = {name: variant() for name in "ab"} | {"better": variant(deployed=False)}
    policies = dict(scenario(variants).policies)
    adding = {
        "kind": "manual_schedule",
        "steps": [{"at": "1s", "add": "better"}, {"at": "2s", "promote": "better"}],
    }
    alone, beside = (
        keys(scenario(variants, policies=each)) for each in (policies, policies | {"add": adding})
    )
    assert alone["still"] != beside["still"]


def reversed_order(description: dict[str, Any], *place: str) -> dict[str, Any]:
    whole = copy.deepcopy(description)
    inner = whole
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = dict(reversed(inner[place[-1]].items()))
    return whole


@pytest.mark.parametrize("place", [("endpoint", "variants"), ("traffic", "users", "targets")])
def test_the_order_of_names_that_share_draws_matters(place: tuple[str, ...]) -> None:
    """Variants and targets cut up the range of a draw in their order: others get other requests."""
    description = scenario(
        traffic={"users": {"rate": "20/s", "targets": {"a": 0.2, "b": 0.3}}}
    ).model_dump(mode="json")
    one = Scenario.model_validate(description)
    other = Scenario.model_validate(reversed_order(description, *place))
    runs = [simulate(each, record_requests=True).requests["variant"] for each in (one, other)]
    assert list(runs[0]) != list(runs[1])
    assert keys(one) != keys(other)


class Plain:
    def __init__(self, patience: int) -> None:
        self.patience = patience

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        return (), state


@dataclass(frozen=True, slots=True)
class Slotted:
    patience: int

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        return (), state


class Nested(Plain):
    def __init__(self, patience: int) -> None:
        self.inner = Plain(patience)


@pytest.mark.parametrize("kind", [Plain, Slotted, Nested])
def test_ones_own_policy_is_known_by_what_it_holds(kind: Any) -> None:
    """In `__dict__`, in slots or in another object: equal parameters give equal keys."""

    def key(patience: int) -> str:
        return plan(scenario(), policies={"mine": kind(patience)}).row_key(
            Cell(DESCRIBED, "mine", 1, 0)
        )

    assert key(1) == key(1)
    assert key(1) != key(2)


def test_a_policy_that_no_pickle_can_hold_still_has_a_key() -> None:
    """It can be played in this process; what it holds is then known by its text."""
    waiting = Plain(3)
    waiting.rule = lambda: None  # type: ignore[attr-defined]
    assert plan(scenario(), policies={"mine": waiting}).row_key(Cell(DESCRIBED, "mine", 1, 0))


SOURCE = """
from {helper} import start

class Mine:
    '''{words}'''

    def decide(self, state, observation):
        return (), {state}
"""


@pytest.fixture
def key_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The key of a row of a policy that stands in a file, beside a module that it imports."""

    def found(*, state: str = "0", words: str = "", helper: str = "start = 1\n") -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        files = {
            "helper_of_mine": helper,
            "mine_under_test": SOURCE.format(helper="helper_of_mine", words=words, state=state),
        }
        for name, text in files.items():
            file = folder / f"{name}.py"
            file.write_text(text, encoding="utf-8")
            spec = importlib.util.spec_from_file_location(name, file)
            module = importlib.util.module_from_spec(spec)
            # inspect and pickle look a class up by the name of its module
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        mine = sys.modules["mine_under_test"].Mine()
        return plan(scenario(), policies={"m": mine}).row_key(Cell(DESCRIBED, "m", 1, 0))

    return found


def test_an_edited_policy_is_another_policy(key_of_mine: Callable[..., str]) -> None:
    """Rows of the class as it was before must not be taken for rows of the class as it is now."""
    assert key_of_mine(state="0") == key_of_mine(state="0") != key_of_mine(state="1")


def test_what_ones_own_policy_imports_is_a_part_of_it(key_of_mine: Callable[..., str]) -> None:
    """A module beside it, and what that takes from simab in turn; words are not part of either."""
    before = key_of_mine()
    assert key_of_mine(helper="start = 2\n") != before
    assert key_of_mine(helper="start = 1\nimport simab.stats.bayes\n") != before
    assert key_of_mine(words="Explained.", helper="start = 1  # explained\n") == before
