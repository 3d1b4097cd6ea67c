"""What `Paper` has written as SVG, drawn by matplotlib, for pictures of pixels.

It reads what `Paper` writes and nothing else: rectangles, paths of straight lines, circles,
polygons and lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon, Rectangle
from matplotlib.patheffects import withStroke

from simab.report import canvas
from simab.report.palette import LIGHT

__all__ = ["raster_figure"]

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HATCHES: Final = {"diagonal": "////", "cross": "xxxx", "dots": "....", "lines": "----"}
_ANCHORS: Final = {"start": "left", "middle": "center", "end": "right"}
_HALO: Final = 5.0


def raster_figure(svg: str) -> Figure:
    """The same drawing as a figure of matplotlib; within `canvas.drawing()`."""
    root = ElementTree.fromstring(svg)
    *_, width, height = (float(each) for each in root.attrib["viewBox"].split())
    figure, axes = canvas.blank(width, height)
    for order, (element, halo) in enumerate(_elements(root), start=1):
        _draw(axes, element, halo=halo, order=order)
    return figure


def _elements(root: Element) -> Iterator[tuple[Element, bool]]:
    """What is drawn, in order, and whether it has a halo; patterns are read where they are used."""
    for child in root:
        tag = child.tag.removeprefix(_SVG)
        if tag == "g":
            halo = child.get("id") == "class:halo"
            yield from ((each, halo or inner) for each, inner in _elements(child))
        elif tag != "defs":
            yield child, False


def _draw(axes: Axes, element: Element, *, halo: bool, order: int) -> None:
    match element.tag.removeprefix(_SVG):
        case "text":
            _text(axes, element, halo=halo, order=order)
        case "path":
            _path(axes, element, order)
        case _:
            shape = _shape(element)
            shape.set_zorder(order)
            shape.set_clip_on(False)
            axes.add_patch(shape)


def _shape(element: Element) -> Patch:
    """A rectangle, circle or polygon with its filling and edge."""
    fill, stroke = element.get("fill", "none"), element.get("stroke")
    look: dict[str, Any] = {"facecolor": fill, "edgecolor": stroke or "none"}
    look["linewidth"] = float(element.get("stroke-width", "1")) if stroke else 0.0
    pattern = re.match(r"url\(#(\w+)-([0-9a-f]+)\)", fill)
    if pattern:
        look |= {"facecolor": LIGHT["paper"], "hatch": _HATCHES[pattern.group(1)]}
        look |= {"edgecolor": f"#{pattern.group(2)}", "linewidth": look["linewidth"]}
    number = {
        key: float(element.attrib[key])
        for key in ("x", "y", "width", "height", "cx", "cy", "r")
        if key in element.attrib
    }
    match element.tag.removeprefix(_SVG):
        case "rect":
            corner = number["x"], number["y"]
            return Rectangle(corner, number["width"], number["height"], **look)
        case "circle":
            return Circle((number["cx"], number["cy"]), number["r"], **look)
        case _:
            corners = [
                tuple(float(each) for each in pair.split(","))
                for pair in element.attrib["points"].split()
            ]
            return Polygon(corners, closed=True, **look)


def _path(axes: Axes, element: Element, order: int) -> None:
    """A line, or an area where the path is closed."""
    path = element.attrib["d"]
    numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if path.endswith("Z"):
        alpha = float(element.get("fill-opacity", "1"))
        area = Polygon(points, closed=True, facecolor=element.attrib["fill"], alpha=alpha,
                       edgecolor="none", zorder=order, clip_on=False)  # fmt: skip
        axes.add_patch(area)
        return
    thick = float(element.get("stroke-width", "1"))
    line = Line2D([x for x, _ in points], [y for _, y in points], color=element.attrib["stroke"],
                  linewidth=thick, zorder=order, clip_on=False)  # fmt: skip
    if dash := element.get("stroke-dasharray"):
        # Matplotlib measures dashes in widths of the line.
        line.set_dashes([float(each) / thick for each in dash.split()])
    axes.add_line(line)


def _text(axes: Axes, element: Element, *, halo: bool, order: int) -> None:
    words = axes.text(
        float(element.attrib["x"]),
        float(element.attrib["y"]),
        element.text or "",
        ha=_ANCHORS[element.get("text-anchor", "start")],
        va="baseline",
        size=float(element.get("font-size", "12px").removesuffix("px")),
        color=element.get("fill", LIGHT["ink"]),
        weight=element.get("font-weight", "normal"),
        zorder=order,
    )
    if halo:
        words.set_path_effects([withStroke(linewidth=_HALO, foreground=LIGHT["paper"])])
