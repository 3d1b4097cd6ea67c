"""`simab check`: are these scenario files valid, what do they warn of, what would a study take?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options, terminal
from simab.cli.described_worlds import DescribedWorld, described_worlds, worlds_sentence
from simab.cli.exits import ExitCode
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.errors import InvalidFiles, InvalidScenario

if TYPE_CHECKING:
    from simab.explain.forecast import SizeForecast

__all__ = ["command"]


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@policy_file_options
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context, files: tuple[str, ...], source: PolicySource, as_json: bool, quiet: bool
) -> None:
    """Validate scenario FILES; of valid ones print the warnings and what their study takes.

    Every problem of every file is reported at once, one a line: file, line, column, field, value,
    the rule that it breaks, and what to do. The exit code is 2 if there is any. What else is known
    of a scenario says `simab explain`.
    """
    results = []
    for position, file in enumerate(files):
        if position and not (quiet or as_json):
            click.echo()
        results.append(_check(file, source, shown=not (quiet or as_json)))
    if as_json:
        terminal.print_result("check/1", {"files": results})
    if not all(result["valid"] for result in results):
        ctx.exit(ExitCode.BAD_INPUT)


def _check(file: str, source: PolicySource, *, shown: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from simab.explain import warnings
    from simab.explain.forecast import size_of

    try:
        scenario = source.scenario(file, quiet=not shown)
    except InvalidScenario as error:
        terminal.refuse(error)
        problems = [asdict(problem) for problem in error.problems]
        return {"file": file, "valid": False, "problems": problems}
    except InvalidFiles as error:
        terminal.refuse(error)
        problems = [{"file": name, **asdict(problem)} for name, problem in error.problems]
        return {"file": file, "valid": False, "problems": problems}
    found, forecast = list(warnings(scenario)), size_of(scenario)
    worlds = described_worlds(scenario)
    if shown:
        _print(file, found, forecast, worlds)
    return {
        "file": file,
        "valid": True,
        "warnings": found,
        "forecast": asdict(forecast),
        "worlds": list(map(asdict, worlds)),
    }


def _print(
    file: str, warnings: Sequence[str], forecast: SizeForecast, worlds: list[DescribedWorld]
) -> None:
    from simab.explain.forecast import size_sentence

    console = terminal.standard_output()
    terminal.print_line(f"{file} is valid.")
    terminal.print_item(console, size_sentence(forecast), mark="")
    terminal.print_item(console, worlds_sentence(worlds), mark="")
    terminal.print_warnings(console, warnings)
