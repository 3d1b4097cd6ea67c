"""What came after some totals: the difference of counts, means and sums of squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.stats.classification import ConfusionCounts
from simab.stats.label_totals import NO_REWARDS, LabelTotals, RewardTotals
from tests.policies.fake_metrics import confusion

CELLS = st.tuples(*[st.integers(0, 50)] * 4)


def rewards(values: list[float]) -> RewardTotals:
    own = np.array(values)
    return RewardTotals(len(values), float(own.mean()), float(((own - own.mean()) ** 2).sum()))


@given(before=CELLS, after=CELLS)
def test_counts_and_scores_are_those_that_were_added(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    both = [one + other for one, other in zip(before, after, strict=True)]
    found, added = confusion(*both).since(confusion(*before)), confusion(*after)
    assert found[:4] == added[:4]
    np.testing.assert_array_equal(found.score_histogram, added.score_histogram)


def test_a_label_that_was_put_right_counts_no_cell_below_zero_and_adds_nothing() -> None:
    """One moves from true to false positives while two come: two in all."""
    before = LabelTotals(ConfusionCounts(true_positive=5), 0, 0, 0)
    after = LabelTotals(ConfusionCounts(true_positive=4, false_positive=1), 2, 0, 0)
    found = after.since(before)
    assert found.labelled == 2
    assert min(*found.confusion, found.successes, found.failures) >= 0


@given(st.data())
def test_moments_of_later_rewards_are_those_of_these_alone(data: st.DataObject) -> None:
    values = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=20)
    before, after = data.draw(values), data.draw(values)
    found, alone = rewards(before + after).since(rewards(before)), rewards(after)
    assert found.count == alone.count
    assert found.mean == pytest.approx(alone.mean, abs=1e-9)
    assert found.squared_deviations == pytest.approx(alone.squared_deviations, abs=1e-4)


def test_later_rewards_that_are_all_alike_have_no_spread_left_by_rounding() -> None:
    """Else ten like rewards would seem certain of their mean."""
    before = [0.1, 0.7, 12.3, 5.9, 1e3]
    found = rewards(before + [0.3] * 10).since(rewards(before))
    assert not found.tells_spread
    assert rewards(before).since(NO_REWARDS) == rewards(before)
    assert rewards(before).since(rewards(before)) == NO_REWARDS
