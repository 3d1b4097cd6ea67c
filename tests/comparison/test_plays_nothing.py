"""What a Study shows is made of its rows: only its example runs are played, and once."""

from __future__ import annotations

from typing import Any

import pytest

import simab
from tests.study.building import small

OBJECTIVE = {
    "control": "a",
    "candidate": "b",
    "metric": "success_rate",
    "smallest_effect": 0.01,
    "guardrails": [{"metric": "latency_p99", "at_most": "1s"}],
}


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> simab.Study:
    """A study whose truth takes a run, with a world in which nothing can be played any more."""
    found = simab.compare(small(objective=OBJECTIVE), policies=["test"], replications=3)

    def plays(*_: Any, **__: Any) -> None:
        raise AssertionError("it played a run")

    monkeypatch.setattr("simab.world.play", plays)
    monkeypatch.setattr("simab.study.playing.play_run", plays)
    monkeypatch.setattr("simab.analyse.counterfactual.play_run", plays)
    return found


def test_its_tables_play_nothing(study: simab.Study) -> None:
    """An attribute is quick: the truth, too, was found when the rows were."""
    assert study.summary["name"].tolist() == ["test"]
    assert study.result.examples == ()
    assert "“test”" in study._repr_html_()


def test_its_examples_are_played(study: simab.Study) -> None:
    """When they are asked for, by the report too."""
    with pytest.raises(AssertionError, match="played a run"):
        study.with_examples()


def test_its_examples_are_played_once() -> None:
    """The report and the result printed as JSON have the same ones."""
    study = simab.compare(small(), policies=["test"], replications=2)
    assert study.with_examples().examples[0] is study.with_examples().examples[0]
