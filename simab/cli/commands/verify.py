"""`simab verify`: hold the simulator against theory, or two runs against each other."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options, terminal
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.executors import workers_option
from simab.cli.exits import ExitCode, Interrupted
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder
from simab.cli.found import show_found
from simab.errors import InvalidInput

__all__ = ["command"]


@click.command("verify")
@click.option(
    "--thorough",
    is_flag=True,
    help="Four times as many replications, and queues that need them.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="TEXT",
    help="Play the cases that have this in their names; repeatable.",
)
@click.option(
    "--log",
    "logs",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="A B",
    help="Compare two runs row by row: folders of `simab run --out`, or two of their files.",
)
@options.seed
@engine_option
@workers_option
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    thorough: bool,
    only: tuple[str, ...],
    logs: tuple[Path, Path] | None,
    seed: int | None,
    engine: str,
    workers: int,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Play what theory knows exactly, and show each value beside it.

    Queues, arrivals, answers and labels are played 40 times each, and every run is held against
    the identities of any path. Each check says which error it would have caught. The exit code is 1
    where a check is refused or an identity broken, which happens to a simulator without errors in
    one table of a hundred. With --out writes report.html, verification.json and verification.csv
    into DIR. It takes a minute or two on two processors; the reference engine takes hours.

    With --log nothing is played: the requests, windows, decisions and splits of two runs are
    compared, and the first difference is shown in full. The exit code is 1 where there is one.
    """
    if logs:
        if thorough or only or out is not None or seed is not None:
            raise InvalidInput(
                "--log compares two runs and plays nothing: leave out --thorough, --only, --seed "
                "and --out, or leave out --log"
            )
        return _compared(logs, as_json=as_json, quiet=quiet)
    try:
        return _verified((thorough, only, seed), engine, workers, out, as_json=as_json, quiet=quiet)
    except KeyboardInterrupt:
        raise Interrupted("Nothing is kept; run the same command again.") from None


def _verified(
    asked: tuple[bool, tuple[str, ...], int | None],
    engine: str,
    workers: int,
    out: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    from contextlib import ExitStack

    from simab.cli.progress import shown_progress
    from simab.cli.verification_screen import print_verification
    from simab.result.verification_result import verification_json
    from simab.study import local_workers
    from simab.verification import SEED, chosen_cases, verify

    thorough, only, seed = asked
    cases = chosen_cases(only, thorough=thorough)
    make_folder(out)
    prepare_engine(engine, quiet=quiet)
    with ExitStack() as stack:
        executor = None
        if workers > 1:
            executor = local_workers(workers, cases[0].scenario, engine=engine)
            stack.enter_context(executor)
        found = verify(
            thorough=thorough,
            only=only,
            seed=SEED if seed is None else seed,
            engine=engine,
            executor=executor,
            progress=stack.enter_context(shown_progress("Cases", quiet=quiet)),
        )
    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_verification(found.result),
        document=lambda: verification_json(found.result),
    )
    return ExitCode.DONE if found.passed else ExitCode.REQUIREMENTS_FAILED


def _compared(logs: tuple[Path, Path], *, as_json: bool, quiet: bool) -> ExitCode:
    from simab.cli.log_screen import log_data, print_logs
    from simab.verify.run_logs import compare_logs

    tables = compare_logs(*logs)
    if as_json:
        terminal.print_result("log-comparison/1", log_data(tables))
    elif not quiet:
        print_logs(tables, (str(logs[0]), str(logs[1])))
    return ExitCode.DONE if all(each.equal for each in tables) else ExitCode.REQUIREMENTS_FAILED
