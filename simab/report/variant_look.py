"""How a variant looks in every figure: colour, dash and marker."""

from __future__ import annotations

from typing import NamedTuple

from simab.report.palette import LIGHT
from simab.result import TruthSummary

__all__ = ["VariantLook", "look_of"]


class VariantLook(NamedTuple):
    """How the lines and marks of a variant are drawn."""

    colour: str
    dash: tuple[float, ...]
    marker: str


def look_of(variant: str, truth: TruthSummary) -> VariantLook:
    """Control and candidate always look the same; any other variant is grey."""
    if variant == truth.control:
        return VariantLook(LIGHT["blue"], (), "o")
    if variant == truth.candidate:
        return VariantLook(LIGHT["vermillion"], (7, 2.5), "s")
    return VariantLook(LIGHT["soft"], (2, 2), "^")
