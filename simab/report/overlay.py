"""Room for words and lines around the axes of a figure, in pixels and behind all axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib import collections
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

__all__ = ["Overlay"]

_INCH: Final = 72  # as in `canvas`: pixels
_GROUP: Final = "axes"


class Overlay(Artist):
    """The whole figure to draw on, from its top left corner; x goes right and y down.

    It takes what axes of matplotlib take, and is written as they are, but has no ticks and no
    limits to make and to keep.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.width, self.height = (float(_INCH * each) for each in figure.get_size_inches())
        self._whole = figure
        self._drawn: list[Artist] = []
        inches = Affine2D().scale(1 / _INCH, -1 / _INCH).translate(0, self.height / _INCH)
        self._pixels = inches + figure.dpi_scale_trans
        self.set_zorder(-1)
        figure.add_artist(self)

    def get_children(self) -> list[Artist]:
        """What was drawn, in that order."""
        return self._drawn

    def draw(self, renderer: RendererBase) -> None:
        """All that is on it, lowest first."""
        renderer.open_group(_GROUP)
        for each in sorted(self._drawn, key=Artist.get_zorder):
            each.draw(renderer)
        renderer.close_group(_GROUP)

    def plot(self, xs: Sequence[float], ys: Sequence[float], **look: Any) -> None:
        """A line, or marks, through these points."""
        self._add(Line2D(xs, ys, **look), clipped=True)

    def shape(self, patch: Patch) -> None:
        """A shape of matplotlib's, its corners in pixels."""
        self._add(patch, clipped=True)

    def box(self, xs: tuple[float, float], ys: tuple[float, float], **look: Any) -> None:
        """A box between two places and two heights."""
        low, high = (np.full(2, each) for each in ys)
        box: collections.PolyCollection
        if hasattr(collections, "FillBetweenPolyCollection"):
            box = collections.FillBetweenPolyCollection("x", np.array(xs), low, high, **look)
        else:  # before matplotlib 3.10
            (left, right), (bottom, top) = xs, ys
            corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
            box = collections.PolyCollection([corners], **look)
        self._add(box, clipped=True)

    def text(self, x: float, y: float, words: str, **look: Any) -> None:
        """A line of text from there on."""
        self._add(Text(x, y, words, **look), clipped=False)

    def _add(self, drawn: Artist, *, clipped: bool) -> None:
        drawn.set_figure(self._whole)
        drawn.set_transform(self._pixels)
        if clipped:
            drawn.set_clip_box(self._whole.bbox)
        self._drawn.append(drawn)
