"""scenarios/rounds.yaml: what its header says by theory, and that rounds keep the level in play."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import simab
from simab.stats.proportions import power_two_proportions
from simab.stats.sample_size import pooled_trials
from simab.stats.winners_curse import excess_where_significant

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "scenarios" / "rounds.yaml"


def test_the_header_states_what_theory_says() -> None:
    """The sample of two pages, and equal ones over four rounds with and without a correction."""
    header = FILE.read_text(encoding="utf-8")
    assert pooled_trials(0.10, 0.13) == pytest.approx(1774, abs=1)
    assert "1,774 visitors" in header
    assert pytest.approx(0.096, abs=5e-4) == 1 - 0.975**4
    assert "1 - .975^4 = 9.6 %" in header
    assert pytest.approx(0.025, abs=5e-4) == 1 - (1 - 0.0125 / 2) ** 4
    assert 4 * 2 * 2500 == 5 * 4000


def test_the_page_states_what_theory_says() -> None:
    """The power of green against blue, and the excess of a won round among equal pages."""
    page = (ROOT / "docs" / "candidates.md").read_text(encoding="utf-8")
    assert power_two_proportions(0.115, 0.13, 2800, 2800) == pytest.approx(0.40, abs=0.01)
    assert "with a power of about 40 %" in page
    error = math.sqrt(2 * 0.1 * 0.9 / 2700)
    excess = excess_where_significant(0.0, error, 1.959964, two_sided=False)
    assert (error, excess) == (pytest.approx(0.0082, abs=5e-5), pytest.approx(0.019, abs=5e-4))
    assert excess / error == pytest.approx(2.34, abs=0.005)
    assert "1.9 points for a round" in page


@pytest.mark.long
def test_rounds_end_as_theory_says_in_a_played_world() -> None:
    """Equal pages: 1 - .975^4 of 300 runs promote one. Else green wins by the powers of its tests.

    It meets blue where blue has beaten old, else old; the reigning page has a few labels more.
    """
    scenario, runs = simab.load(FILE), 300
    kept = {"rounds": scenario.policies["rounds"]}
    study = simab.compare(scenario, policies=kept, replications=runs, seed=11)
    found = study.outcomes
    promoted = (found["ends_with"] != "old")[found["world"] == "equal"].mean()
    expected = 1 - 0.975**4
    assert abs(promoted - expected) < 3.9 * math.sqrt(expected * (1 - expected) / runs)
    labels = 2800
    blue, over_blue, over_old = (
        power_two_proportions(*shares, labels, labels)
        for shares in ((0.1, 0.115), (0.115, 0.13), (0.1, 0.13))
    )
    expected = blue * over_blue + (1 - blue) * over_old
    green = (found["ends_with"] == "green")[found["world"] == "described"].mean()
    assert abs(green - expected) < 3.9 * math.sqrt(expected * (1 - expected) / runs) + 0.02
