"""`simab report`: write the report of a saved study again."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options
from simab.cli.folders import writing_into
from simab.cli.terminal import say
from simab.errors import InvalidInput

__all__ = ["command"]


@click.command("report")
@click.argument("study", type=click.Path(path_type=Path))
@options.out
@options.quiet
def command(study: Path, out: Path | None, quiet: bool) -> None:
    """Write the page of a saved STUDY (study.json, or its folder) again, without playing it.

    Writes report.html, study.json, summary.csv and paired.csv. outcomes.csv holds the single rows,
    which study.json does not: it is left as it is, and only `simab compare --out` writes it.
    """
    from simab.report import write_report
    from simab.result.saved_study import read_saved_study

    file = study / "study.json" if study.is_dir() else study
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{file} cannot be read: {reason}. Name a folder or file.") from None
    result = read_saved_study(content, str(file))
    folder = file.parent if out is None else out
    with writing_into(folder):
        write_report(result, folder)
    say(f"The report is {folder / 'report.html'}.", quiet=quiet)
