"""The walk-through's 120 rows: how often F1 picks the model that all 334 rows say is worse."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammaln

from simab.draws import Draws, Purpose, stream_of
from simab.profiles import OutcomeTable
from simab.profiles.quality import JointOutcomes
from simab.stats.goodness_of_fit import chi_square_shares
from tests.world.building import record, scenario, variant

ROWS, DRAWN = 334, 120
MODELS = ("model1", "model2")
SIZE = 1e-6


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, Any]]:
    """The labelled rows with both models' scores, as an outcome table holds them."""
    with (shared / "data" / "churn" / "churn_predictions.csv").open() as file:
        return [
            {
                "label": int(row["y_true"]),
                "scores": {model: float(row[f"score_{model}"]) for model in MODELS},
            }
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def cells(rows: list[dict[str, Any]]) -> list[int]:
    """Rows by what matters to the two F1: the cells of `winners`, then all others."""
    kinds = Counter(
        (row["label"], *(row["scores"][model] >= 0.5 for model in MODELS)) for row in rows
    )
    wrong_for_both = kinds[1, False, False] + kinds[0, True, True]
    counts = [kinds[1, True, True], kinds[1, True, False], kinds[1, False, True]]
    counts += [wrong_for_both, kinds[0, True, False], kinds[0, False, True]]
    return [*counts, kinds[0, False, False]]


def leads(counts: list[Any]) -> Any:
    """Positive where F1 of model 1 is larger, 0 where equal, negative where smaller.

    2 tp / (2 tp + wrong) is larger where tp x the other's wrong answers is: what both get right
    cancels. Counts: hits of both, of 1 only, of 2 only; wrong for both; false alarms of 1, of 2.
    """
    both, only_1, only_2, wrong, alarm_1, alarm_2 = counts
    wrong_1, wrong_2 = wrong + only_2 + alarm_1, wrong + only_1 + alarm_2
    return (both + only_1) * wrong_2 - (both + only_2) * wrong_1


def exact_shares(cells: list[int], *, replacement: bool) -> NDArray[np.float64]:
    """P(F1 picks model 1), P(model 2), P(tie): the sum over all counts of the six cells.

    With replacement the counts are multinomial, and those beyond nine standard deviations are
    left out, less than 1e-6 in all; without, they are hypergeometric, and all are summed.
    """
    used, rest = cells[:-1], cells[-1]
    tops = [
        min(cell, DRAWN)
        if not replacement
        else math.ceil(DRAWN * cell / ROWS + 9 * math.sqrt(DRAWN * cell / ROWS))
        for cell in used
    ]
    counts = np.ogrid[tuple(slice(0, top + 1) for top in tops)]
    others = DRAWN - sum(counts)
    possible = (others >= 0) & (others <= (DRAWN if replacement else rest))
    others = np.where(possible, others, 0)

    def log_ways(cell: int, count: NDArray[np.int64]) -> NDArray[np.float64]:
        if replacement:
            # a cell without rows has no count but 0
            return count * math.log(cell / ROWS if cell else 1) - gammaln(count + 1)
        return gammaln(cell + 1) - gammaln(count + 1) - gammaln(cell - count + 1)

    log_share = sum(log_ways(cell, count) for cell, count in zip(used, counts, strict=True))
    log_share = log_share + log_ways(rest, others)
    whole = (
        gammaln(DRAWN + 1)
        if replacement
        else -(gammaln(ROWS + 1) - gammaln(DRAWN + 1) - gammaln(ROWS - DRAWN + 1))
    )
    share = np.where(possible, np.exp(log_share + whole), 0.0)
    lead = np.broadcast_to(leads(list(counts)), share.shape)
    return np.array([share[lead > 0].sum(), share[lead < 0].sum(), share[lead == 0].sum()])


def shares_by_drawing(cells: list[int], *, replacement: bool) -> NDArray[np.float64]:
    """The same by a million draws of 120 rows with NumPy."""
    generator = np.random.default_rng(1)
    if replacement:
        drawn = generator.multinomial(DRAWN, np.array(cells) / ROWS, size=1_000_000)
    else:
        drawn = generator.multivariate_hypergeometric(cells, DRAWN, size=1_000_000)
    lead = leads(list(drawn.T[:-1]))
    return np.array([(lead > 0).mean(), (lead < 0).mean(), (lead == 0).mean()])


@pytest.mark.parametrize(
    ("replacement", "stated"),
    [(False, (0.5679, 0.2127, 0.2194)), (True, (0.5434, 0.2335, 0.2231))],
    ids=["without replacement", "with replacement"],
)
def test_f1_on_120_rows_picks_the_worse_model_in_a_fifth(
    cells: list[int], replacement: bool, stated: tuple[float, ...]
) -> None:
    """Model 1, model 2, tie: 56.79, 21.27, 21.94 % of the draws without replacement.

    These are the design's 57, 21 and 22 %. The simulator draws each request's row anew, with
    replacement: 54.34, 23.35, 22.31 %. Both from the exact sum, confirmed by 1,000,000 draws
    (chi-square, size 1e-6).
    """
    exact = exact_shares(cells, replacement=replacement)
    assert exact.sum() == pytest.approx(1.0, abs=1e-6)
    assert exact == pytest.approx(stated, abs=5e-5)
    by_drawing = shares_by_drawing(cells, replacement=replacement)
    assert chi_square_shares(by_drawing * 1_000_000, exact / exact.sum()).p_value > SIZE


def test_the_simulators_draws_have_the_shares_of_drawing_with_replacement(
    rows: list[dict[str, Any]], cells: list[int]
) -> None:
    """2,000 replications of 120 rows drawn as the world draws them: chi-square, size 1e-6.

    Without replacement the shares would differ by 2.5 points: chi-square would still pass at this
    size, so that the next test compares row by row.
    """
    table = OutcomeTable(rows=rows)
    one, two = (
        JointOutcomes(table="churn", column=model).sampler({"churn": table}, None)
        for model in MODELS
    )
    picks = Counter()
    for replication in range(2_000):
        words = Draws(1, replication).blocks(Purpose.OUTCOME, stream_of("users"), 0, DRAWN)
        row = np.searchsorted(one.thresholds, words[:, 0], side="right")
        label, right = one.labels[row] == 1, (one.correct[row] == 1, two.correct[row] == 1)
        hits, wrong = [np.sum(label & each) for each in right], [np.sum(~each) for each in right]
        lead = hits[0] * wrong[1] - hits[1] * wrong[0]
        picks[int(np.sign(lead))] += 1
    exact = exact_shares(cells, replacement=True)
    counts = [picks[1], picks[-1], picks[0]]
    assert chi_square_shares(counts, exact / exact.sum()).p_value > SIZE


def test_the_world_shows_both_models_the_rows_that_were_drawn(
    engine: str, rows: list[dict[str, Any]]
) -> None:
    """Paired requests carry row after row of the OUTCOME words, label and score as in the file."""
    quality = {"kind": "joint_table", "table": "churn"}
    plain = scenario(
        {model: variant(workers=50, quality=quality | {"column": model}) for model in MODELS},
        traffic={"users": {"rate": "20/s", "paired_targets": list(MODELS)}},
        outcome_tables={"churn": {"rows": rows}},
        horizon="30s",
    )
    for replication in range(5):
        requests = record(plain, engine, replication=replication).requests
        words = Draws(1, replication).blocks(Purpose.OUTCOME, stream_of("users"), 0, len(requests))
        for request in requests[requests["status"] == 200].itertuples():
            # rows are equally likely: the word's place among 334 equal parts
            row = rows[int(words[request.request // 2, 0]) * ROWS >> 64]
            assert request.variant == MODELS[request.request % 2]
            if request.label != -1:
                score = row["scores"][request.variant]
                assert request.label == row["label"]
                assert request.score == pytest.approx(score, abs=2.0**-31)
                assert request.correct == ((score >= 0.5) == (row["label"] == 1))
