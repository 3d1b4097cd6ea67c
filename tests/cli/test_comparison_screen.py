"""The screen of a comparison: what its columns and its bars hold is said below and above them."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

from hypothesis import given

from simab.cli.comparison_screen import print_comparison
from simab.report.over_worlds import distinct
from tests.effort import examples
from tests.report.worlds_study import DrawnStudy, drawn_studies


@examples(1 / 4)
@given(drawn_studies())
def test_what_columns_and_bars_hold_is_said_where_they_are_there(drawn: DrawnStudy) -> None:
    """A column of harm needs a world with a worse variant, a stroke a narrow interval."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        print_comparison(drawn.result)
    said = " ".join(printed.getvalue().split())
    assert "“decides”: the median time to a decision, in the world where it is longest" in said
    exposed = any(world.truth.worse for world in drawn.result.worlds)
    assert ("“on worse”: the mean number of requests" in said) is exposed
    # Worlds have their titles, which end in "world" here, as what is said of them has.
    heading = said.partition("by world:")[2].partition(" rule a ")[0]
    assert heading.count("world") == len(distinct(drawn.result))
    bars = re.findall(r"(\S{20,}) +\d+ %", printed.getvalue().replace("\u2009", " "))
    drawn_one = any("|" in bar for bar in bars)
    assert ("| both ends in one character" in said) is drawn_one
