"""Every colour of the page, once, as CSS variables for light and dark; and who wears which.

Figures are drawn in the light colours and then refer to the variables, so they follow the theme.
The colours are Okabe and Ito's, darkened for light paper and lightened for dark until each has a
contrast of 3 to 1. Nothing is shown by colour alone: lines differ in dash and marker, bars in
hatching and words.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["COLOURS", "Colour", "Style", "style"]


class Colour(NamedTuple):
    """A CSS variable and its values."""

    variable: str
    light: str
    dark: str


COLOURS: Final = (
    Colour("paper", "#fffffe", "#15181b"),
    Colour("shade", "#f5f6f7", "#1d2125"),
    Colour("ink", "#1c2024", "#e7e9eb"),
    Colour("soft", "#59626b", "#a3abb3"),
    Colour("rule", "#d5dadf", "#3a4148"),
    Colour("grid", "#e6e9ec", "#2b3136"),
    Colour("blue", "#0072b2", "#56a8dc"),
    Colour("vermillion", "#c25400", "#f08a3c"),
    Colour("green", "#007f5f", "#2fbf95"),
    Colour("purple", "#a84e80", "#dd9cc0"),
    Colour("orange", "#a87000", "#e6ae3a"),
    Colour("sky", "#2c84b8", "#8ccbf0"),
    Colour("brown", "#7a5c3e", "#c8a887"),
)

LIGHT: Final = {colour.variable: colour.light for colour in COLOURS}


class Style(NamedTuple):
    """How one line is drawn, so that it differs from the others without colour."""

    colour: str
    dash: tuple[float, ...]
    marker: str


_LINE_COLOURS: Final = ("blue", "vermillion", "green", "purple", "orange", "sky", "brown")
_DASHES: Final[tuple[tuple[float, ...], ...]] = ((), (7, 2.5), (2, 2), (8, 2, 2, 2), (4, 1.5))
_MARKERS: Final = ("o", "s", "D", "^", "v", "P", "X", "<", ">")


def style(position: int) -> Style:
    """The style of the line at that position; the first 315 differ."""
    return Style(
        LIGHT[_LINE_COLOURS[position % len(_LINE_COLOURS)]],
        _DASHES[position % len(_DASHES)],
        _MARKERS[position % len(_MARKERS)],
    )
