"""How good a variant's answers are, as a scenario file describes it.

Four kinds: a column of a joint outcome table (several models scored the same rows), a binary
classifier given by the scores of positives and negatives, plain success with a probability, and a
numeric reward.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simab.description import Description, Share
from simab.errors import InvalidInput
from simab.profiles.outcomes import SCORE_ONE, OutcomeSampler, score_units, threshold_units
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.rewards import RewardDistribution, tabulated_rewards

__all__ = [
    "BetaScores",
    "Classifier",
    "JointOutcomes",
    "NumericReward",
    "OutcomeRow",
    "OutcomeTable",
    "QualityProfile",
    "QuantileScores",
    "ScoreDistribution",
    "Success",
    "rows_that_differ",
]

Floats = NDArray[np.float64]


class OutcomeRow(Description):
    """Rows of labelled data that every model scored alike, and how many there are."""

    label: Annotated[int, Field(ge=0, le=1)]
    """Ground truth: 1 for the positive class, 0 for the negative."""
    scores: dict[str, Annotated[float, Field(ge=0, le=1)]]
    """Each model's score from 0 to 1; a bare prediction is a score of 0 or 1."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many such rows the data has."""


class OutcomeTable(Description):
    """A joint outcome table: what several models answered on the same labelled rows."""

    rows: Annotated[tuple[OutcomeRow, ...], Field(min_length=1)]
    """The distinct rows."""

    @model_validator(mode="after")
    def _same_columns(self) -> OutcomeTable:
        columns = set(self.rows[0].scores)
        for number, row in enumerate(self.rows):
            if set(row.scores) != columns:
                odd = ", ".join(sorted(columns ^ set(row.scores)))
                raise InvalidInput(
                    f"row {number} and row 0 do not both score {odd}; "
                    "give every row a score of every model"
                )
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The models that scored the rows."""
        return tuple(self.rows[0].scores)


class _Kind(Description, ABC):
    """A kind of quality, final once it can be sampled."""

    @abstractmethod
    def sampler(
        self, tables: dict[str, OutcomeTable], positive_share: float | None
    ) -> OutcomeSampler:
        """What one word (and a second for the score) says of a request's outcome."""


class JointOutcomes(_Kind):
    """One column of a joint outcome table: a request is a row, drawn with replacement."""

    kind: Literal["joint_table"] = "joint_table"
    table: str
    """Name of the table under `outcome_tables`."""
    column: str
    """Which model's column of the table this variant is."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """A score of at least this is a positive prediction."""

    def sampler(
        self, tables: dict[str, OutcomeTable], positive_share: float | None
    ) -> OutcomeSampler:
        rows = tables[self.table].rows
        return OutcomeSampler.of_rows(
            weights=[row.count for row in rows],
            labels=[row.label for row in rows],
            scores=[score_units(row.scores[self.column]) for row in rows],
            threshold=self.threshold,
        )


def rows_that_differ(
    qualities: Sequence[object], tables: Mapping[str, OutcomeTable]
) -> tuple[int, int]:
    """Rows of the table by which all answer, and on how many not all decide alike; 0 of no table.

    What is true of such variants was measured on so few rows.
    """
    joint = [each for each in qualities if isinstance(each, JointOutcomes)]
    if len(joint) < len(qualities) or len({each.table for each in joint}) != 1:
        return 0, 0
    rows = tables[joint[0].table].rows
    differ = 0
    for row in rows:
        decisions = {
            score_units(row.scores[each.column]) >= threshold_units(each.threshold)
            for each in joint
        }
        differ += row.count if len(decisions) > 1 else 0
    return sum(row.count for row in rows), differ


class BetaScores(Description):
    """Scores with a beta distribution: mean alpha / (alpha + beta)."""

    kind: Literal["beta"] = "beta"
    alpha: Annotated[float, Field(gt=0, le=1000)]
    """First shape: larger moves the scores up."""
    beta: Annotated[float, Field(gt=0, le=1000)]
    """Second shape: larger moves the scores down."""

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Scores exceeded with probability `survival`, elementwise."""
        from scipy.special import betaincinv

        # 1 - the quantile of the mirrored distribution keeps the upper tail exact
        mirrored: Floats = betaincinv(self.beta, self.alpha, survival)
        return 1.0 - mirrored


class QuantileScores(Description):
    """Scores by equally spaced quantiles, from smallest to largest, joined by straight lines."""

    kind: Literal["quantiles"] = "quantiles"
    values: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=2, max_length=10_001)
    ]
    """Rising scores: 11 values are the minimum, the nine deciles and the maximum."""

    @model_validator(mode="after")
    def _rising(self) -> QuantileScores:
        if list(self.values) != sorted(self.values):
            raise InvalidInput("quantiles rise from the smallest to the largest; sort the values")
        return self

    def quantile_of_survival(self, survival: Floats) -> Floats:
        """Scores exceeded with probability `survival`, elementwise."""
        return np.interp(1.0 - survival, np.linspace(0.0, 1.0, len(self.values)), self.values)


ScoreDistribution = Annotated[BetaScores | QuantileScores, Field(discriminator="kind")]
"""How a classifier's scores spread over one class."""


class Classifier(_Kind):
    """A binary classifier: how it scores positives and negatives, and where it draws the line."""

    kind: Literal["classifier"] = "classifier"
    positive_scores: ScoreDistribution
    """Scores of requests whose label is 1."""
    negative_scores: ScoreDistribution
    """Scores of requests whose label is 0."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """A score of at least this is a positive prediction."""

    def sampler(
        self, tables: dict[str, OutcomeTable], positive_share: float | None
    ) -> OutcomeSampler:
        if positive_share is None:
            raise InvalidInput("a classifier needs labels.positive_share; add it under labels")
        return OutcomeSampler.of_classifier(
            positive_share=positive_share,
            positive=_score_table(self.positive_scores),
            negative=_score_table(self.negative_scores),
            threshold=self.threshold,
        )


class Success(_Kind):
    """Each answer turns out right with a fixed probability: a click, a purchase, a right class."""

    kind: Literal["success"] = "success"
    probability: Share
    """Probability that an answer is a success."""

    def sampler(
        self, tables: dict[str, OutcomeTable], positive_share: float | None
    ) -> OutcomeSampler:
        return OutcomeSampler.of_success(self.probability)


class NumericReward(_Kind):
    """Each answer earns a number: the value of an order, minutes watched, a rating.

    With `earning_share` below 1 many earn exactly 0 (zero-inflated), as visitors who order nothing.
    """

    kind: Literal["numeric_reward"] = "numeric_reward"
    distribution: RewardDistribution
    """What the answers earn that earn anything."""
    earning_share: Annotated[Share, Field(gt=0)] = 1.0
    """Share of answers that earn anything; the others earn exactly 0."""

    @property
    def smallest(self) -> float:
        """The least that an answer can earn."""
        least = float(self.distribution.quantile_of_survival(np.ones(1))[0])
        return least if self.earning_share == 1.0 else min(least, 0.0)

    def sampler(
        self, tables: dict[str, OutcomeTable], positive_share: float | None
    ) -> OutcomeSampler:
        return self.sampler_up_to(1.0)

    def sampler_up_to(self, largest_factor: float) -> OutcomeSampler:
        """The same where clients' rewards are multiplied by up to so much."""
        table, scale = tabulated_rewards(
            self.distribution,
            with_zero=self.earning_share < 1.0,
            largest_factor=largest_factor,
        )
        return OutcomeSampler.of_rewards(
            earning_share=self.earning_share,
            mean=self.distribution.mean_reward,
            rewards=table,
            scale=scale,
        )


def _score_table(scores: BetaScores | QuantileScores) -> QuantileTable:
    return QuantileTable.build(lambda survival: scores.quantile_of_survival(survival) * SCORE_ONE)


QualityProfile = Annotated[
    JointOutcomes | Classifier | Success | NumericReward, Field(discriminator="kind")
]
"""Any of the four kinds; `kind` says which in a file."""
