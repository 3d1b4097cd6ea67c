"""Pages of sweeps and sensitivities: values as people write them, and nothing cut or hidden."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simab.report import canvas
from simab.report.page import templates
from simab.report.sensitivity_tables import values_text
from simab.report.sweep_curves import Scale
from simab.report.table import Cell, Column, Table
from simab.report.tornado_figure import Tornado, draw_tornado
from simab.report.tornado_figure import _Scale as Scale_
from simab.result.sensitivity_result import AssumptionEffect
from simab.result.study_change import QuantityChange
from simab.text import typeset


@pytest.mark.parametrize(
    ("assumption", "path", "was", "becomes", "text"),
    [
        ("latency spread", "v.latency.p99", "200ms", "89442719ns", "200 ms to 89.4 ms"),
        ("publication delay", "metrics.publication_delay", "45s", "22500ms", "45 s to 22.5 s"),
        ("weight update time", "endpoint.weight_update", "62s", "124s", "1 min 2 s to 2 min 4 s"),
        ("label delay", "labels.delay.scale", 1.0, 0.5, "× 1 to × 0.5"),
        ("traffic", "traffic.users.rate", "10/s", "5/s", "10/s to 5/s"),
        ("error rate", "v.error_rate", "0.3%", "0.15%", "0.3 % to 0.15 %"),
        ("clients", "traffic.users.clients", 2000, 1000, "2,000 to 1,000"),
        ("effect", "effect", -0.02, -0.04, "−0.02 to −0.04"),
        ("workers", "v.workers", "many", "more", "many to more"),
    ],
)
def test_what_was_changed_is_written_as_people_do(
    assumption: str, path: str, was: Any, becomes: Any, text: str
) -> None:
    """In units of its size and to three figures, so that half of a value shows that it is half."""
    effect = AssumptionEffect(
        assumption=assumption,
        change="halved",
        was={path: was},
        becomes={path: becomes},
        recommended=None,
        verdicts=(),
        quantities=(),
    )
    assert typeset.plain_spaces(values_text(effect)) == text


@pytest.mark.parametrize("most_s", [0.4, 90.0, 7_500.0, 86_400.0 * 3])
def test_ticks_of_times_have_room_beside_the_axis(most_s: float) -> None:
    """Whatever is left of a figure is cut on paper."""
    scale = Scale(is_share=False, written=typeset.duration, most=most_s, is_time=True)
    widest = max(canvas.text_width(typeset.duration(tick)) for tick in scale._times())
    assert scale.room > widest


@pytest.mark.parametrize("whole", [True, False])
def test_a_table_that_a_page_is_about_is_not_in_a_box_that_scrolls(whole: bool) -> None:
    """Of 16 rows such a box shows five; other long tables have one."""
    columns = (Column("Assumption", numeric=False), Column("Change"))
    rows = tuple((Cell(str(at)), Cell("1")) for at in range(16))
    template = templates().from_string(
        '{% from "table.html.jinja" import plain %}{{ plain(table, whole=whole) }}'
    )
    shown = template.render(table=Table("Changes", columns, rows), whole=whole)
    assert ("tall" in shown) != whole


def change(quantity: str, before: float, difference: float) -> QuantityChange:
    """A difference beyond chance, known to a tenth of itself."""
    return QuantityChange(
        world="described",
        policy="test",
        quantity=quantity,
        before=before,
        after=before + difference,
        difference=difference,
        low=0.9 * difference,
        high=1.1 * difference,
        p_value=0.0,
        adjusted_p_value=0.0,
        paired=True,
    )


@pytest.mark.parametrize("width", [canvas.WIDE, canvas.NARROW])
@pytest.mark.parametrize(
    ("quantity", "before", "differences"),
    [
        ("promotes", 0.9, (-0.5, 0.1)),
        ("error_share", 0.0, (0.0, 0.004)),
        ("time_to_decision", 5_400.0, (-1_800.0, 86_400.0)),
        ("requests_on_worse", 250_000.0, (-100_000.0, 1_250_000.0)),
        ("requests_on_worse", 0.0, (0.0, 0.0)),
    ],
)
def test_a_tornado_of_any_quantity_has_ticks_that_do_not_touch(
    quantity: str, before: float, differences: tuple[float, float], width: float
) -> None:
    """From the smallest value to the largest; at least two ticks, with room between their words."""
    halved, doubled = (change(quantity, before, each) for each in differences)
    tornado = Tornado("test", "described", quantity, before, (("traffic", halved, doubled),))
    scale = Scale_(tornado, 8.0, width - 12)
    places = [scale.at(tick) for tick in scale.ticks()]
    assert len(places) >= 2
    assert 8.0 <= places[0] < places[-1] <= width - 12
    words = [canvas.text_width(scale.axis.tick(tick)) for tick in scale.ticks()]
    gaps = [right - left for left, right in pairwise(places)]
    assert min(gaps) > max(words)
    with canvas.drawing():
        assert "traffic" in canvas.svg_text(draw_tornado(tornado, width))
