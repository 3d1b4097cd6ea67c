# ruff: noqa: N999  # the file is named for its command, and nobody writes `import import`
"""`simab import`: read the rollout configuration of another tool as a policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options, terminal
from simab.errors import InvalidInput
from simab.interop.tools import TOOLS

if TYPE_CHECKING:
    from simab.interop.importing import Imported

__all__ = ["command"]

_LONGEST_NAME = 63


@click.command("import")
@click.argument("tool", type=click.Choice(tuple(TOOLS)))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--map",
    "table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the tool's metrics measure here.",
)
@click.option("--name", metavar="NAME", help="Name of the policy, instead of the file's.")
@options.as_json
@options.quiet
def command(
    tool: str,
    files: tuple[Path, ...],
    table: Path | None,
    name: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read the rollout configuration in FILES of a TOOL as a policy.

    Prints a piece of a scenario file, `policies: {NAME: ...}`, to paste; what was ignored
    and why goes to stderr. Queries are never guessed at: a file given with --map says what each
    metric, by its name or its whole query, measures here:

    \b
        metrics:
          success-rate: {metric: success_rate_of_requests, window: 5min}
          p99: {metric: latency_p99, latency_unit: s}
    """  # noqa: D301  # Click's mark for lines to be left alone is the character itself
    from simab.interop.importing import fragment
    from simab.interop.tools import import_policy

    imported = import_policy(tool, files, table)
    chosen = imported.name if name is None else name
    if not 1 <= len(chosen) <= _LONGEST_NAME:
        raise InvalidInput(
            f"name = {chosen}: a policy's name has 1 to {_LONGEST_NAME} characters. "
            "Give another one with --name."
        )
    if not quiet:
        for note in imported.notes:
            terminal.complain(note.render())
    if as_json:
        terminal.print_json(_as_data(chosen, imported))
    else:
        click.echo(fragment(chosen, imported.policy), nl=False)


def _as_data(name: str, imported: Imported) -> dict[str, Any]:
    from dataclasses import asdict

    from simab.interop.importing import plain_policy

    notes = [
        {**asdict(note.place), "field": note.field, "reason": note.reason}
        for note in imported.notes
    ]
    return {"policies": {name: plain_policy(imported.policy)}, "notes": notes}
