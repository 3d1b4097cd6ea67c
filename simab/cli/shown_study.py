"""How commands show a comparison: the report is written, then the table printed, or JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simab.cli.folders import writing_into
from simab.cli.progress import shown_progress
from simab.cli.terminal import print_document, say

if TYPE_CHECKING:
    from simab.comparison import Study

__all__ = ["show_study"]


def show_study(
    study: Study, out: Path | None, *, as_json: bool, quiet: bool, gated: bool = False
) -> None:
    """Write the report, for which a run of each policy is played again; then print the table.

    In this order, as a reader that takes the first lines alone ends the command by it. Whatever
    ends the report, the table is printed.
    """
    page, shown = None, "Runs replayed for the report"
    try:
        if out is not None:
            with writing_into(out), shown_progress(shown, quiet=quiet) as show:
                page = study.report(out, progress=show)
    finally:
        if not as_json and not quiet:
            from simab.cli.comparison_screen import print_comparison

            print_comparison(study.result, gated=gated)
            sys.stdout.flush()
    if page is not None:
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        from simab.result.saved_study import canonical_json

        print_document(canonical_json(study.with_examples()))
