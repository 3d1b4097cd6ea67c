"""A larger sample after a look: by the variance seen, or where the result is promising.

Promising zone: Mehta and Pocock 2011 (Statistics in Medicine 30:3267). What is seen of the
difference may decide the sample only if the final statistic allows for it: that of Cui, Hung and
Wang 1999 (Biometrics 55:853) weighs both parts as they were planned. Sizes are of the whole test in
any unit of information; large z is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from simab.errors import InvalidInput
from simab.stats.checks import require_level
from simab.stats.conditional_power import conditional_power, current_trend
from simab.stats.interval import normal_quantile

__all__ = [
    "PromisingZone",
    "SampleSizes",
    "Zone",
    "blinded_sample_size",
    "least_promising_power",
    "promising_zone",
    "weighted_z",
]

Zone = Literal["unfavorable", "promising", "favorable"]
_STEPS: Final = 400
_HALVINGS: Final = 50
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class SampleSizes:
    """Of the whole test: what a look has seen, what is planned, and the most that can be had."""

    seen: float
    planned: float
    largest: float

    def __post_init__(self) -> None:
        """Refuse sizes that do not rise."""
        if not 0.0 < self.seen < self.planned <= self.largest:
            raise InvalidInput(
                f"seen = {self.seen!r}, planned = {self.planned!r}, largest = {self.largest!r}: "
                "must rise from above 0. Look before the planned end, and name a largest size of "
                "at least that."
            )

    @property
    def fraction(self) -> float:
        """Of the planned size, what has been seen."""
        return self.seen / self.planned


@dataclass(frozen=True, slots=True)
class PromisingZone:
    """A look's zone, its conditional power at the current trend, and the size to go on to."""

    zone: Zone
    conditional_power: float
    size: float


def blinded_sample_size(
    planned_size: float, planned_variance: float, seen_variance: float
) -> float:
    """The size that keeps the planned power with the variance seen: planned size x their ratio.

    `seen_variance` is of all values together, arms unknown, less difference^2 / 4 of the planned
    difference for equal arms (Gould and Shih 1992); what is seen of the difference plays no part,
    and the test at the end is the usual one. Raises InvalidInput for a size or variance not above 0
    and finite.
    """
    for field, value in (
        ("planned_size", planned_size),
        ("planned_variance", planned_variance),
        ("seen_variance", seen_variance),
    ):
        _require_above_zero(field, value)
    return planned_size * seen_variance / planned_variance


def promising_zone(
    z: float,
    sizes: SampleSizes,
    *,
    alpha: float = 0.025,
    power: float = 0.8,
    least_power: float | None = None,
) -> PromisingZone:
    """The size after a look at z, from the planned to the largest one.

    By conditional power at the current trend: from `power` on favorable, and below `least_power`
    unfavorable, both of which leave the size as it is; between them it rises to what conditional
    power asks for (Mehta and Pocock 2011). By default `least_power` is
    `least_promising_power`, so that even the usual z keeps alpha; `weighted_z` keeps it for any.
    Raises InvalidInput for levels not strictly between 0 and 1, or a least power outside 0 to 1.
    """
    require_level("alpha", alpha)
    require_level("power", power)
    bound = normal_quantile(1.0 - alpha)
    if least_power is None:
        least_power = least_promising_power(sizes, alpha=alpha, power=power)
    if not 0.0 <= least_power <= 1.0:
        raise InvalidInput(
            f"least_power = {least_power!r}: must lie between 0 and 1. Give a share such as 0.36."
        )
    now = conditional_power(z, sizes.fraction, bound, current_trend(z, sizes.fraction))
    if now >= power:
        return PromisingZone("favorable", now, sizes.planned)
    if now < least_power or z <= 0.0:
        return PromisingZone("unfavorable", now, sizes.planned)
    return PromisingZone("promising", now, _enlarged(z, sizes, bound, power))


def least_promising_power(sizes: SampleSizes, *, alpha: float = 0.025, power: float = 0.8) -> float:
    """The smallest conditional power from which the usual test keeps alpha with a larger sample.

    Where the exact bound of the enlarged test (Gao, Ware and Mehta 2008), which gives
    the new sample the planned one's conditional error, is not above the usual one. For power .8 and
    half seen .41 and .36, with a largest sample of 1.5 and 2 times the planned one (Mehta and
    Pocock 2011, table I). Raises InvalidInput as `promising_zone`.
    """
    require_level("alpha", alpha)
    require_level("power", power)
    bound = normal_quantile(1.0 - alpha)
    fraction = sizes.fraction

    def excess(z: float) -> float:
        """How far the exact bound lies above the usual one at this look."""
        return _exact_bound(z, sizes, _enlarged(z, sizes, bound, power), bound) - bound

    # Down from the favorable zone to where the exact bound first rises above the usual one.
    inside = _z_of_conditional_power(power, fraction, bound)
    step = inside / _STEPS
    outside = next(
        (inside - k * step for k in range(1, _STEPS) if excess(inside - k * step) > _ROUNDING), step
    )
    inside = min(outside + step, inside)
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2.0
        if excess(middle) > _ROUNDING:
            outside = middle
        else:
            inside = middle
    return conditional_power(inside, fraction, bound, current_trend(inside, fraction))


def weighted_z(z_seen: float, z_rest: float, fraction: float) -> float:
    """sqrt(t) z of the first part + sqrt(1 - t) z of the rest alone, t the fraction as planned.

    Standard normal without an effect however the size of the rest was chosen, for the weights do
    not follow it (Cui, Hung and Wang 1999). Raises InvalidInput for a fraction not strictly between
    0 and 1.
    """
    require_level("fraction", fraction)
    return math.sqrt(fraction) * z_seen + math.sqrt(1.0 - fraction) * z_rest


def _enlarged(z: float, sizes: SampleSizes, bound: float, power: float) -> float:
    """The size at which the weighted test has this conditional power at the trend, within limits.

    The rest's z has the trend z / sqrt(seen) times the root of its size as its mean.
    """
    fraction = sizes.fraction
    needed = (bound - z * math.sqrt(fraction)) / math.sqrt(1.0 - fraction)
    root = max(needed + normal_quantile(power), 0.0) * math.sqrt(sizes.seen) / z
    return min(max(sizes.seen + root * root, sizes.planned), sizes.largest)


def _exact_bound(z: float, sizes: SampleSizes, size: float, bound: float) -> float:
    """The bound for the usual z of all `size` that keeps alpha, given this look."""
    rest = math.sqrt((size - sizes.seen) / (sizes.planned - sizes.seen))
    missing = bound * math.sqrt(sizes.planned) - z * math.sqrt(sizes.seen)
    return (rest * missing + z * math.sqrt(sizes.seen)) / math.sqrt(size)


def _z_of_conditional_power(power: float, fraction: float, bound: float) -> float:
    """The z at which conditional power at the current trend is `power`."""
    root = math.sqrt(fraction)
    return root * (bound + normal_quantile(power) * math.sqrt(1.0 - fraction))


def _require_above_zero(field: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise InvalidInput(
            f"{field} = {value!r}: must be above 0 and finite. "
            "Give sizes in requests or users, and variances of single values."
        )
