"""Figures as files: all of a page, each SVG a document of its own, each PNG the same picture."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from simab.report import canvas, render_page
from simab.report.figure_files import figures_in, figures_into
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.report.paper_raster import raster_figure
from simab.result.saved_study import read_result
from simab.scenario import dumps
from tests.comparison.command_line import run
from tests.report.toy_study import CHURN, build
from tests.study.building import small


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A page, and the folder of its figures."""
    folder = tmp_path_factory.mktemp("figures")
    with figures_into(folder):
        page = render_page(read_result(build(CHURN[:2])))
    return page, folder


def test_every_figure_of_the_page_is_there_by_section_and_name(drawn: tuple[str, Path]) -> None:
    """As SVG and as PNG, and nothing else."""
    page, folder = drawn
    names = []
    for section in re.split(r'<section id="', page)[1:]:
        key = section.partition('"')[0]
        names += [f"{key}-{each}" for each in re.findall(r'<figure id="figure-([^"]+)"', section)]
    assert len(names) > 4
    written = {each.name for each in folder.iterdir()}
    assert written == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}


def test_an_svg_stands_alone(drawn: tuple[str, Path]) -> None:
    """Well formed, with its size, a font and paper, and no colour of the page's theme."""
    for path in drawn[1].glob("*.svg"):
        text = path.read_text("utf-8")
        root = ElementTree.fromstring(text)
        assert float(root.attrib["width"]) == canvas.WIDE
        assert "sans-serif" in root.attrib["font-family"]
        assert "var(" not in text
        assert "class=" not in text
        assert LIGHT["paper"] in text


def test_a_png_is_twice_as_wide_as_on_the_page_and_not_empty(drawn: tuple[str, Path]) -> None:
    """Of the same shape as its SVG, with ink on it and paper in its corner."""
    for path in drawn[1].glob("*.png"):
        pixels = matplotlib.image.imread(io.BytesIO(path.read_bytes()))[..., :3]
        root = ElementTree.fromstring(path.with_suffix(".svg").read_text("utf-8"))
        height, width, _ = pixels.shape
        assert width == 2 * canvas.WIDE
        assert height == pytest.approx(2 * float(root.attrib["height"]), abs=2)
        assert pixels.min() < 0.5
        assert pixels[-1, 0] == pytest.approx([1.0, 1.0, 254 / 255], abs=0.01)


def test_nothing_is_kept_where_nobody_asked() -> None:
    """A page made outside of `figures_into` hands nothing over to a later one."""
    render_page(read_result(build(CHURN[:1])))
    assert list(figures_in({"none": [], "text": "x"})) == []


def test_what_paper_draws_is_where_it_was_drawn() -> None:
    """A filled rectangle, a line, an area and a circle: a pixel of each, at its place."""
    paper = Paper(100, 80)
    paper.rectangle((10, 10), (20, 10), fill="#ff0000")
    paper.line([(0, 40), (100, 40)], "#0000ff", thick=4)
    paper.area([(60, 10), (90, 10), (90, 30), (60, 30)], "#00ff00", opacity=1)
    paper.mark((30, 65), "o", "#ff00ff", 6)
    paper.mark((70, 65), "s", "#00ffff", 6)
    with canvas.drawing():
        figure = raster_figure(paper.svg())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=72, facecolor="white")
    buffer.seek(0)
    pixels = np.asarray(matplotlib.image.imread(buffer))[..., :3]
    assert pixels.shape[:2] == (80, 100)
    places = {(15, 20): (1, 0, 0), (40, 50): (0, 0, 1), (20, 75): (0, 1, 0)}
    places |= {(65, 30): (1, 0, 1), (65, 70): (0, 1, 1)}
    for place, colour in places.items():
        assert tuple(pixels[place].round(1)) == colour, place


def test_compare_writes_figures_and_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are drawn with the report, so its folder is asked for as well."""
    file, figures = tmp_path / "small.yaml", tmp_path / "figures"
    file.write_text(dumps(small()), encoding="utf-8")
    words = ["compare", file, "-n", 2, "--no-store", "--workers", 1, "--figures", figures]
    refused = run(capsys, *words, "--quiet")
    assert refused.code == 2
    assert "--out" in refused.err
    done = run(capsys, *words, "--policy", "test", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert str(figures) in done.err
    assert (figures / "figures-endings.png").exists()
    assert (figures / "figures-endings.svg").exists()
