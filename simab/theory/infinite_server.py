"""Requests in service when nobody waits and the rate varies with time: M(t)/G/infinity."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from simab.errors import InvalidInput
from simab.theory.checks import require_not_negative

__all__ = ["mean_in_service"]


def mean_in_service(
    rate_per_s: Callable[[float], float],
    survival: Callable[[float], float],
    at_s: float,
    *,
    breaks_s: Sequence[float] = (),
) -> float:
    """Mean number in service at `at_s`, for a system empty at 0; the number is Poisson.

    The integral from 0 to `at_s` of rate(u) P(service > at_s - u) du (Eick, Massey and Whitt 1993,
    Operations Research 41:731). `rate_per_s` and `survival` take seconds; `breaks_s` are the
    instants where either jumps (for a service of constant length d that is at_s - d), between
    which both are smooth. Raises InvalidInput for a negative time, or an integral that does not
    settle to 1e-8 of itself.
    """
    from scipy.integrate import quad

    require_not_negative("at_s", at_s)
    ends = sorted({0.0, at_s, *(instant for instant in breaks_s if 0.0 < instant < at_s)})
    total, error = 0.0, 0.0
    for start_s, end_s in pairwise(ends):
        piece, piece_error, *_ = quad(
            lambda instant_s: rate_per_s(instant_s) * survival(at_s - instant_s),
            start_s,
            end_s,
            epsabs=0.0,
            epsrel=1e-11,
            limit=500,
            full_output=True,
        )
        total, error = total + piece, error + piece_error
    if not (math.isfinite(total) and error <= 1e-8 * abs(total)):
        raise InvalidInput(
            f"rate_per_s and survival: their integral {total!r} is uncertain by {error!r}. "
            "Name in breaks_s the instants where either jumps or bends."
        )
    return float(total)
