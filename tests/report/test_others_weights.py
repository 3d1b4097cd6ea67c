"""What somebody else set is told apart from what the policy did, in words and figures."""

from __future__ import annotations

import pytest

from simab.comparison import compare
from simab.report.answer import answer
from simab.report.captions import traffic
from simab.report.tables import decisions
from simab.report.weights_figure import weights_finding, weights_table
from simab.result.example_run import SOMEBODY_ELSE
from tests.world.building import scenario, variant

HAND = {"kind": "weights", "at": "70min", "weights": {"a": 1, "b": 1}, "name": "on call"}


@pytest.fixture(scope="module", params=[{"a": 1, "b": 1}, {"a": 1, "b": 0}])
def study(request):
    """B is promoted after 10 min; an hour later somebody else takes traffic away from it."""
    success = {"kind": "success"}
    made = scenario(
        {
            "a": variant(quality=success | {"probability": 0.90}),
            "b": variant(quality=success | {"probability": 0.95}),
        },
        rate="0.5/s",
        horizon="2h",
        endpoint={"weight_update": "1min"},
        timeline=[HAND | {"weights": request.param}, HAND | {"at": "4230s", "name": "too soon"}],
        policies={"rule": {"kind": "manual_schedule", "steps": [{"at": "10min", "promote": "b"}]}},
        metrics={"period": "60s", "publication_delay": "0s"},
        controller={"interval": "60s"},
    )
    return compare(made, replications=3, worlds=["described"], engine="reference").with_examples()


def test_the_policy_decided_and_did_not_move_it_back(study):
    """It decides in all runs, and no sentence says that it moved the traffic away again."""
    said = answer(study)
    text = " ".join((said.verdict, *said.remarks))
    assert "decides nothing" not in text
    assert "moves the traffic away" not in text
    assert "In 3 of 3 runs the traffic does not end with the variant that “rule” decided" in text
    assert "somebody else sets weights too" in text


def test_the_example_tells_who_did_what(study):
    """Two actions of somebody else, one of them refused, are shown up to where they take effect."""
    (example,) = [each for each in study.examples if not each.is_worst]
    own = [each for each in example.decisions if each.action == SOMEBODY_ELSE]
    assert [(each.at_s, each.accepted) for each in own] == [(4200.0, True), (4230.0, False)]
    assert own[0].because == "on call"
    assert "Updating" in own[1].because
    assert example.shown_until_s > 4260
    assert [row[2].text for row in decisions(example).rows][-1] == SOMEBODY_ELSE
    said = traffic(study, example).replace("\u202f", " ").replace("\u00a0", " ")
    assert "1 action was accepted" in said
    assert "Somebody else set weights after 1 h 10 min." in said
    assert "after 1 h 10 min were refused" in said
    assert "somebody else set weights" in weights_finding(study)
    last = [row[1].text for row in weights_table(study).rows][-1]
    assert last.replace("\u202f", " ").replace("\u00a0", " ") == "1 h 11 min"
