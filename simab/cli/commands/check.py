"""`simab check`: are these scenario files valid, and what do they describe?"""

from __future__ import annotations

from typing import Any

import click

from simab.cli import options, terminal
from simab.cli.exits import ExitCode
from simab.cli.explanations import print_explanation
from simab.errors import InvalidScenario

__all__ = ["command"]


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@options.as_json
@options.quiet
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Validate scenario FILES, and explain those that are valid.

    Every problem of every file is told at once, one a line: file, line, column, field, value, the
    rule that it breaks, and what to do. The exit code is 2 if there is any.
    """
    results = []
    for position, file in enumerate(files):
        if position and not (quiet or as_json):
            click.echo()
        results.append(_check(file, shown=not (quiet or as_json)))
    if as_json:
        terminal.print_json({"files": results})
    if not all(result["valid"] for result in results):
        ctx.exit(ExitCode.BAD_INPUT)


def _check(file: str, *, shown: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from simab.explain import explain
    from simab.scenario import load

    try:
        explanation = explain(load(file))
    except InvalidScenario as error:
        terminal.refuse(error)
        problems = [asdict(problem) for problem in error.problems]
        return {"file": file, "valid": False, "problems": problems}
    if shown:
        terminal.print_line(f"{file} is valid.\n")
        print_explanation(explanation)
    return {"file": file, "valid": True, "explanation": explanation.to_dict()}
