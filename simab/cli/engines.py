"""The choice of engine on the command line, and what is said when it compiles."""

from __future__ import annotations

import time

import click

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
    """Compile now if it was never done on this machine, and say so."""
    if name != "compiled":
        return
    from simab.world.compiled.compilation import is_cached

    if is_cached():
        return
    from simab.world.warm_up import compile_now

    say("Compiling the simulator, once on this machine ...", quiet=quiet)
    started_s = time.monotonic()
    compile_now()
    say(f"Compiled in {time.monotonic() - started_s:.0f} s.", quiet=quiet)
