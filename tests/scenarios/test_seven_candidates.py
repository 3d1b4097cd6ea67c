"""scenarios/seven_candidates.yaml: what its header says by theory; that all seven are played."""

from __future__ import annotations

from pathlib import Path

import pytest

import simab
from simab.stats.many_to_one import none_beyond
from simab.stats.sample_size import pooled_trials

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "seven_candidates.yaml"


def test_the_header_states_what_theory_says() -> None:
    """Dunnett's integral at 1.96 for seven candidates, and the sample of two pages."""
    assert 1.0 - none_beyond(1.959964, [0.5] * 7, two_sided=False) == pytest.approx(
        0.1149, abs=5e-5
    )
    assert pooled_trials(0.10, 0.13) == pytest.approx(1774, abs=1)
    assert "11.5 % of the runs" in FILE.read_text(encoding="utf-8")
    assert "1,774 visitors" in FILE.read_text(encoding="utf-8")


def test_each_of_the_seven_can_be_promoted() -> None:
    """The better one is the fifth: it is found whatever its place."""
    written = simab.load(FILE).model_dump(mode="json")
    variants = written["endpoint"]["variants"]
    variants["wide"]["quality"], variants["green"]["quality"] = (
        {"kind": "success", "probability": 0.2},
        {"kind": "success", "probability": 0.1},
    )
    scenario = simab.Scenario.model_validate(written)
    kept = {name: scenario.policies[name] for name in ("Dunnett", "stages", "probably best")}
    study = simab.compare(scenario, policies=kept, replications=2, worlds=["described"])
    assert set(study.outcomes["ends_with"]) == {"wide"}
    assert study.result.truth.best == "wide"
    assert study.result.truth.candidates == tuple(written["objective"]["candidates"])
