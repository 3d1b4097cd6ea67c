"""Paper to draw on in CSS pixels: rectangles, lines, marks and words, written as SVG at once.

For figures of bars and marks alone: what matplotlib takes half a second for is written here in
milliseconds. Colours are those of `palette.LIGHT`, which `svg.finish` makes follow the theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.xml_text import escaped, written_element

__all__ = ["Paper"]

_SHAPES: Final[dict[str, Sequence[tuple[float, float]]]] = {
    "s": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "D": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "^": ((0, -1.15), (1.1, 0.85), (-1.1, 0.85)),
    "v": ((0, 1.15), (1.1, -0.85), (-1.1, -0.85)),
    "<": ((-1.15, 0), (0.85, -1.1), (0.85, 1.1)),
    ">": ((1.15, 0), (-0.85, -1.1), (-0.85, 1.1)),
    "P": (
        (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4),
        (0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
    ),
    "X": (
        (-1.1, -0.6), (-0.6, -1.1), (0, -0.5), (0.6, -1.1), (1.1, -0.6), (0.5, 0),
        (1.1, 0.6), (0.6, 1.1), (0, 0.5), (-0.6, 1.1), (-1.1, 0.6), (-0.5, 0),
    ),
}  # fmt: skip
"""Corners of the markers by matplotlib's names, in radii; "o" is a circle."""
_STRIPES: Final = {
    "diagonal": "M-1 7L7 -1",
    "cross": "M-1 7L7 -1M-1 -1L7 7",
    "dots": "M2 3h1.6",
    "lines": "M0 3h6",
}


class Paper:
    """A drawing of that size; x goes right and y down, from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._drawn: list[str] = []
        self._patterns: set[str] = set()

    def rectangle(
        self, corner: tuple[float, float], size: tuple[float, float], fill: str, edge: str = ""
    ) -> None:
        """Filled with a colour, or with the pattern of `pattern`; the edge lies on its border."""
        at = {"x": corner[0], "y": corner[1], "width": max(size[0], 0.0), "height": size[1]}
        self._add("rect", at, fill=fill, **({"stroke": edge} if edge else {}))

    def pattern(self, name: str, colour: str) -> str:
        """A fill for `rectangle`: "diagonal" stripes, a "cross" of them, "dots" or "lines"."""
        known = f"{name}-{colour.removeprefix('#')}"
        if known not in self._patterns:
            self._patterns.add(known)
            paper = {"width": "6", "height": "6", "fill": LIGHT["paper"]}
            stripes = {"d": _STRIPES[name], "stroke": colour, "stroke-width": "1.3"}
            pattern = written_element(
                "pattern",
                {"id": known, "width": "6", "height": "6", "patternUnits": "userSpaceOnUse"},
                written_element("rect", paper) + written_element("path", stripes),
            )
            self._drawn.append(written_element("defs", {}, pattern))
        return f"url(#{known})"

    def line(
        self,
        points: Sequence[tuple[float, float]],
        colour: str,
        *,
        thick: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Through these points."""
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        look = {"stroke": colour, "stroke-width": f"{thick:g}", "fill": "none"}
        if dash:
            look["stroke-dasharray"] = " ".join(f"{each:g}" for each in dash)
        self._drawn.append(written_element("path", {"d": path, **look}))

    def area(self, corners: Sequence[tuple[float, float]], colour: str, *, opacity: float) -> None:
        """What these corners enclose, filled."""
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"
        look = {"fill": colour, "fill-opacity": f"{opacity:g}", "stroke": "none"}
        self._drawn.append(written_element("path", {"d": path, **look}))

    def mark(
        self,
        place: tuple[float, float],
        shape: str,
        colour: str,
        radius: float = 4.5,
        *,
        hollow: bool = False,
    ) -> None:
        """A marker as matplotlib has it, with an edge of paper; `hollow`: its outline alone."""
        fill, edge = (LIGHT["paper"], colour) if hollow else (colour, LIGHT["paper"])
        look = {"fill": fill, "stroke": edge} | ({"stroke-width": "1.3"} if hollow else {})
        if shape == "o":
            self._add("circle", {"cx": place[0], "cy": place[1], "r": radius}, **look)
            return
        corners = [(place[0] + radius * x, place[1] + radius * y) for x, y in _SHAPES[shape]]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self._drawn.append(written_element("polygon", {"points": points, **look}))

    def words(  # noqa: PLR0913 - as SVG has them, all but the first two by keyword
        self,
        place: tuple[float, float],
        text: str,
        *,
        anchor: str = "start",
        colour: str = LIGHT["ink"],
        size: float = canvas.TEXT - 1,
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """A line of text on that base line; `halo` keeps what lies beneath it away."""
        look = {"font-size": f"{size:g}px", "text-anchor": anchor, "fill": colour}
        if bold:
            look["font-weight"] = "bold"
        at = {"x": f"{place[0]:.1f}", "y": f"{place[1]:.1f}"}
        line = written_element("text", at | look, escaped(text))
        self._drawn.append(written_element("g", {"id": "class:halo"}, line) if halo else line)

    def svg(self) -> str:
        """What was drawn, as text."""
        size = f"0 0 {self.width:g} {self.height:g}"
        look = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": size}
        return written_element("svg", look, "".join(self._drawn))

    def _add(self, tag: str, numbers: dict[str, float], **look: str) -> None:
        at = {key: f"{each:.1f}" for key, each in numbers.items()}
        self._drawn.append(written_element(tag, at | look))
