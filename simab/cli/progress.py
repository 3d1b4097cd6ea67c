"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from simab.cli.terminal import say
from simab.text.durations import duration_text
from simab.text.numbers import number_text, two_figures

__all__ = ["shown_progress"]

_SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def shown_progress(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A function to call with how many are done, and of how many."""
    if quiet:
        yield lambda *_: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task, rate = bar.add_task(what, total=None, rate=""), _Rate()
        yield lambda done, total: bar.update(
            task, completed=done, total=total, rate=rate.text(done, total)
        )


class _Rate:
    """How fast it goes since the first call, which says what was done before; and what is left."""

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None

    def text(self, done: int, total: int) -> str:
        """Empty while nothing was done."""
        now_s = time.monotonic()
        begun_s, before = self._begun = self._begun or (now_s, done)
        if done == before or now_s <= begun_s:
            return ""
        rate = (done - before) / (now_s - begun_s)
        if done >= total:
            return f"{number_text(two_figures(rate))} a second"
        left = duration_text(two_figures((total - done) / rate))
        return f"{number_text(two_figures(rate))} a second, about {left} left"


def _lines(what: str) -> Callable[[int, int], None]:
    """Lines far enough apart that they do not flood a log."""
    spoken_s, rate = time.monotonic(), _Rate()

    def show(done: int, total: int) -> None:
        nonlocal spoken_s
        speed = rate.text(done, total)
        if time.monotonic() - spoken_s >= _SECONDS_BETWEEN_LINES:
            spoken_s = time.monotonic()
            say(f"{what}: {done} of {total}{speed and f', {speed}'}")

    return show
