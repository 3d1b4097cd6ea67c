"""`simab export`: the rows of a store as CSV or Parquet, one for each run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simab.cli import options
from simab.cli.frame_files import write_frame
from simab.cli.kept import kept_rows
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.stores import chosen_study, opened_store, study_option
from simab.cli.terminal import say
from simab.text.numbers import counted

__all__ = ["command"]


@click.command("export")
@click.argument("store", type=click.Path(path_type=Path))
@policy_file_options
@study_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write here: CSV, or Parquet if the name ends in .parquet; stdout gets CSV without it.",
)
@options.quiet
def command(
    store: Path, source: PolicySource, number: int | None, out: Path | None, quiet: bool
) -> None:
    """Write the rows of a study in a STORE: one a run, with world, policy and replication.

    All runs that are there are written, also of replications that are not complete. The columns are
    those of outcomes.csv: of a sweep with point and settings in place of the world, of a
    sensitivity with assumption and change beside it. STORE is the file of a store, or a scenario
    whose rows the user's cache keeps.
    """
    from simab.run.frames import csv_bytes

    with opened_store(store, source) as opened:
        outcomes = kept_rows(chosen_study(opened, number))
    if out is None:
        sys.stdout.write(csv_bytes(outcomes).decode())
        return
    write_frame(outcomes, out, option="--out")
    say(f"{counted(len(outcomes), 'run')} in {out}.", quiet=quiet)
