"""`simab check`: are these scenario files valid, what do they warn of, what would a study take?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options, terminal
from simab.cli.exits import ExitCode
from simab.errors import InvalidScenario

if TYPE_CHECKING:
    from simab.explain.forecast import SizeForecast

__all__ = ["command"]


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@options.as_json
@options.quiet
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Validate scenario FILES; of valid ones print the warnings and what their study takes.

    Every problem of every file is reported at once, one a line: file, line, column, field, value,
    the rule that it breaks, and what to do. The exit code is 2 if there is any. What else is known
    of a scenario says `simab explain`.
    """
    results = []
    for position, file in enumerate(files):
        if position and not (quiet or as_json):
            click.echo()
        results.append(_check(file, shown=not (quiet or as_json)))
    if as_json:
        terminal.print_result("check/1", {"files": results})
    if not all(result["valid"] for result in results):
        ctx.exit(ExitCode.BAD_INPUT)


def _check(file: str, *, shown: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from simab.explain import warnings
    from simab.explain.forecast import size_of
    from simab.scenario import load

    try:
        scenario = load(file)
    except InvalidScenario as error:
        terminal.refuse(error)
        problems = [asdict(problem) for problem in error.problems]
        return {"file": file, "valid": False, "problems": problems}
    found, forecast = list(warnings(scenario)), size_of(scenario)
    if shown:
        _print(file, found, forecast)
    return {"file": file, "valid": True, "warnings": found, "forecast": asdict(forecast)}


def _print(file: str, warnings: Sequence[str], forecast: SizeForecast) -> None:
    from simab.explain.forecast import size_sentence

    console = terminal.standard_output()
    terminal.print_line(f"{file} is valid.")
    terminal.print_item(console, size_sentence(forecast), mark="")
    terminal.print_warnings(console, warnings)
