"""The options that several commands share, with one wording."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["as_json", "out", "quiet", "seed"]

as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the result as JSON on stdout; everything else goes to stderr.",
)
quiet = click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
out = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the results into this folder.",
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of all random numbers, instead of the scenario's.",
)
