"""`simab.sensitivity`: a change is what `compare` finds there; differences are run by run."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import simab
from simab.errors import InvalidInput
from simab.result.sensitivity_result import read_saved_sensitivity, sensitivity_json
from simab.scenario.changes import changed, with_changes
from simab.stats.paired_shares import tango_interval
from simab.study import Stop
from tests.study.building import small

NAMES = ["test", "schedule"]
WORLDS = ["described", "equal"]


def two_worlds() -> simab.Scenario:
    """The small scenario as described, and with equal variants."""
    return small(worlds={"exchanged": None, "broken": None})


@pytest.fixture(scope="module")
def found() -> simab.Sensitivity:
    """Two policies in two worlds."""
    return simab.sensitivity(two_worlds(), policies=NAMES, worlds=WORLDS, replications=20, seed=3)


def compared(scenario: simab.Scenario) -> simab.Study:
    return simab.compare(scenario, policies=NAMES, worlds=WORLDS, replications=20, seed=3)


@pytest.fixture(scope="module")
def base() -> simab.Study:
    """The comparison as described."""
    return compared(two_worlds())


def test_verdicts_and_rule_are_those_of_a_comparison(
    found: simab.Sensitivity, base: simab.Study
) -> None:
    """As described, and with the traffic doubled."""
    assert found.result.base.judged == base.result.judged
    assert found.result.base.recommendation == base.result.recommendation
    assert found.result.base.policies == base.result.policies
    effect = found.result.effect("traffic", "doubled")
    assert effect is not None
    assert effect.becomes == {"traffic.users.rate": "20/s"}
    study = compared(changed(two_worlds(), "traffic.users.rate", "20/s"))
    chosen = study.result.recommendation
    assert chosen is not None
    assert effect.recommended == chosen.policy
    for name in NAMES:
        turned = [each.after for each in effect.verdicts if (each.policy, each.world) == (name, "")]
        now = str(study.result.compliance(name))
        assert turned == ([] if now == str(base.result.compliance(name)) else [now])


def test_differences_are_taken_run_by_run(found: simab.Sensitivity, base: simab.Study) -> None:
    """Promotions by Tango's interval of the runs that differ, computed from two comparisons."""
    before = base.rows["test"]
    after = compared(changed(two_worlds(), "traffic.users.rate", "5/s")).rows["test"]
    only_after = sum(
        b.promotes("b") and not a.promotes("b") for a, b in zip(before, after, strict=True)
    )
    only_before = sum(
        a.promotes("b") and not b.promotes("b") for a, b in zip(before, after, strict=True)
    )
    interval = tango_interval(only_after, only_before, 20)
    effect = found.result.effect("traffic", "halved")
    assert effect is not None
    (row,) = [
        each
        for each in effect.of("test")
        if (each.world, each.quantity) == ("described", "promotes")
    ]
    assert row.paired
    assert row.difference == pytest.approx((only_after - only_before) / 20)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high))


def test_a_change_is_said_only_where_its_interval_leaves_out_0(found: simab.Sensitivity) -> None:
    """And where the p-value over all that is compared is at most 5 %."""
    rows = [each for effect in found.result.effects for each in effect.quantities]
    assert rows
    for each in rows:
        if each.differs:
            assert each.low > 0 or each.high < 0
            assert each.adjusted_p_value <= 0.05
    times = [each for each in rows if each.quantity == "requests_on_worse" and each.differs]
    assert times  # twice the traffic sends twice as many requests everywhere


def test_what_changes_no_run_changes_nothing(found: simab.Sensitivity) -> None:
    """Workers of queues that nobody waits in, with everything else alike: no difference is said."""
    effect = found.result.effect("weight update time", "halved")
    assert effect is not None
    shares = [each for each in effect.of("test") if each.quantity == "promotes"]
    assert not any(each.differs for each in shares)


def test_it_is_read_back_as_it_was_written(found: simab.Sensitivity) -> None:
    """sensitivity.json and its record are the same thing."""
    text = sensitivity_json(found.result)
    again = read_saved_sensitivity(text.encode(), "sensitivity.json")
    assert sensitivity_json(again) == text
    assert again.effects == found.result.effects
    for damage in (b"{}", b"[", text.replace("simab-sensitivity/1", "simab-study/2").encode()):
        with pytest.raises(InvalidInput):
            read_saved_sensitivity(damage, "sensitivity.json")


@pytest.mark.long
def test_neither_store_nor_engine_changes_a_byte(found: simab.Sensitivity) -> None:
    """Rows that are kept are not played again."""
    store: dict[str, Any] = {}
    asked: dict[str, Any] = {
        "policies": ["schedule"], "worlds": WORLDS, "replications": 1, "command": "again",
    }  # fmt: skip
    first = simab.sensitivity(two_worlds(), store=store, **asked)
    rows = len(store)
    seen: list[int] = []
    again = simab.sensitivity(
        two_worlds(), store=store, progress=lambda done, _: seen.append(done), **asked
    )
    assert seen == [first.plan.rows]
    assert len(store) == rows
    reference = simab.sensitivity(two_worlds(), engine="reference", **asked)
    texts = {sensitivity_json(each.result) for each in (first, again, reference)}
    assert len(texts) == 1


@pytest.mark.long
def test_a_budget_ends_with_as_many_replications_of_every_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock runs out in the midst; the result is that of the count that is complete."""
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr("simab.study.sending.time", clock)
    monkeypatch.setattr("simab.study.stopping.time", clock)
    asked: dict[str, Any] = {"policies": ["schedule"], "worlds": ["described"]}
    found = simab.sensitivity(two_worlds(), stop=Stop(budget_s=40.0), **asked)
    count = found.plan.replications
    assert 1 <= count < 100
    monkeypatch.undo()
    assert found.result == simab.sensitivity(two_worlds(), replications=count, **asked).result


def test_an_assumption_that_a_world_cannot_bear_is_named() -> None:
    """A world of the file that gives an effect which half of the probability cannot have."""
    scenario = with_changes(small(), {"worlds": {"worse": {"effect": "-75%"}}})
    result = simab.sensitivity(
        scenario, policies=["schedule"], worlds=["worse"], replications=2
    ).result
    assert {each.assumption for each in result.unchanged} >= {"error rate", "provisioning time"}
    assert all(each.recommended is None for each in result.effects)


def test_the_report_is_written(found: simab.Sensitivity, tmp_path: Path) -> None:
    """The page, its data and the differences; the frame has the same rows."""
    page = found.report(tmp_path / "out")
    files = {path.name for path in page.parent.iterdir()}
    assert files == {"report.html", "sensitivity.json", "sensitivity.csv"}
    text = page.read_text(encoding="utf-8")
    assert "tornado" in text
    assert "cannot be halved" in text
    rows = (page.parent / "sensitivity.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(found.summary)
    assert "changes" in repr(found)


def test_a_notebook_shows_what_the_answer_depends_on(found: simab.Sensitivity) -> None:
    """The sentences and a row a change; names of policies are text, and no markup."""
    shown = found._repr_html_()
    assert "is the rule to use" in shown or "no rule meets" in shown
    rows = re.findall(r'<th scope="row"[^>]*>([^<]*)', shown)
    assert rows == [effect.name for effect in found.result.effects]
    odd = simab.sensitivity(
        two_worlds(), policies={"<b>": "schedule"}, worlds=["described"], replications=1
    )
    assert "&lt;b&gt;" in odd._repr_html_()
    assert "<b>" not in odd._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"policies": ["nobody"]}, "nobody"),
        ({"worlds": ["nowhere"]}, "nowhere"),
        ({"worlds": "described"}, "worlds"),
        ({"replications": 0}, "replications"),
        ({"replications": 1_000_000}, "runs"),
        ({"store": 3}, "store"),
        ({"executor": 3}, "executor"),
        ({"quantity": "regret"}, "quantity.*requests_on_worse"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_played(
    arguments: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names it."""

    def play(*_: Any, **__: Any) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr("simab.sensitivities.play_asked", play)
    with pytest.raises(InvalidInput, match=named):
        simab.sensitivity(two_worlds(), **arguments)
