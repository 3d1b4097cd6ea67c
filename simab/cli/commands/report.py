"""`simab report`: write the report of a saved study again, or print its result."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from simab.cli import options
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder, writing_into
from simab.cli.kept import kept_report
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.stores import (
    chosen_study,
    is_store,
    opened_store,
    require_no_policies,
    study_option,
)
from simab.cli.terminal import print_document, say
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.study.held import HeldStudy

__all__ = ["command"]

_SCENARIOS: Final = (".yaml", ".yml")
_OTHERS: Final = {
    "sensitivity": "sensitivity_result",
    "plan": "plan_result",
    "sweep": "sweep_result",
    "fairness": "fairness_result",
    "convergence": "convergence_result",
    "verification": "verification_result",
}
"""Saved results other than studies, by the word in their format, each with its module: there are
`read_saved_WORD` and `WORD_json`, and `write_WORD` in simab.report. Some hold a study."""


@click.command("report")
@click.argument("study", type=click.Path(path_type=Path))
@policy_file_options
@study_option
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    study: Path,
    source: PolicySource,
    number: int | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the page of a saved STUDY of any kind again, without playing it.

    STUDY is a study.json, sweep.json, sensitivity.json, plan.json, fairness.json,
    convergence.json or verification.json, a report.html, which holds the same, or the folder of
    one. Writes report.html, the JSON and the CSV files that follow from it. outcomes.csv holds the
    single rows, which the study does not: it is left as it is, and only `--out` of the command that
    played them writes it. With --json the result is printed, and written only where --out
    says.

    STUDY may also be a store of finished runs, or a scenario whose runs the user's cache keeps:
    then the replications that are complete in all worlds and policies are reported, with
    outcomes.csv, and what is missing is said. Nothing is played, so the page of a comparison has no
    example runs.
    """
    if is_store(study) or study.suffix in _SCENARIOS:
        with opened_store(study, source) as store:
            held = chosen_study(store, number)
            _report_store(held, study, out, as_json=as_json, quiet=quiet)
        return
    require_no_policies(study, source)
    from simab.report.reading import file_of_study, saved_content

    written, as_text = _read(*saved_content(study))
    if out is not None or not as_json:
        folder = file_of_study(study).parent if out is None else out
        with writing_into(folder):
            written(folder)
        say(f"The report is {folder / 'report.html'}.", quiet=quiet)
    if as_json:
        print_document(as_text())


def _read(content: bytes, name: str) -> tuple[Callable[[Path], None], Callable[[], str]]:
    """What writes the files of the saved result, and what writes it as JSON."""
    from simab import report
    from simab.result.saved_study import canonical_json, read_saved_study

    for word, module in _OTHERS.items():
        # Quotes inside of strings are escaped, so that only a key of the result is found.
        if re.search(rb'"format":\s*"simab-' + word.encode() + b"/", content):
            home = import_module(f"simab.result.{module}")
            found = getattr(home, f"read_saved_{word}")(content, name)
            return (
                partial(getattr(report, f"write_{word}"), found),
                partial(getattr(home, f"{word}_json"), found),
            )
    study = read_saved_study(content, name)
    return partial(report.write_report, study), partial(canonical_json, study)


def _report_store(
    held: HeldStudy, path: Path, out: Path | None, *, as_json: bool, quiet: bool
) -> None:
    if out is None and not as_json:
        raise InvalidInput(f"{path}: is a store; name a folder for its report with --out")
    make_folder(out)
    report = kept_report(held)
    asked, complete = held.asked.replications, held.complete
    if complete < asked:
        say(
            f"{complete:,} of {asked:,} replications are complete in all worlds and policies, and "
            f"are reported; for the rest: {held.asked.command}",
            quiet=quiet,
        )
    if out is not None:
        with writing_into(out):
            page = report.write(out)
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        print_document(report.as_json())
