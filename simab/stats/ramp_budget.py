"""How many requests a new variant may have before its harm is likely to exceed a budget.

Harm is what is lost against the old variant, a request at a time; what one loses on average is
known by a normal law. The idea of Li, Mao and Bojinov 2023 (arXiv 2305.09626, known here from its
abstract): the size of a step is solved for in closed form, by inverting the probability that the
budget is used up.
"""

from __future__ import annotations

import math

from simab.errors import InvalidInput
from simab.stats.bayes import Normal
from simab.stats.interval import normal_quantile

__all__ = ["largest_exposure"]


def largest_exposure(
    budget: float,
    loss: Normal,
    *,
    exposed: float,
    known: float,
    spread: float,
    risk: float,
) -> float:
    """Requests beyond those `exposed` up to which the budget is exceeded with `risk` at most.

    With N requests in all the harm is normal with mean N m and variance N^2 s^2 + (N - known) v^2:
    m and s are those of the loss per request, v is the spread of one answer's value, and the values
    of the `known` answers are in the loss already. So N is the first root of
    budget - N m = z sqrt(N^2 s^2 + (N - known) v^2); 0 is answered where the budget is at risk as
    it is, and infinity where it never will be. Raises InvalidInput for a budget or spread not above
    0, a risk not in (0, 0.5), or more known than exposed.
    """
    if not (budget > 0.0 and spread > 0.0 and 0.0 < risk < 0.5 and 0.0 <= known <= exposed):
        raise InvalidInput(
            f"budget = {budget!r}, spread = {spread!r}, risk = {risk!r}, known = {known!r} of "
            f"{exposed!r}: must be above 0, the risk below 0.5, and no more known than exposed. "
            "Give a budget in units of the metric, such as 50 lost answers, and a risk such as 5%."
        )
    z, m, s = normal_quantile(1.0 - risk), loss.mean, loss.standard_deviation
    noise = (z * spread) ** 2

    def is_safe(total: float) -> bool:
        at_risk = math.sqrt((z * s * total) ** 2 + noise * max(total - known, 0.0))
        return budget - total * m >= at_risk

    if not is_safe(exposed):
        return 0.0
    # Squared: a N^2 + b N + c = 0, of which the roots with budget < N m are of the other sign.
    a, b, c = m * m - (z * s) ** 2, -(2.0 * budget * m + noise), budget**2 + noise * known
    roots = [each for each in _roots(a, b, c) if each >= exposed and budget - each * m >= 0.0]
    return min(roots, default=math.inf) - exposed


def _roots(a: float, b: float, c: float) -> list[float]:
    """The real roots, without loss of digits where one is far smaller than the other."""
    inside = b * b - 4.0 * a * c
    if inside < 0.0:
        return []
    half = -(b + math.copysign(math.sqrt(inside), b)) / 2.0
    return [over / under for over, under in ((half, a), (c, half)) if under]
