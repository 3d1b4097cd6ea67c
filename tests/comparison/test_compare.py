"""`simab.compare`: whose policies it plays, what a Study shows, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import simab
from simab.analyse import RunSummary
from simab.errors import InvalidInput
from simab.policies import Action, Observation, Promote
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@dataclass(frozen=True)
class FirstTick:
    """Promote a variant at the first look. It misleads because it looks at nothing."""

    variant: str

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        return ((Promote(self.variant, because="why not"),), True) if state is None else ((), state)


@pytest.fixture(scope="module")
def study() -> simab.Study:
    """All three policies of the small scenario."""
    return simab.compare(small(), replications=20, seed=3)


def test_outcomes_has_a_row_for_each_policy_and_replication(study: simab.Study) -> None:
    """The columns are the fields of `RunSummary`, what is by variant last and by variant."""
    fields = [name for name in RunSummary.__slots__ if name != "requests_served"]
    served = ["requests_served[a]", "requests_served[b]"]
    assert list(study.outcomes.columns) == ["world", *fields, *served]
    counts = study.outcomes.groupby("policy", sort=False)["replication"].nunique()
    assert counts.to_dict() == dict.fromkeys(small().policies, 20)


def test_summary_is_that_of_the_outcomes(study: simab.Study) -> None:
    """Shares, means and medians of the frame of rows, by pandas."""
    by_policy = study.outcomes.groupby("policy")
    summary = study.summary.set_index("name")
    assert list(summary.index) == list(small().policies)
    for name, rows in by_policy:
        row = summary.loc[name]
        assert row["correct_share"] == rows["correct"].mean()
        assert row["promoted_candidate_count"] == (rows["verdict"] == "promoted_candidate").sum()
        assert row["requests_on_worse_mean"] == pytest.approx(rows["requests_on_worse"].mean())
        assert row["regret_mean"] == pytest.approx(rows["regret"].mean())
        served = rows["requests_served[b]"]
        assert row["requests_served[b]_mean"] == pytest.approx(served.mean())
        share = (served / (served + rows["requests_served[a]"])).mean()
        assert row["served_share[b]_mean"] == pytest.approx(share)
        median = rows["decided_s"].quantile(0.5, interpolation="lower")
        assert row["decision_time_s_p50"] == median


def test_report_writes_a_folder_and_returns_its_page(study: simab.Study, tmp_path: Path) -> None:
    """The rows are beside the page; read back they are `outcomes`."""
    page = study.report(tmp_path / "deep" / "report")
    assert page == tmp_path / "deep" / "report" / "report.html"
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    read = pd.read_csv(page.with_name("outcomes.csv"))
    assert read["verdict"].tolist() == [str(verdict) for verdict in study.outcomes["verdict"]]
    # Nothing happened, and no price is stated: None, which a file cannot hold.
    absent = ["refusal", "held_for", "cost_of_serving", "clients_on_worse"]
    assert read[absent].isna().all(axis=None)
    words = ["verdict", *absent]
    pd.testing.assert_frame_equal(
        read.drop(columns=words), study.outcomes.drop(columns=words), check_dtype=False
    )


def test_a_notebook_shows_every_policy(study: simab.Study) -> None:
    """An HTML fragment with a row for each."""
    html = study._repr_html_()
    assert "<table" in html
    assert all(name in html for name in small().policies)


def test_replications_and_seed_are_the_scenarios_unless_given() -> None:
    """What the file's `study` says; 0 is a seed like any other."""
    scenario = small(study={"replications": 3, "seed": 11})
    asked = simab.compare(scenario, policies=["test"])
    assert (len(asked.outcomes), asked.plan.seed) == (3, 11)
    zero = simab.compare(scenario, policies=["test"], replications=2, seed=0)
    assert (len(zero.outcomes), zero.plan.seed, zero.result.seed) == (2, 0, 0)
    same = simab.compare(scenario, policies=["test"], replications=3, seed=11)
    assert same.rows == asked.rows


def test_ones_own_object_is_a_policy_like_any_other() -> None:
    """Anything with `decide`, beside policies of the scenario by name, under names of one's own."""
    own = {"mine": FirstTick("b"), "theirs": FirstTick("a"), "fixed": "test"}
    study = simab.compare(small(), policies=own, replications=3)
    verdicts = study.outcomes.groupby("policy")["verdict"].unique()
    assert list(verdicts["mine"]) == ["promoted_candidate"]
    assert list(verdicts["theirs"]) == ["kept_control"]
    assert study.outcomes["decided_s"].tolist()[:6] == [10.0] * 6
    mine = study.result.policies[0]
    assert (mine.name, mine.kind) == ("mine", "FirstTick")
    assert mine.rule.startswith("Promote a variant at the first look.")
    by_name = simab.compare(small(), policies=["test"], replications=3)
    assert [row.verdict for row in study.rows["fixed"]] == [
        row.verdict for row in by_name.rows["test"]
    ]


@pytest.mark.parametrize("policies", [{"mine": FirstTick("b")}])
def test_ones_own_object_crosses_processes(
    policies: dict[str, Any], worker_process: Executor
) -> None:
    """A class of a module that others can import can be pickled, so other processes can play it."""
    away = simab.compare(small(), policies=policies, replications=2, executor=worker_process)
    assert away.rows == simab.compare(small(), policies=policies, replications=2).rows


class WithoutDecide:
    pass


class NotCallable:
    decide = 3


@pytest.mark.parametrize("policy", [WithoutDecide(), NotCallable(), 3, None, FirstTick])
def test_what_cannot_decide_is_refused(policy: Any) -> None:
    """The message says what a policy has to have."""
    with pytest.raises(InvalidInput, match=r"mine = .*decide\(state, observation\)"):
        simab.compare(small(), policies={"mine": policy}, replications=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policies": ["tset"]}, "'tset'.*no such policy.*test, majority, schedule"),
        ({"policies": {"mine": "tset"}}, "'tset'.*no such policy"),
        ({"policies": []}, "at least one policy"),
        ({"policies": {}}, "at least one policy"),
        ({"replications": 0}, "replications = 0"),
        ({"replications": "3"}, "replications = '3': must be a whole number"),
        ({"replications": 2.5}, r"replications = 2\.5: must be a whole number"),
        ({"policies": "test"}, r"policies = 'test': must be a list.*\['test'\]"),
        ({"policies": 3}, "policies = 3: must be a list"),
        ({"policies": {3: "test"}}, "the name 3 must be a text"),
        ({"executor": 3}, "executor = 3: must be a concurrent.futures.Executor"),
        ({"store": "rows.sqlite"}, "store = 'rows.sqlite': must be a mutable mapping.*SqliteStore"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**64}, "seed = "),
        ({"engine": "fast"}, "engine = 'fast'.*compiled, reference"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    """Field, value and rule."""
    with pytest.raises(InvalidInput, match=message):
        simab.compare(small(), **({"replications": 1} | arguments))


@pytest.mark.parametrize("scenario", ["churn.yaml", Path("churn.yaml"), 3, None, {"title": "x"}])
@pytest.mark.parametrize("play", [simab.simulate, simab.compare])
def test_what_is_no_scenario_is_refused(play: Any, scenario: Any) -> None:
    """The name of a file is told how to become one."""
    remedy = r"load it first: simab\.load\('churn\.yaml'\)" if "churn" in str(scenario) else "simab"
    with pytest.raises(InvalidInput, match=f"must be a Scenario, not .*{remedy}"):
        play(scenario)


@dataclass(frozen=True)
class Nonsense:
    """Answer with whatever it was made with."""

    answer: Any

    def decide(self, state: Any, observation: Observation) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (None, "None"),
        ("ab", "'ab'"),
        ((), r"\(\)"),
        (([], 1, 2), r"\(\[\], 1, 2\)"),
        ((None, 1), "None for actions"),
        (("stop", 1), "'stop' for actions"),
        ((["promote"], 1), "'promote' as an action"),
        (([Action()], 1), r"Action\(because=''\) as an action"),
    ],
)
def test_an_answer_that_is_no_decision_is_told_alike_by_simulate_and_compare(
    answer: Any, shown: str
) -> None:
    """The policy, what it answered, the rule and the remedy."""
    message = f"^policy Nonsense: decide returned {shown}: it must return a pair"
    with pytest.raises(InvalidInput, match=message) as alone:
        simab.simulate(small(), policy=Nonsense(answer))
    with pytest.raises(InvalidInput) as often:
        simab.compare(small(), policies={"Nonsense": Nonsense(answer)}, replications=2)
    assert str(often.value) == str(alone.value)


class Awkward(Exception):
    """An exception that cannot be made anew from its `args`."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


class Raises:
    """Raise at the first look."""

    def decide(self, state: Any, observation: Observation) -> Any:
        raise Awkward(1, 2)


def test_simulate_raises_what_the_policy_raised() -> None:
    """The very exception, so that a debugger stops where it arose."""
    with pytest.raises(Awkward, match="1 and 2") as raised:
        simab.simulate(small(), policy=Raises())
    assert raised.traceback[-1].name == "decide"


def test_the_order_of_policies_is_the_order_of_the_table() -> None:
    """As named; and a comparison says the same of a policy whatever stands beside it."""
    there = simab.compare(small(), policies=["test", "schedule"], replications=4)
    back = simab.compare(small(), policies=["schedule", "test"], replications=4)
    assert there.summary["name"].tolist() == ["test", "schedule"]
    assert there.result.policies == back.result.policies[::-1]
    pairs = {each.quantity: each.difference for each in there.result.paired}
    swapped = {each.quantity: -each.difference for each in back.result.paired}
    assert pairs == pytest.approx(swapped)


ORDERS = [
    "simab.compare; simab.simulate; simab.load",
    "import simab.run.simulation",
    "simab.load; simab.simulate; simab.compare",
    "simab.Study; simab.Run",
]
NAMES_LOADED = """
import sys
for first in sys.argv[1:]:
    for name in [each for each in sys.modules if each.partition(".")[0] == "simab"]:
        del sys.modules[name]
    import simab
    exec(first)
    print(*(type(getattr(simab, name)).__name__ for name in simab.__all__))
"""


@pytest.mark.parametrize("orders", [ORDERS[:2], pytest.param(ORDERS[2:], marks=pytest.mark.long)])
def test_the_public_names_are_the_functions_in_whatever_order_they_load(orders: list[str]) -> None:
    """`simab.simulate` is the function that the contract names, never a module of that name."""
    answered = subprocess.run(
        [sys.executable, "-c", NAMES_LOADED, *orders], capture_output=True, text=True, check=True
    ).stdout
    assert len(answered.splitlines()) == 2
    assert "module" not in answered.split()
