"""Who plays the runs of a command: the options that say so, and the executor that follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simab.scenario.models import Scenario
    from simab.study.execution import Executor

__all__ = ["chosen_executor", "dask_option", "workers_option"]

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    show_default="all processors",
    help="Replications played at once; their number changes no result.",
)
dask_option = click.option(
    "--dask",
    metavar="ADDRESS",
    help="Play on the Dask cluster whose scheduler is there, as tcp://10.0.0.7:8786.",
)


def chosen_executor(
    workers: int, dask: str | None, scenario: Scenario, rows: int, engine: str
) -> Executor | None:
    """A cluster if one is named, else workers of this machine; None where none is worth starting.

    `rows` is how many runs of the scenario are to be played.
    """
    if dask is not None:
        from simab.study.dask_workers import DaskWorkers

        return DaskWorkers(dask)
    from simab.study import workers_worth_starting

    return workers_worth_starting(workers, scenario, rows, engine=engine)
