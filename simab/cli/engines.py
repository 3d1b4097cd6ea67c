"""The choice of engine on the command line, and what is said when it compiles."""

from __future__ import annotations

import time

import click

from simab.cli.progress import shown_progress
from simab.cli.terminal import say

__all__ = ["engine", "prepare_engine"]

engine = click.option(
    "--engine",
    type=click.Choice(["compiled", "reference"]),
    default="compiled",
    show_default=True,
    help="Numba, or SimPy with one process per request; both give the same bits.",
)


def prepare_engine(name: str, *, quiet: bool) -> None:
    """Compile now if it was never done on this machine, and say so and how far it is."""
    if name != "compiled":
        return
    from simab.world.compiled.compilation import is_cached

    if is_cached():
        return
    from simab.world.warm_up import compile_once_a_host

    say("Compiling the simulator, once on this machine: usually 10 to 40 s ...", quiet=quiet)
    started_s = time.monotonic()
    with shown_progress("Functions compiled", quiet=quiet) as show:
        compile_once_a_host(show)
    say(f"Compiled in {time.monotonic() - started_s:.0f} s.", quiet=quiet)
