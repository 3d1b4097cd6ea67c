"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from simab.cli.terminal import say

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
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int], None]:
    """Lines far enough apart that they do not flood a log."""
    spoken_s = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal spoken_s
        if time.monotonic() - spoken_s >= _SECONDS_BETWEEN_LINES:
            spoken_s = time.monotonic()
            say(f"{what}: {done} of {total}")

    return show
