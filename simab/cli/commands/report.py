"""`simab report`: write the report of a saved study again, or print its result."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from simab.cli import options
from simab.cli.folders import make_folder, writing_into
from simab.cli.stores import chosen_study, is_store, opened_store, study_option
from simab.cli.terminal import print_document, say
from simab.errors import InvalidInput

__all__ = ["command"]

_SCENARIOS: Final = (".yaml", ".yml")


@click.command("report")
@click.argument("study", type=click.Path(path_type=Path))
@study_option
@options.out
@options.as_json
@options.quiet
def command(study: Path, number: int | None, out: Path | None, as_json: bool, quiet: bool) -> None:
    """Write the page of a saved STUDY again, without playing it.

    STUDY is a study.json, a report.html, which holds the same, or the folder of either. Writes
    report.html, study.json, summary.csv and paired.csv. outcomes.csv holds the single rows, which
    the study does not: it is left as it is, and only `simab compare --out` writes it. With --json
    the result is printed, and written only where --out says.

    STUDY may also be a store of finished runs, or a scenario whose runs the user's cache keeps:
    then the replications that are complete in all worlds and policies are reported, with
    outcomes.csv, and what is missing is said. Nothing is played, so the page has no example runs.
    """
    if is_store(study) or study.suffix in _SCENARIOS:
        _report_store(study, number, out, as_json=as_json, quiet=quiet)
        return
    from simab.report import write_report
    from simab.report.reading import file_of_study, read_study
    from simab.result.saved_study import canonical_json

    result = read_study(study)
    if out is not None or not as_json:
        folder = file_of_study(study).parent if out is None else out
        with writing_into(folder):
            write_report(result, folder)
        say(f"The report is {folder / 'report.html'}.", quiet=quiet)
    if as_json:
        print_document(canonical_json(result))


def _report_store(
    path: Path, number: int | None, out: Path | None, *, as_json: bool, quiet: bool
) -> None:
    from simab.comparison import kept_study
    from simab.result.saved_study import canonical_json

    if out is None and not as_json:
        raise InvalidInput(f"{path}: is a store; name a folder for its report with --out")
    make_folder(out)
    with opened_store(path) as store:
        held = chosen_study(store, number)
        study = kept_study(held)
    asked, complete = held.asked.replications, study.plan.replications
    if complete < asked:
        say(
            f"{complete:,} of {asked:,} replications are complete in all worlds and policies, and "
            f"are reported; for the rest: {held.asked.command}",
            quiet=quiet,
        )
    if out is not None:
        with writing_into(out):
            page = study.report(out, examples=False)
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        print_document(canonical_json(study.result))
