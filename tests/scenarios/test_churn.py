"""scenarios/churn.yaml, the founding example: its table is the data, its study the rule's odds.

The odds are computed anew: rows drawn with replacement and compared in NumPy, without simab.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import simab
from simab.comparison import compare
from simab.explain import warnings
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED

RULES = {120: "most metrics after 120 rows", 334: "most metrics after 334 rows"}
HORIZONS = {120: "6min", 334: "14min"}
rules = pytest.mark.parametrize("drawn", [120, pytest.param(334, marks=pytest.mark.long)])
REPLICATIONS = 300
LIMIT = 4.0  # standard deviations


@pytest.fixture(scope="module")
def scenario(repository: Path) -> Scenario:
    """The scenario as shipped."""
    return simab.load(repository / "scenarios" / "churn.yaml")


def test_the_table_counts_the_published_rows(scenario: Scenario, shared: Path) -> None:
    """334 test rows of the walk-through, scored by its two published models; threshold 0.5."""
    counted: Counter[tuple[int, int, int]] = Counter()
    with (shared / "data" / "churn" / "churn_predictions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            predictions = (float(row[f"score_model{model}"]) >= 0.5 for model in (1, 2))
            counted[(int(row["y_true"]), *map(int, predictions))] += 1
    embedded = {
        (row.label, int(row.scores["model1"]), int(row.scores["model2"])): row.count
        for row in scenario.outcome_tables["churn"].rows
    }
    assert embedded == counted
    assert sum(embedded.values()) == 334


def majority(
    rows_of: dict[int, NDArray[np.int64]], *, ties_promote: bool = False
) -> NDArray[np.bool_]:
    """Whether Variant2 is ahead on more of the five metrics; each model's rows: (draws, kinds)."""
    metrics = []
    for model, rows in rows_of.items():
        label, positive = KINDS[:, 0] == 1, KINDS[:, model] == 1
        tp, fp, fn, tn = (
            rows[:, chosen].sum(axis=1)
            for chosen in (
                label & positive,
                ~label & positive,
                label & ~positive,
                ~label & ~positive,
            )
        )
        with np.errstate(invalid="ignore"):
            recall, specificity = tp / (tp + fn), tn / (tn + fp)
            metrics.append(
                [
                    (tp + tn) / rows.sum(axis=1),
                    tp / (tp + fp),
                    recall,
                    2 * tp / (2 * tp + fp + fn),
                    (recall + specificity) / 2,
                ]
            )
    first, second = (np.array(each) for each in metrics)
    ahead = (second > first).sum(axis=0) - (second < first).sum(axis=0)
    return ahead >= 0 if ties_promote else ahead > 0


# (label, prediction of model 1, prediction of model 2) and how many of the 334 rows are such.
KINDS = np.array([(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)])
COUNTS = np.array([282, 1, 3, 9, 2, 3, 34])


@cache
def odds(drawn: int, *, paired: bool = True, **rule: Any) -> float:
    """Probability that the rule takes Variant2 after so many rows drawn with replacement."""
    draw = np.random.default_rng(334)
    first, second = (draw.multinomial(drawn, COUNTS / 334, size=400_000) for _ in (1, 2))
    return float(majority({1: first, 2: first if paired else second}, **rule).mean())


@pytest.fixture(scope="module")
def promoted(scenario: Scenario) -> Callable[[int], float]:
    """How often the rule of so many rows promotes Variant2 in the simulation, played once.

    The runs end soon after the rows are there, at 59.14 a minute for two variants: what happens
    after the decision does not matter here.
    """

    @cache
    def share(drawn: int) -> float:
        description = scenario.model_dump(mode="json") | {"horizon": HORIZONS[drawn]}
        description["policies"] = {RULES[drawn]: description["policies"][RULES[drawn]]}
        short = Scenario.model_validate(description)
        rows = compare(short, worlds=[DESCRIBED], replications=REPLICATIONS, seed=1).outcomes
        assert (rows["verdict"] != "undecided").all()
        return float((rows["verdict"] == "promoted_candidate").mean())

    return share


def distance(share: float, expected: float) -> float:
    """In standard deviations of a share of so many replications."""
    return abs(share - expected) / np.sqrt(expected * (1 - expected) / REPLICATIONS)


@rules
def test_the_rule_promotes_as_often_as_drawing_rows_says(
    promoted: Callable[[int], float], drawn: int
) -> None:
    """z-test over replications: traffic, routing, labels and looks add nothing to the odds."""
    assert distance(promoted(drawn), odds(drawn)) < LIMIT


def test_giving_ties_to_the_candidate_would_be_noticed(promoted: Callable[[int], float]) -> None:
    """The z-test would say so."""
    assert distance(promoted(120), odds(120, ties_promote=True)) > LIMIT


@rules
def test_rows_of_its_own_for_each_model_would_be_noticed(
    promoted: Callable[[int], float], drawn: int
) -> None:
    """The z-test would say so."""
    assert distance(promoted(drawn), odds(drawn, paired=False)) > LIMIT


def test_f1_itself_has_the_published_odds() -> None:
    """Design, section 1: 120 of the 334 rows, F1 picks Variant1 57 %, Variant2 21 %, tie 22 %.

    Rows drawn without replacement there; the counts of each kind are then hypergeometric.
    """
    rows = np.random.default_rng(1).multivariate_hypergeometric(COUNTS, 120, size=200_000)
    tp = [rows[:, (KINDS[:, 0] == 1) & (KINDS[:, model] == 1)].sum(axis=1) for model in (1, 2)]
    predicted = [rows[:, KINDS[:, model] == 1].sum(axis=1) for model in (1, 2)]
    positives = rows[:, KINDS[:, 0] == 1].sum(axis=1)
    f1 = [2 * tp[model] / (predicted[model] + positives) for model in (0, 1)]
    shares = [np.mean(f1[0] > f1[1]), np.mean(f1[0] < f1[1]), np.mean(f1[0] == f1[1])]
    assert shares == pytest.approx([0.57, 0.21, 0.22], abs=0.01)


def test_the_schedule_promotes_whatever_it_sees(scenario: Scenario) -> None:
    """The walk-through's third step gives all traffic to Variant2, which is the worse one."""
    rows = compare(
        scenario, policies=["schedule 50/50, 25/75, 0/1"], worlds=[DESCRIBED], replications=3
    ).outcomes
    assert (rows["verdict"] == "promoted_candidate").all()
    assert not rows["correct"].any()
    assert (rows["weight_changes"] == 2).all()


@pytest.mark.parametrize("name", ["churn.yaml", "minimal.yaml"])
def test_shipped_scenarios_load_and_begin_with_their_question(repository: Path, name: str) -> None:
    """Each has a header: the question, and where its numbers come from (design, section 7)."""
    path = repository / "scenarios" / name
    loaded = simab.load(path)
    header = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
    assert "?" in " ".join(header)
    assert isinstance(warnings(loaded), tuple | list)
