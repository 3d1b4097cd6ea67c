"""`simab compare`: play every policy many times, show the table, write the report."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import Interrupted
from simab.cli.progress import say, shown_progress

if TYPE_CHECKING:
    from simab.comparison import Study
    from simab.study import SqliteStore

__all__ = ["command"]

_WORTH_A_POOL = 200  # fewer rows are done before a second process has started


@click.command("compare")
@click.argument("file", type=click.Path())
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--replications", "-n", type=click.IntRange(1), help="Instead of the scenario's.")
@options.seed
@engine_option
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    show_default="all processors",
    help="Processes on this machine; their number changes no result.",
)
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep finished replications in this SQLite file, and resume from it.",
)
@options.out
@options.as_json
@options.quiet
def command(
    file: str,
    policies: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    engine: str,
    workers: int,
    store: Path | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare the promotion policies of the scenario FILE.

    Every policy is played on the same clients and the same outcomes. Prints the operating
    characteristics; with --out also writes report.html, study.json and CSV files into DIR.
    """
    from simab.comparison import compare
    from simab.scenario import load
    from simab.study import SqliteStore, local_processes

    scenario = load(file)
    chosen = list(policies) or None
    count = scenario.study.replications if replications is None else replications
    rows = count * len(policies or scenario.policies)
    prepare_engine(engine, quiet=quiet)
    with ExitStack() as stack:
        executor = None
        if workers > 1 and rows >= _WORTH_A_POOL:
            executor = stack.enter_context(local_processes(workers))
        kept = None if store is None else SqliteStore(store)
        if kept is not None:
            stack.callback(kept.close)
        progress = stack.enter_context(shown_progress("Replications", quiet=quiet))
        try:
            study = compare(
                scenario,
                policies=chosen,
                replications=count,
                seed=seed,
                executor=executor,
                store=kept,
                engine=engine,
                progress=progress,
                command=_command(file, chosen, count, seed or scenario.study.seed),
            )
        except KeyboardInterrupt:
            raise Interrupted(_how_to_resume(store, kept)) from None
    _show(study, out, as_json=as_json, quiet=quiet)


def _command(file: str, policies: list[str] | None, replications: int, seed: int) -> str:
    """The line that remakes the report: what changes the result, and nothing that does not."""
    words = ["simab", "compare", file]
    for name in policies or ():
        words += ["--policy", name]
    words += ["--replications", str(replications), "--seed", str(seed), "--out", "DIR"]
    return shlex.join(words)


def _how_to_resume(store: Path | None, kept: SqliteStore | None) -> str:
    if kept is None:
        return "Nothing is kept. Give --store FILE to be able to resume."
    return f"{len(kept)} rows are kept in {store}; run the same command again for the rest."


def _show(study: Study, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from simab.report.writing import canonical_json

        click.echo(canonical_json(study.result), nl=False)
    elif not quiet:
        from simab.cli.comparison_screen import print_comparison

        print_comparison(study.result)
    if out is not None:
        say(f"The report is {study.report(out)}.", quiet=quiet)
