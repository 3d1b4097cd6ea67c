"""`simab plan`: race candidates for the requirements of a scenario, and name the one to use."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode, Interrupted
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder
from simab.cli.found import show_found
from simab.cli.playing import Playing, playing_options

if TYPE_CHECKING:
    from simab.planning import Plan

__all__ = ["command"]


@click.command("plan")
@click.argument("file", type=click.Path())
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="PARAMETER=VALUES",
    help="A parameter of a policy with a range or a list: policies.canary.bake=10min..1h/6; "
    "repeatable.",
)
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option(
    "--most-runs",
    type=click.IntRange(100),
    default=6400,
    show_default=True,
    help="Replications in each world that the race may take.",
)
@click.option(
    "--fresh-runs",
    type=click.IntRange(100),
    default=4000,
    show_default=True,
    help="Replications in each world of the last test, with another seed.",
)
@options.seed
@engine_option
@playing_options
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    file: str,
    vary: tuple[str, ...],
    policies: tuple[str, ...],
    most_runs: int,
    fresh_runs: int,
    seed: int | None,
    engine: str,
    playing: Playing,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Find parameters with which a policy of the scenario FILE meets its requirements.

    Candidates are the policies at all combinations of what varies. They race over the scenario's
    worlds; those that fail a requirement drop out, and the best of those that meet all is tested
    on runs of its own. With --out writes report.html, plan.json and candidates.csv into DIR. The
    exit code is 0 where one is named, 1 where none can be, and 3 where more runs have to tell.
    """
    try:
        from simab.planning import plan
        from simab.scenario import load
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    with playing.resumable():
        scenario = load(file)
        asked: dict[str, Any] = {
            "vary": vary,
            "policies": list(policies) or None,
            "most_runs": most_runs,
            "fresh_runs": fresh_runs,
            "seed": seed,
            "engine": engine,
        }
        make_folder(out)
        prepare_engine(engine, quiet=quiet)
        found = playing.played(
            partial(plan, scenario, **asked, command=_command(file, asked)),
            scenario,
            rows=most_runs,
            engine=engine,
            quiet=quiet,
        )
        _show(found, out, as_json=as_json, quiet=quiet)
        return _exit_code(found)


def _command(file: str, asked: dict[str, Any]) -> str:
    """The line that makes the plan again: what changes the result, and nothing that does not."""
    words = ["simab", "plan", file]
    for text in asked["vary"]:
        words += ["--vary", text]
    for name in asked["policies"] or ():
        words += ["--policy", name]
    words += ["--most-runs", str(asked["most_runs"]), "--fresh-runs", str(asked["fresh_runs"])]
    if asked["seed"] is not None:
        words += ["--seed", str(asked["seed"])]
    return shlex.join([*words, "--out", "DIR"])


def _show(found: Plan, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from simab.cli.plan_screen import print_plan
    from simab.result.plan_result import plan_json

    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_plan(found.result),
        document=lambda: plan_json(found.result),
    )


def _exit_code(found: Plan) -> ExitCode:
    if found.result.chosen is not None:
        return ExitCode.DONE
    if found.result.more_runs_may_tell:
        return ExitCode.CANNOT_TELL
    return ExitCode.REQUIREMENTS_FAILED
