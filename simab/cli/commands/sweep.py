"""`simab sweep`: play every policy at every point of what varies, show and write what it does."""

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
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.stopping import Stopping, stopping_options

if TYPE_CHECKING:
    from simab.sweeping import Sweep

__all__ = ["command"]


@click.command("sweep")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="FIELD=VALUES",
    help="What varies: effect=-4%..4%/9, or a field by its path with a range or a list, such as "
    "traffic.users.rate=1/s,5/s; two make a grid.",
)
@click.option(
    "--latin-hypercube",
    type=int,
    metavar="N",
    help="Draw N points over all ranges (a..b), instead of a grid.",
)
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@stopping_options
@options.seed
@engine_option
@playing_options
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    file: str,
    source: PolicySource,
    vary: tuple[str, ...],
    latin_hypercube: int | None,
    policies: tuple[str, ...],
    stopping: Stopping,
    seed: int | None,
    engine: str,
    playing: Playing,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Play the scenario FILE at many points, with other values of some fields at each.

    All points and policies meet the same clients. "effect" is by how much the candidate's true
    metric is above the control's. Prints each policy at its worst points; with --out then writes
    report.html, sweep.json and CSV files into DIR. Every point is checked before anything is
    played. An interrupted sweep goes on as `simab compare` does, and --precision and --budget mean
    what they mean there; the exit code is 4 where some replications failed.
    """
    try:
        from simab.study.sweep_plan import SweepSettings, planned
        from simab.sweeping import sweep
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    with playing.resumable():
        scenario = source.scenario(file, quiet=quiet)
        asked: dict[str, Any] = {
            "vary": vary,
            "latin_hypercube": latin_hypercube,
            "policies": list(policies) or None,
            "replications": stopping.replications,
            "seed": seed,
            "engine": engine,
        }
        plan = planned(scenario, SweepSettings(**asked)).plan
        rule = stopping.rule(plan.policies)
        make_folder(out)
        prepare_engine(engine, quiet=quiet)
        again = partial(_command, [file, *source.words()], asked, plan.seed)
        found = playing.played(
            partial(sweep, scenario, **asked, command=again, stop=rule),
            scenario,
            rows=stopping.most(plan.replications) * len(plan.worlds) * len(plan.policies),
            engine=engine,
            quiet=quiet,
        )
        stopping.say_end(found.played.plan.plan, found.precise, quiet=quiet)
        _show(found, out, as_json=as_json, quiet=quiet)
        return ExitCode.REPLICATIONS_FAILED if found.failures else ExitCode.DONE


def _command(files: list[str], asked: dict[str, Any], seed: int, replications: int) -> str:
    """The line that remakes the report: what changes the result, and nothing that does not."""
    words = ["simab", "sweep", *files]
    for text in asked["vary"]:
        words += ["--vary", text]
    if asked["latin_hypercube"] is not None:
        words += ["--latin-hypercube", str(asked["latin_hypercube"])]
    for name in asked["policies"] or ():
        words += ["--policy", name]
    words += ["--replications", str(replications), "--seed", str(seed)]
    return shlex.join([*words, "--out", "DIR"])


def _show(found: Sweep, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from simab.cli.sweep_screen import print_sweep
    from simab.result.sweep_result import sweep_json

    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_sweep(found.result),
        document=lambda: sweep_json(found.result),
    )
