"""Bins of score histograms: an AUC read from them loses little, wherever the scores lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.draws import Draws, Purpose
from simab.profiles.outcomes import SCORE_CELLS, SCORE_ONE, OutcomeSampler, score_bins, score_cell
from simab.profiles.quality import Classifier
from simab.stats.label_totals import SCORE_BINS
from simab.stats.scores import roc_auc, roc_auc_from_histograms

DRAWN = 20_000
SCORES = st.integers(0, SCORE_ONE)


@given(first=SCORES, second=SCORES)
def test_cells_rise_with_the_score(first: int, second: int) -> None:
    """Only then is an order of bins an order of scores."""
    low, high = sorted((first, second))
    assert 0 <= score_cell(low) <= score_cell(high) < SCORE_CELLS


def test_cells_are_fine_at_both_ends() -> None:
    """A cell is at most 1/128 of its distance to the nearer end wide, or one unit of a score."""
    for exponent in range(1, 30):
        at = 1 << exponent
        step = max(at >> 7, 1)
        assert score_cell(at) < score_cell(at + step)
        assert score_cell(SCORE_ONE - at - step) < score_cell(SCORE_ONE - at)


def histogram_auc(samplers: list[OutcomeSampler], labels: np.ndarray, values: np.ndarray) -> float:
    bins = score_bins(samplers, SCORE_BINS)[[score_cell(int(value)) for value in values]]
    hits, others = (np.bincount(bins[labels == label], minlength=SCORE_BINS) for label in (1, 0))
    return roc_auc_from_histograms(hits, others)


def test_a_table_of_few_scores_keeps_its_auc_exactly() -> None:
    """Each of up to 128 scores has a bin of its own."""
    values = [round(SCORE_ONE * (number / 128) ** 2) for number in range(128)]
    labels = [number * 37 % 5 > 1 for number in range(128)]
    sampler = OutcomeSampler.of_rows(
        weights=[1] * 128, labels=[int(each) for each in labels], scores=values, threshold=0.5
    )
    found = histogram_auc([sampler], np.array(labels, dtype=int), np.array(values))
    assert found == pytest.approx(roc_auc(np.array(labels, dtype=int), np.array(values)), abs=1e-12)


BETAS = {
    "clear": ((4, 2), (2, 4)),
    "rare events": ((2, 150), (1, 400)),
    "rarer events": ((2, 900), (1, 1000)),
    "all in the middle": ((300, 300), (290, 310)),
    "sure of nearly all": ((150, 2), (100, 2)),
}


def classifier(name: str) -> OutcomeSampler:
    positive, negative = ({"kind": "beta", "alpha": a, "beta": b} for a, b in BETAS[name])
    return Classifier(positive_scores=positive, negative_scores=negative).sampler({}, 0.5)


def scored(sampler: OutcomeSampler, words: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of as many requests of each class as there are words."""
    assert sampler.score_tables is not None
    values = [sampler.score_tables[label].draw(word[label]) for word in words for label in (0, 1)]
    return np.tile([0, 1], len(words)), np.array(values)


@pytest.mark.parametrize("name", BETAS)
def test_the_auc_of_any_scores_is_kept_to_a_thousandth(name: str) -> None:
    """On 20,000 scores of each class, against the AUC of the scores themselves."""
    sampler = classifier(name)
    labels, values = scored(sampler, Draws(1, 0).blocks(Purpose.OUTCOME, 1, 0, DRAWN).tolist())
    assert histogram_auc([sampler], labels, values) == pytest.approx(
        roc_auc(labels, values), abs=1e-3
    )


def test_variants_of_very_different_scores_share_the_bins() -> None:
    """Rare events beside scores in the middle and a clear classifier: each AUC within .002."""
    words = Draws(1, 0).blocks(Purpose.OUTCOME, 1, 0, DRAWN).tolist()
    samplers = [classifier(name) for name in BETAS]
    for sampler in samplers:
        labels, values = scored(sampler, words)
        assert histogram_auc(samplers, labels, values) == pytest.approx(
            roc_auc(labels, values), abs=2e-3
        )
