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
    metric, by its name or its whole query, measures here. The words are the same for all tools:
    error_rate, success_rate_of_requests, latency_mean, latency_p50 to latency_p99.9, requests,
    errors; for Flagger also metrics of labels, such as accuracy. `scale: 100` gives percent.

    \b
    argo, whose conditions read shares, and seconds:
        metrics:
          success-rate: {metric: success_rate_of_requests, window: 5m}
          p99: {metric: latency_p99, latency_unit: s}
        resume_after: 10m     # a person resumes a pause without an end
    flagger, whose template asks for at least 99 percent:
        metrics: {success: {metric: success_rate_of_requests, scale: 100}}
        matched_share: 10%    # of the requests, for an A/B test by headers
    kayenta:
        metrics: {errors: {metric: error_rate}}
    sagemaker, an alarm on a metric of your own, and updates of weights:
        metrics: {GoodAnswers: {metric: success_rate_of_requests}}
        update_times: [10m, 1h30m]

    An entry that matches no metric of the files is an error. What the files hold and the policy
    does not is named on stderr, with its effect.
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
        terminal.print_result("import/1", _as_data(chosen, imported))
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
