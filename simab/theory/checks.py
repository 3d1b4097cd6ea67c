"""What the closed forms refuse before they start: each refusal says field, value, rule, remedy."""

from __future__ import annotations

import math

from simab.errors import InvalidInput

__all__ = ["require_count", "require_not_negative", "require_positive", "require_quantile_share"]


def require_positive(field: str, value: float) -> None:
    """Refuse what is not a finite number above 0."""
    if not (math.isfinite(value) and value > 0.0):
        raise InvalidInput(
            f"{field} = {value!r}: must be a finite number above 0. "
            "Rates are per second and durations in seconds."
        )


def require_not_negative(field: str, value: float) -> None:
    """Refuse what is not a finite number of at least 0."""
    if not (math.isfinite(value) and value >= 0.0):
        raise InvalidInput(
            f"{field} = {value!r}: must be a finite number of at least 0. "
            "Rates are per second and durations in seconds."
        )


def require_count(field: str, value: int, *, least: int = 1) -> None:
    """Refuse what is not a whole number of at least `least`."""
    if value != math.floor(value) or value < least:
        raise InvalidInput(
            f"{field} = {value!r}: must be a whole number of at least {least}. "
            "Count the workers, places or clients."
        )


def require_quantile_share(field: str, value: float) -> None:
    """Refuse a quantile's share outside [0, 1)."""
    if not 0.0 <= value < 1.0:
        raise InvalidInput(
            f"{field} = {value!r}: must be at least 0 and below 1. Give 0.99 for the p99."
        )
