"""What one request turns out to be: its label, the variant's score and whether the answer is right.

All kinds of quality take the same form, rows drawn by one 64-bit word: a joint table has its own
rows; a classifier has a positive and a negative row with a distribution of scores each; success has
a right and a wrong row without label and score; a numeric reward has an earning and an idle row,
with the reward in place of the score. Scores are whole numbers of 2**-30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import nan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.draws import own_word
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.rewards import RewardScale
from simab.stats.fixed_arrays import fixed

__all__ = [
    "NONE",
    "SCORE_BITS",
    "SCORE_CELLS",
    "SCORE_CELL_BITS",
    "SCORE_ONE",
    "OutcomeSampler",
    "RequestOutcome",
    "score_bins",
    "score_cell",
    "score_units",
    "threshold_units",
    "word_thresholds",
]

SCORE_BITS: Final = 30
SCORE_ONE: Final = 1 << SCORE_BITS
SCORE_CELL_BITS: Final = 7
SCORE_CELLS: Final = (SCORE_BITS - SCORE_CELL_BITS) << SCORE_CELL_BITS + 1
_POOLED: Final = 256  # quantiles of each distribution of scores
NONE: Final = -1
"""Stands for a label or score that does not exist."""


class RequestOutcome(NamedTuple):
    """Label 0, 1 or NONE; score in units of 2**-30 or NONE; correct 0, 1 or NONE.

    Of a numeric reward only the score is known: it holds the reward in units of its scale.
    """

    label: int
    score: int
    correct: int


@dataclass(frozen=True, eq=False)
class OutcomeSampler:
    """Outcomes as rows of positive share, drawn by where a word falls among the `thresholds`.

    `labels` and `scores` hold NONE where there is none; `score_tables[label]` gives the scores of
    rows whose score is drawn; a score of at least `threshold` (2**-30 units) predicts positive.
    Without labels, `correct` holds whether the row is a success. With `reward_scale` rows hold
    rewards for scores, and neither label nor `correct`; where a row has NONE, `reward_table` gives
    the reward. `reward_mean` is that of the answers that earn.
    """

    shares: tuple[Fraction, ...]
    labels: NDArray[np.int64]
    scores: NDArray[np.int64]
    correct: NDArray[np.int64]
    threshold: int
    score_tables: tuple[QuantileTable, QuantileTable] | None = None
    reward_table: QuantileTable | None = None
    reward_scale: RewardScale | None = None
    reward_mean: float = nan

    def __post_init__(self) -> None:
        """All runs of a study share the rows."""
        for name in ("labels", "scores", "correct"):
            object.__setattr__(self, name, fixed(getattr(self, name)))

    @classmethod
    def of_rows(
        cls,
        *,
        weights: Sequence[int],
        labels: Sequence[int],
        scores: Sequence[int],
        threshold: float,
    ) -> OutcomeSampler:
        """A joint table's column: rows with their counts, labels and scores (2**-30 units)."""
        cut = threshold_units(threshold)
        return cls(
            shares=tuple(Fraction(weight, sum(weights)) for weight in weights),
            labels=np.array(labels, dtype=np.int64),
            scores=np.array(scores, dtype=np.int64),
            correct=np.array(
                [
                    (score >= cut) == bool(label)
                    for label, score in zip(labels, scores, strict=True)
                ],
                dtype=np.int64,
            ),
            threshold=cut,
        )

    @classmethod
    def of_classifier(
        cls,
        *,
        positive_share: float,
        positive: QuantileTable,
        negative: QuantileTable,
        threshold: float,
    ) -> OutcomeSampler:
        """A classifier: the share of positives and the scores of either class."""
        rows = _possible([(Fraction(positive_share), 1), (1 - Fraction(positive_share), 0)])
        return cls(
            shares=tuple(share for share, _ in rows),
            labels=np.array([label for _, label in rows]),
            scores=np.full(len(rows), NONE),
            correct=np.full(len(rows), NONE),
            threshold=threshold_units(threshold),
            score_tables=(negative, positive),
        )

    @classmethod
    def of_success(cls, probability: float) -> OutcomeSampler:
        """Success with a probability."""
        rows = _possible([(Fraction(probability), 1), (1 - Fraction(probability), 0)])
        return cls(
            shares=tuple(share for share, _ in rows),
            labels=np.full(len(rows), NONE),
            scores=np.full(len(rows), NONE),
            correct=np.array([correct for _, correct in rows]),
            threshold=0,
        )

    @classmethod
    def of_rewards(
        cls, *, earning_share: float, mean: float, rewards: QuantileTable, scale: RewardScale
    ) -> OutcomeSampler:
        """A numeric reward: the share of answers that earn one, and what they earn."""
        earning = Fraction(earning_share)
        rows = [(earning, NONE)]
        if earning < 1:
            rows.append((1 - earning, scale.zero))
        return cls(
            shares=tuple(share for share, _ in rows),
            labels=np.full(len(rows), NONE),
            scores=np.array([units for _, units in rows]),
            correct=np.full(len(rows), NONE),
            threshold=0,
            reward_table=rewards,
            reward_scale=scale,
            reward_mean=mean,
        )

    @cached_property
    def thresholds(self) -> NDArray[np.uint64]:
        """Upper word of each row but the last, shape (rows - 1,)."""
        return word_thresholds(self.shares)

    @property
    def has_labels(self) -> bool:
        """Whether outcomes carry a label and a score; others have success or a reward alone."""
        return bool(self.labels[0] != NONE)

    def draw(
        self, row_word: int, score_word: int, salt: int, succeeds_below: int | None = None
    ) -> RequestOutcome:
        """The outcome of one request; `salt` separates this variant's own words from another's.

        Where clients differ, `succeeds_below` is the word below which this one has the first row.
        """
        if not self.has_labels:
            row_word = own_word(row_word, salt)
        row = int(np.searchsorted(self.thresholds, np.uint64(row_word), side="right"))
        if succeeds_below is not None:
            row = int(row_word >= succeeds_below)
        label, score = int(self.labels[row]), int(self.scores[row])
        if self.reward_table is not None and score == NONE:
            score = self.reward_table.draw(own_word(score_word, salt))
        if self.score_tables is None:
            return RequestOutcome(label, score, int(self.correct[row]))
        score = self.score_tables[label].draw(own_word(score_word, salt))
        return RequestOutcome(label, score, int((score >= self.threshold) == bool(label)))


def score_units(score: float) -> int:
    """A score from 0 to 1 in units of 2**-30."""
    return round(score * SCORE_ONE)


def threshold_units(threshold: float) -> int:
    """A threshold in units of 2**-30, rounded as scores are: one equal to it predicts positive.

    At least 1, so that a score of 0 never does.
    """
    return max(score_units(threshold), 1)


def score_cell(score: int) -> int:
    """The cell of a fixed grid that holds a score, rising with it, from 0 to SCORE_CELLS - 1.

    128 cells to an octave, from 0 upwards in the lower half and from 1 downwards in the upper: the
    scores of rare events, which all lie near 0, are distinguished as well as others.
    """
    from_end = min(score, SCORE_ONE - score)
    shift = max(from_end.bit_length() - SCORE_CELL_BITS - 1, 0)
    cell = (shift << SCORE_CELL_BITS) + (from_end >> shift)
    return cell if score <= SCORE_ONE - score else SCORE_CELLS - 1 - cell


def score_bins(samplers: Sequence[OutcomeSampler], bins: int) -> NDArray[np.uint8]:
    """The histogram bin of each cell, shape (SCORE_CELLS,), so that little is lost of an AUC.

    Where all scores lie in at most `bins` cells each of these has a bin of its own; otherwise the
    bins follow the quantiles of all classes of all variants together, each with the same weight.
    """
    pooled = sorted(cell for sampler in samplers for cell in _cells_of(sampler))
    starts = sorted(set(pooled))
    if len(starts) > bins:
        starts = sorted({pooled[part * len(pooled) // bins] for part in range(bins)})
    found = np.searchsorted(starts[1:], np.arange(SCORE_CELLS), side="right")
    return fixed(found.astype(np.uint8))


def _cells_of(sampler: OutcomeSampler) -> list[int]:
    """The cells of evenly spaced quantiles of both classes' scores, and of every score there is."""
    spaced = [(2 * part + 1) * 2**64 // (2 * _POOLED) for part in range(_POOLED)]
    if sampler.score_tables is not None:
        drawn = [table.draw(word) for table in sampler.score_tables for word in spaced]
        return [score_cell(score) for score in drawn]
    if not sampler.has_labels:
        return []
    cells = [score_cell(score) for score in sampler.scores.tolist()]
    for label in (0, 1):
        rows = np.flatnonzero(sampler.labels == label)
        rows = rows[np.argsort(sampler.scores[rows], kind="stable")]
        if rows.size:
            thresholds = word_thresholds(_normalised([sampler.shares[row] for row in rows]))
            found = rows[np.searchsorted(thresholds, np.array(spaced, np.uint64), side="right")]
            cells += [cells[row] for row in found]
    return cells


def _normalised(shares: Sequence[Fraction]) -> list[Fraction]:
    total = sum(shares, Fraction(0))
    return [share / total for share in shares]


def word_thresholds(shares: Sequence[Fraction]) -> NDArray[np.uint64]:
    """Where to cut the range of a 64-bit word so that each part has its share.

    Part i is chosen by words from threshold i - 1 up to, not including, threshold i; the last part
    goes on to the end. Leave out parts of share 0: then they are never chosen, exactly.
    """
    cuts, total = [], Fraction(0)
    for share in shares[:-1]:
        total += share
        cuts.append(min(int(total * 2**64), 2**64 - 1))
    return fixed(np.array(cuts, dtype=np.uint64))


def _possible(rows: Sequence[tuple[Fraction, int]]) -> list[tuple[Fraction, int]]:
    return [(share, value) for share, value in rows if share > 0]
