"""Figures as files: each as an SVG that stands alone, and as a PNG, named by section and figure.

While `figures_into` is open, every section of a page that is rendered hands its figures over, so
that whatever writes pages writes figures as well.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from simab.files import write_files
from simab.report import canvas
from simab.report.figure_block import FigureBlock
from simab.report.palette import LIGHT
from simab.report.paper_raster import raster_figure

__all__ = ["figures_in", "figures_into", "hand_over", "png_bytes", "standalone_svg"]

_SCALE: Final = 2.0  # pixels of a PNG for one of the page
_FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_OPEN: ContextVar[dict[str, FigureBlock] | None] = ContextVar("figures", default=None)


@contextmanager
def figures_into(directory: Path) -> Iterator[None]:
    """Write the figures of all pages made within: SECTION-FIGURE.svg and .png, all or none.

    Raises:
        OSError: the folder cannot be written.
    """
    found: dict[str, FigureBlock] = {}
    token = _OPEN.set(found)
    try:
        yield
    finally:
        _OPEN.reset(token)
    directory.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, figure in found.items():
        files[directory / f"{name}.svg"] = standalone_svg(figure.wide).encode("utf-8")
        files[directory / f"{name}.png"] = png_bytes(figure)
    write_files(files)


def hand_over(section: str, html: str, content: Mapping[str, object]) -> None:
    """Keep the figures of a section for `figures_into`, where one is open.

    `content` may hold those of other sections as well: those count that the section shows.
    """
    kept = _OPEN.get()
    if kept is None:
        return
    for figure in figures_in(content):
        if f'id="figure-{figure.key}"' in html:
            kept[f"{section}-{figure.key}"] = figure


def figures_in(content: Any) -> Iterator[FigureBlock]:
    """Every figure in the lists and mappings of a section's content."""
    if isinstance(content, FigureBlock):
        yield content
    elif isinstance(content, Mapping):
        for each in content.values():
            yield from figures_in(each)
    elif isinstance(content, list | tuple):
        for each in content:
            yield from figures_in(each)


def standalone_svg(svg: str) -> str:
    """The SVG of a page as a document: light colours, a font, its size, and paper beneath."""
    text = re.sub(r"var\(--([a-z]+)\)", lambda found: LIGHT[found.group(1)], svg)
    halo = f'paint-order="stroke" stroke="{LIGHT["paper"]}" stroke-width="5"'
    text = text.replace('class="halo"', f'{halo} stroke-linejoin="round"')
    width, height = _size(text)
    look = f'width="{width:g}" height="{height:g}" font-family="{_FONTS}" stroke-linejoin="round"'
    text = text.replace("<svg ", f"<svg {look} ", 1)
    paper = f'<rect width="{width:g}" height="{height:g}" fill="{LIGHT["paper"]}"/>'
    return text.replace("</desc>", f"</desc>{paper}", 1) + "\n"


def png_bytes(figure: FigureBlock) -> bytes:
    """The figure on wide paper in light colours, two pixels for each of the page."""
    buffer = io.BytesIO()
    with canvas.drawing():
        drawn = figure.draw(canvas.WIDE)
        drawn = drawn if isinstance(drawn, Figure) else raster_figure(drawn)
        drawn.patch.set_visible(True)
        drawn.patch.set_facecolor(LIGHT["paper"])
        # Neither date nor version: the same figure is the same bytes.
        nothing = {"Software": None}
        drawn.savefig(buffer, format="png", dpi=_SCALE * 72, metadata=nothing)
    return buffer.getvalue()


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    return float(found.group(1)), float(found.group(2))
