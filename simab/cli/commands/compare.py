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
from typing import TYPE_CHECKING, Final

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode, Interrupted
from simab.cli.folders import make_folder, writing_into
from simab.cli.progress import shown_progress
from simab.cli.terminal import print_document, say
from simab.errors import InvalidInput, NoResources

if TYPE_CHECKING:
    from simab.comparison import Study
    from simab.scenario.models import Scenario
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
@click.option("--gate", is_flag=True, help="Let the exit code say whether requirements are met.")
@click.option(
    "--assert",
    "assertions",
    multiple=True,
    metavar="TEXT",
    help="Require this too, and gate: 'false_promotion(\"my canary\") <= 5%'; repeatable.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write each requirement as a test case, for a build server.",
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the answer in few lines, for a merge request.",
)
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
    gate: bool,
    assertions: tuple[str, ...],
    junit: Path | None,
    markdown: Path | None,
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
        from simab.study import workers_worth_starting
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    kept_in = _UnfinishedRows(store)
    try:
        scenario = _with_assertions(load(file), assertions)
        make_folder(out)
        chosen = list(policies) or None
        count = scenario.study.replications if replications is None else replications
        used_seed = scenario.study.seed if seed is None else seed
        prepare_engine(engine, quiet=quiet)
        kept_in = _UnfinishedRows.beside(store, out)
        study = _played(
            partial(
                compare,
                scenario,
                policies=chosen,
                worlds=list(worlds) or None,
                replications=count,
                seed=used_seed,
                engine=engine,
                command=_command(file, chosen, worlds, assertions, count, used_seed),
            ),
            workers_worth_starting(
                workers, scenario, count * len(policies or scenario.policies), engine=engine
            ),
            kept_in.path,
            quiet=quiet,
        )
        _show(study, out, as_json=as_json, quiet=quiet)
        _write_verdicts(study, junit, markdown)
        kept_in.finished()
        return _exit_code(study, gated=gate or bool(assertions))
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


def _with_assertions(scenario: Scenario, assertions: tuple[str, ...]) -> Scenario:
    """The scenario with these requirements too."""
    if not assertions:
        return scenario
    from simab.scenario.assertions import requirement_of
    from simab.scenario.suggestions import remedy_for_name

    asked = [requirement_of(text) for text in assertions]
    for text, each in zip(assertions, asked, strict=True):
        if each.policy is not None and each.policy not in scenario.policies:
            raise InvalidInput(
                f"--assert {text!r}: "
                + remedy_for_name(each.policy, scenario.policies, "names no policy. Policies")
            )
    return scenario.model_copy(update={"requirements": (*scenario.requirements, *asked)})


def _write_verdicts(study: Study, junit: Path | None, markdown: Path | None) -> None:
    """What a build server and a merge request show."""
    from simab.files import write_files
    from simab.report.verdict_files import junit_xml, markdown_lines

    files: dict[Path, bytes] = {}
    if junit is not None:
        files[junit] = junit_xml(study.result)
    if markdown is not None:
        files[markdown] = markdown_lines(study.result).encode()
    if files:
        write_files(files)


def _exit_code(study: Study, *, gated: bool) -> ExitCode:
    """Failed replications first, then what fails, then what cannot be told."""
    from simab.result.requirement_result import Compliance

    if study.failures:
        return ExitCode.REPLICATIONS_FAILED
    if not gated:
        return ExitCode.DONE
    found = {study.result.compliance(policy) for policy in study.plan.policies}
    if Compliance.FAILS in found:
        return ExitCode.REQUIREMENTS_FAILED
    return ExitCode.CANNOT_TELL if Compliance.OPEN in found else ExitCode.DONE


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


def _show(study: Study, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """The table at once; then the report, for which a run of each policy is played again."""
    if not as_json and not quiet:
        from simab.cli.comparison_screen import print_comparison

        print_comparison(study.result)
        sys.stdout.flush()
    if out is not None:
        with writing_into(out), shown_progress("Runs replayed for the report", quiet=quiet) as show:
            page = study.report(out, progress=show)
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        from simab.result.saved_study import canonical_json

        print_document(canonical_json(study.with_examples()))
