"""One look on the way of a fixed-sample test: to give up, or to go on to a larger sample."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, Description, Share, is_absent
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.conditional_power import conditional_power, current_trend, predictive_power
from simab.stats.interval import normal_quantile
from simab.stats.sample_size_reestimation import (
    SampleSizes,
    blinded_sample_size,
    promising_zone,
    weighted_z,
)

__all__ = [
    "Assumption",
    "Interim",
    "InterimLook",
    "Levels",
    "power_in_the_end",
    "require_a_limit",
]

Assumption: TypeAlias = Literal["trend", "plan", "uncertain"]


class Interim(NamedTuple):
    """What an interim look leaves: its z, the pairs seen, the plan and the size to go on to.

    Sizes are labelled requests of the variant with fewer; `fraction` is of the planned one.
    """

    z: float
    pairs: float
    fraction: float
    size: float

    def final_z(self, z: float, pairs: float) -> float:
        """The z of both parts, weighed as planned, from that of all labels at the end.

        z sqrt(pairs) grows by independent parts, so that the new part alone has what it grew by.
        Where the interim look had no z, that of all labels.
        """
        if math.isnan(self.z) or not pairs > self.pairs:
            return z
        grown = z * math.sqrt(pairs) - self.z * math.sqrt(self.pairs)
        return weighted_z(self.z, grown / math.sqrt(pairs - self.pairs), self.fraction)


def power_in_the_end(
    z: float,
    fraction: float,
    bound: float,
    assuming: Assumption,
    planned_drift: float = math.nan,
) -> float:
    """Probability that the test at the end is significant, by what is taken for the effect.

    `trend`: the effect seen so far; `plan`: the planned one; `uncertain`: averaged over what the
    labels leave open. NaN where z is.
    """
    if assuming == "uncertain":
        return predictive_power(z, fraction, bound)
    drift = planned_drift if assuming == "plan" else current_trend(z, fraction)
    return conditional_power(z, fraction, bound, drift)


def require_a_limit(gives_up_below: float | None, assuming: Assumption) -> None:
    """Refuse an assumption that no probability is found by: InvalidInput.

    The default stands in what is written out, so that only another value can have been meant.
    """
    if gives_up_below is None and assuming != "trend":
        raise InvalidInput(
            f"assuming: {assuming} is for gives_up_below, which is not given; "
            "add gives_up_below, such as 0.1, or leave assuming out"
        )


class Levels(NamedTuple):
    """One-sided alpha and power of the plan, and the baseline and effect where it has them."""

    alpha: float
    power: float
    shares: tuple[float, float] | None = None


class InterimLook(Description):
    """A look at a part of the sample, at which nothing can be promoted."""

    at: Annotated[Share, Field(gt=0, lt=1)]
    """The part of the sample at which to look."""
    gives_up_below: Annotated[
        float | None, Field(ge=SMALLEST_ERROR, lt=1, exclude_if=is_absent)
    ] = None
    """Keep the control where the probability that the test will promote is below this; 0.1 is
    usual. It does not bind: the level holds for those who go on all the same."""
    assuming: Assumption = "trend"
    """What that probability takes for the effect: the one seen (`trend`), the one that the sample
    was planned for with `power` (`plan`), or what the labels leave open (`uncertain`)."""
    largest: Annotated[int | None, Field(ge=2, exclude_if=is_absent)] = None
    """The most labelled requests of the variant with fewer, if the look may enlarge the sample."""
    enlarges_by: Literal["trend", "variance"] = "trend"
    """What the larger sample follows. `trend`: where the effect seen is promising, what it takes to
    find it with `power` (Mehta and Pocock, 2011); the test at the end weighs both parts as planned
    (Cui, Hung and Wang, 1999), which keeps the level. `variance`: the variance of all answers,
    variants unknown, against that of `baseline` and `effect` (Gould and Shih, 1992)."""

    @model_validator(mode="after")
    def _does_something(self) -> InterimLook:
        if self.gives_up_below is None and self.largest is None:
            raise InvalidInput(
                "the interim look decides nothing; give gives_up_below, such as 0.1, or largest"
            )
        require_a_limit(self.gives_up_below, self.assuming)
        if self.largest is None and self.enlarges_by != "trend":
            raise InvalidInput(
                f"enlarges_by: {self.enlarges_by} is for largest, which is not given; "
                "add largest, the most labels of a variant, or leave enlarges_by out"
            )
        return self

    def enlarged(self, seen: Evidence, z: float, sizes: SampleSizes, levels: Levels) -> float:
        """The size to go on to, from the planned one to the largest."""
        if self.enlarges_by == "variance":
            assert levels.shares is not None
            assert isinstance(seen, ProportionEvidence)
            size = _by_variance(seen, sizes.planned, *levels.shares)
            return min(max(size, sizes.planned), sizes.largest)
        return promising_zone(z, sizes, alpha=levels.alpha, power=levels.power).size

    def looked(self, seen: Evidence, planned: float, levels: Levels) -> tuple[Interim, float]:
        """What the look leaves, and the probability that the test will promote."""
        z, fraction = seen.test().z, seen.smaller / planned
        interim = Interim(z, seen.pairs, fraction, planned)
        if math.isnan(z):
            return interim, math.nan
        bound = normal_quantile(1.0 - levels.alpha)
        drift = bound + normal_quantile(levels.power)
        found = power_in_the_end(z, fraction, bound, self.assuming, drift)
        if self.largest is None:
            return interim, found
        sizes = SampleSizes(seen.smaller, planned, max(planned, self.largest))
        return interim._replace(size=self.enlarged(seen, z, sizes, levels)), found


def _by_variance(seen: ProportionEvidence, planned: float, baseline: float, effect: float) -> float:
    """The planned size times the variance seen over the planned one, within the variants.

    Both are of all answers together, less what the planned effect makes of it.
    """
    counts = seen.shares
    labels = counts.control_total + counts.candidate_total
    part = counts.candidate_total / labels
    between = part * (1.0 - part) * effect * effect
    together, found = baseline + part * effect, (counts[0] + counts[2]) / labels
    variance = found * (1.0 - found) - between
    if not variance > 0.0:
        return planned
    return blinded_sample_size(planned, together * (1.0 - together) - between, variance)
