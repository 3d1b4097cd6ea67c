"""What the labels of two variants tell together: as much as the harmonic mean of them in each."""

from __future__ import annotations

import math

from simab.policies.next_look import NextLook
from simab.policies.observation import Observation

__all__ = ["awaited_pairs", "labels_for_pairs"]


def labels_for_pairs(pairs: float, ratio: float) -> int:
    """Labels of the variant with fewer that tell as much; `ratio`: candidate to control."""
    return math.ceil(pairs * (1.0 + min(ratio, 1.0 / ratio)) / 2.0)


def awaited_pairs(pairs: float, observation: Observation) -> NextLook:
    """What so much information takes at least: no two variants give it with less.

    A harmonic mean is at most the mean, and at most twice the smaller.
    """
    control, candidate = observation.control, observation.candidate
    both, either = math.floor(2.0 * pairs), math.floor(pairs / 2.0)
    least = (((control, candidate), both - 1), ((control,), either), ((candidate,), either))
    return NextLook(labelled=least)
