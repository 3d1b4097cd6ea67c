"""A run that plays before one's eyes: a live screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from simab.cli import terminal
from simab.cli.dashboard import dashboard_rows, headings, state_line
from simab.units import seconds

if TYPE_CHECKING:
    from rich.console import Console, Group

    from simab.run.looks import Look

__all__ = ["watch"]

_FRAMES: Final = 8  # a second
_LINES: Final = 24  # of a run that is printed rather than shown, beside its actions
_BAR: Final = 60  # columns of the bar of time
_KEPT: Final = 8  # actions and readings on the live screen
_RESULTS: Final = {True: "passed", False: "not passed", None: "open"}


def watch(seen: Iterator[Look], horizon_ns: int, speed: float) -> None:
    """Show each look when its time has come: `speed` seconds of the run in one of the clock.

    On a terminal the screen is drawn anew; into a file or pipe go plain lines, without waiting.
    """
    console = terminal.standard_output()
    if console.is_terminal:
        _live(console, seen, horizon_ns, speed)
    else:
        _lines(seen, horizon_ns)


def _happened(look: Look) -> Iterator[str]:
    """What was measured, asked for and refused at a look, a line each."""
    from simab.run.frames import describe_action
    from simab.text.durations import duration_text

    at = duration_text(seconds(look.observation.now_ns))
    for reading in look.readings:
        yield f"{at}  {reading.name} {_RESULTS[reading.passed]}: {reading.reading}"
    refused = {id(each.action): each.reason for each in look.refused}
    for action in look.actions:
        why = f"refused: {refused[id(action)]}" if id(action) in refused else action.because
        yield f"{at}  {type(action).__name__} {describe_action(action)}: {why}"


def _lines(seen: Iterator[Look], horizon_ns: int) -> None:
    every_ns, next_ns = horizon_ns // _LINES, 0
    for look in seen:
        observation = look.observation
        if observation.now_ns >= next_ns:
            next_ns += every_ns * (1 + (observation.now_ns - next_ns) // max(every_ns, 1))
            terminal.print_line(f"{state_line(observation)}: {_summary(look)}")
        for line in _happened(look):
            terminal.print_line(line)


def _summary(look: Look) -> str:
    names = headings(look.observation)
    return "; ".join(
        f"{row[0]} {row[1]}, {row[2]} requests, errors {row[3]}, {names[6]} {row[6]}"
        for row in dashboard_rows(look.observation)
    )


def _live(console: Console, seen: Iterator[Look], horizon_ns: int, speed: float) -> None:
    from rich.live import Live

    begun, newest = time.monotonic(), deque[str](maxlen=_KEPT)
    with Live(console=console, refresh_per_second=_FRAMES, transient=True) as live:
        drawn_s = -1.0
        for look in seen:
            newest.extend(_happened(look))
            due_s = begun + seconds(look.observation.now_ns) / speed
            while (wait_s := due_s - time.monotonic()) > 0:
                time.sleep(min(wait_s, 1 / _FRAMES))
            # Quicker than the eye: what is drawn anyway is enough.
            if time.monotonic() - drawn_s >= 1 / _FRAMES:
                drawn_s = time.monotonic()
                live.update(_screen(look, newest, horizon_ns, min(console.width, _BAR)))


def _screen(look: Look, newest: deque[str], horizon_ns: int, width: int) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from simab.text.untrusted import visible

    observation = look.observation
    done = width * observation.now_ns // horizon_ns
    table = Table(box=None, pad_edge=False)
    for at, heading in enumerate(headings(observation)):
        table.add_column(heading, justify="left" if at in (0, 7) else "right")
    for row in dashboard_rows(observation):
        table.add_row(*(Text(visible(cell)) for cell in row))
    return Group(
        Text(state_line(observation), style="bold"),
        Text("#" * done + "-" * (width - done), style="dim"),
        table,
        Text(),
        *(Text(visible(line), overflow="ellipsis", no_wrap=True) for line in newest),
    )
