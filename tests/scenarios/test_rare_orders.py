"""scenarios/rare_orders.yaml: what its header says of the rewards, and that all rules play."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy import stats

import simab

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "rare_orders.yaml"


def test_the_header_states_what_theory_says() -> None:
    """By hand: second moment .03 x 110^2 x (1 + 1.2^2); the lognormal's tail above the cap."""
    text = FILE.read_text(encoding="utf-8")
    mean = 0.03 * 110
    assert mean == pytest.approx(3.30)
    deviation = math.sqrt(0.03 * 110**2 * (1 + 1.2**2) - mean**2)
    assert deviation == pytest.approx(29.6, abs=0.05)
    assert deviation / mean == pytest.approx(9, abs=0.05)
    assert pytest.approx(4.18) == 0.038 * 110
    spread = math.log1p(1.2**2)
    above = stats.norm.sf((math.log(400 / 110) + spread / 2) / math.sqrt(spread))
    assert above == pytest.approx(0.033, abs=5e-4)
    for said in ("3.30 with", "29.6, nine times", "4.18 a visitor", "3.3 orders in 100"):
        assert said in text


def test_all_rules_play() -> None:
    """Those that promote anything here promote the better page."""
    study = simab.compare(simab.load(FILE), replications=1, worlds=["described"])
    promoted = study.outcomes["ends_with"]
    assert len(study.outcomes) == 5
    assert "new" in set(promoted)
