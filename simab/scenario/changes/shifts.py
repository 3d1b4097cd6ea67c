"""Qualities better or worse by an amount: success probabilities, rewards and classifiers.

Each has one natural direction. A probability and a mean reward are moved by the amount itself. Of a
classifier the odds of the scores are multiplied, those of positives up and of negatives down.
"""

from __future__ import annotations

from fractions import Fraction
from math import exp
from typing import Any, Final

from simab.profiles.quality import (
    BetaScores,
    Classifier,
    NumericReward,
    QuantileScores,
    Success,
)

__all__ = ["shifted_classifier", "shifted_reward", "shifted_success"]

_LARGEST_SHAPE: Final = 1000.0


def shifted_success(quality: Success, effect: float) -> Success:
    """Success with a probability that is higher by `effect`.

    Raises:
        ValueError: that is not a probability.
    """
    return Success(probability=_sum(quality.probability, effect))


def shifted_reward(quality: NumericReward, effect: float, towards: NumericReward) -> NumericReward:
    """A reward whose mean, over all answers, is higher by `effect`.

    Where the one it is compared with, `towards`, differs in nothing but the share of answers that
    earn, this share is moved, else the mean of what they earn: a lognormal keeps its cv, a
    Pareto its tail, a normal its spread, quantiles are multiplied, or moved where some lie below 0.

    Raises:
        ValueError: no reward of this kind has that mean.
    """
    distribution = quality.distribution
    mean, share = distribution.mean_reward, quality.earning_share
    if distribution == towards.distribution and share != towards.earning_share and mean:
        moved = float(Fraction(str(share)) + Fraction(str(effect)) / Fraction(str(mean)))
        return NumericReward(distribution=distribution, earning_share=moved)
    step = float(Fraction(str(effect)) / Fraction(str(share)))
    fields: dict[str, Any] = distribution.model_dump()
    if "mean" in fields:
        fields["mean"] = _sum(mean, step)
    elif fields["values"][0] >= 0 and mean + step > 0:
        fields["values"] = tuple(each * ((mean + step) / mean) for each in fields["values"])
    else:
        fields["values"] = tuple(each + step for each in fields["values"])
    return NumericReward(distribution=type(distribution)(**fields), earning_share=share)


def shifted_classifier(quality: Classifier, log_odds: float, *, apart: bool) -> Classifier:
    """A classifier whose scores have other odds: of positives exp(log_odds) times as large.

    Of negatives they are so much smaller if the classes are pulled `apart`, so that every metric of
    right and wrong answers improves with `log_odds`; else larger as well.
    """
    return Classifier(
        positive_scores=_with_odds(quality.positive_scores, exp(log_odds)),
        negative_scores=_with_odds(quality.negative_scores, exp(-log_odds if apart else log_odds)),
        threshold=quality.threshold,
    )


def _with_odds(scores: BetaScores | QuantileScores, times: float) -> BetaScores | QuantileScores:
    """Scores moved up, or down, within 0 to 1: of quantiles the odds, of a beta the mean's."""
    if isinstance(scores, BetaScores):
        root = times**0.5
        return BetaScores(
            alpha=min(scores.alpha * root, _LARGEST_SHAPE),
            beta=min(scores.beta / root, _LARGEST_SHAPE),
        )
    moved = [score * times / (1.0 - score + score * times) for score in scores.values]
    return QuantileScores(values=tuple(sorted(min(each, 1.0) for each in moved)))


def _sum(value: float, step: float) -> float:
    """The sum as people would write it: 0.9 and 0.02 are 0.92."""
    return float(Fraction(str(value)) + Fraction(str(step)))
