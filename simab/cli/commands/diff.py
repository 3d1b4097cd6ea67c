"""`simab diff`: what changed between two saved studies."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options
from simab.cli.terminal import print_result

__all__ = ["command"]


@click.command("diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@options.as_json
def command(before: Path, after: Path, as_json: bool) -> None:
    """Say what changed from the study BEFORE to the study AFTER.

    Each is a study.json, a report.html, which holds the same, or the folder of either. Worlds and
    policies are found by their names; what only one study has is named. Shown are the verdicts and
    parameters that are others, and the quantities that differ by more than chance, each with its
    95 % interval; all quantities are in the JSON. Runs of the same clients are compared one by one
    where outcomes.csv is beside each study.
    """
    from simab.difference import diff
    from simab.result.json_form import dumped

    change = diff(before, after)
    if as_json:
        print_result("diff/1", dumped(change))
        return
    from simab.cli.change_screen import print_change

    print_change(change)
