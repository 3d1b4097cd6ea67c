"""`simab compare`: play every policy many times, show the table, write the report."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode, Interrupted
from simab.cli.folders import make_folder, writing_into
from simab.cli.gate import Gate, gate_options
from simab.cli.progress import shown_progress
from simab.cli.terminal import print_document, say
from simab.errors import NoResources

if TYPE_CHECKING:
    from simab.comparison import Study
    from simab.study.execution import Executor

__all__ = ["command"]

UNFINISHED: Final = "unfinished.sqlite"


@click.command("compare")
@click.argument("file", type=click.Path())
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--world", "worlds", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--replications", "-n", type=click.IntRange(1), help="Instead of the scenario's.")
@options.seed
@engine_option
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=lambda: os.cpu_count() or 1,
    show_default="all processors",
    help="Replications played at once; their number changes no result.",
)
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep finished replications in this SQLite file, and resume from it.",
)
@gate_options
@options.out
@options.as_json
@options.quiet
def command(
    file: str,
    policies: tuple[str, ...],
    worlds: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    engine: str,
    workers: int,
    store: Path | None,
    gate: Gate,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Compare the promotion policies of the scenario FILE.

    Every policy is played on the same clients and the same outcomes. Prints the operating
    characteristics; with --out then writes report.html, study.json and CSV files into DIR. Until
    these are written, DIR/unfinished.sqlite keeps the finished replications, unless --store names
    another file: the same command goes on from there. Where a policy raises, the replication is
    left out and said to have failed; the exit code is 4 then.

    With --gate or --assert the exit code is 1 if a policy fails a requirement in any world, and 3
    if more runs are needed to tell; the screen says how many.
    """
    try:
        from simab.comparison import compare
        from simab.scenario import load
        from simab.scenario.world_names import world_names
        from simab.study import workers_worth_starting
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    kept_in = _UnfinishedRows(store)
    try:
        chosen = list(policies) or None
        scenario = gate.added_to(load(file), chosen)
        make_folder(out)
        gate.require_places(Path(file))
        count = scenario.study.replications if replications is None else replications
        used_seed = scenario.study.seed if seed is None else seed
        prepare_engine(engine, quiet=quiet)
        kept_in = _UnfinishedRows.beside(store, out)
        again = _command(file, chosen, worlds, gate.assertions, count, used_seed)
        settings: dict[str, Any] = {"replications": count, "seed": used_seed, "engine": engine}
        settings["command"] = again
        rows = count * len(policies or scenario.policies) * len(worlds or world_names(scenario))
        study = _played(
            partial(compare, scenario, policies=chosen, worlds=list(worlds) or None, **settings),
            workers_worth_starting(workers, scenario, rows, engine=engine),
            kept_in.path,
            quiet=quiet,
        )
        _show(study, out, as_json=as_json, quiet=quiet, gated=gate.sets_exit_code)
        gate.write(study)
        kept_in.finished()
        return gate.exit_code(study)
    except KeyboardInterrupt:
        raise Interrupted(_how_to_resume(kept_in.path)) from None
    except NoResources as error:
        raise NoResources(f"{error} {_how_to_resume(kept_in.path)}") from None


@dataclass(frozen=True, slots=True)
class _UnfinishedRows:
    """Where finished replications are kept until the whole report is written."""

    path: Path | None
    is_ours: bool = False

    @classmethod
    def beside(cls, store: Path | None, out: Path | None) -> _UnfinishedRows:
        """The store that was asked for; without one, a file in the folder of the report."""
        if store is not None or out is None:
            return cls(store)
        return cls(out / UNFINISHED, is_ours=True)

    def finished(self) -> None:
        """The report is written: our own file is not needed any more."""
        if self.is_ours and self.path is not None:
            self.path.unlink(missing_ok=True)


def _played(
    comparison: Callable[..., Study],
    workers: Executor | None,
    store: Path | None,
    *,
    quiet: bool,
) -> Study:
    """Play with the workers and the store that were asked for, and say how far it is."""
    from simab.study import SqliteStore

    with ExitStack() as stack:
        return comparison(
            executor=stack.enter_context(workers) if workers else None,
            store=stack.enter_context(closing(SqliteStore(store))) if store else None,
            progress=stack.enter_context(shown_progress("Replications", quiet=quiet)),
        )


def _command(
    file: str,
    policies: list[str] | None,
    worlds: tuple[str, ...],
    assertions: tuple[str, ...],
    replications: int,
    seed: int,
) -> str:
    """The line that remakes the report: what changes the result, and nothing that does not."""
    words = ["simab", "compare", file]
    for name in policies or ():
        words += ["--policy", name]
    for name in worlds:
        words += ["--world", name]
    for text in assertions:
        words += ["--assert", text]
    words += ["--replications", str(replications), "--seed", str(seed), "--out", "DIR"]
    return shlex.join(words)


def _how_to_resume(store: Path | None) -> str:
    if store is None:
        return "Nothing is kept. Give --store FILE or --out DIR to be able to resume."
    if not store.exists():
        return "Nothing was played yet; run the same command again."
    from simab.study import SqliteStore

    with closing(SqliteStore(store)) as kept:
        count = len(kept)
    kept_words = "1 replication is" if count == 1 else f"{count} replications are"
    return f"{kept_words} kept in {store}; run the same command again for the rest."


def _show(study: Study, out: Path | None, *, as_json: bool, quiet: bool, gated: bool) -> None:
    """The table at once; then the report, for which a run of each policy is played again."""
    if not as_json and not quiet:
        from simab.cli.comparison_screen import print_comparison

        print_comparison(study.result, gated=gated)
        sys.stdout.flush()
    if out is not None:
        with writing_into(out), shown_progress("Runs replayed for the report", quiet=quiet) as show:
            page = study.report(out, progress=show)
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        from simab.result.saved_study import canonical_json

        print_document(canonical_json(study.with_examples()))
