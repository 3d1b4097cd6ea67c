"""`simab rehearse`: play a boto3 script many times in simulated time, beside policies."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Any

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder
from simab.cli.playing import Playing, playing_options
from simab.cli.scripts import Rehearsal, rehearsal_options, say_defaults
from simab.cli.shown_study import show_study

__all__ = ["command"]


@click.command("rehearse")
@rehearsal_options
@click.option("--world", "worlds", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--replications", "-n", type=click.IntRange(1), help="Instead of the scenario's.")
@options.seed
@engine_option
@playing_options
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    rehearsal: Rehearsal,
    worlds: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    engine: str,
    playing: Playing,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Rehearse SCRIPT, a program that shifts traffic by boto3, in simulated time.

    It runs unchanged: its clients of SageMaker, CloudWatch and Application Auto Scaling act on a
    simulated endpoint, and its sleep and its clock are simulated. Every replication is a process of
    its own with other random numbers, in every world of the scenario. The variant that has all
    weight when it ends, or at the horizon, counts as promoted. A replication in which it raises,
    exits with an error or takes too long is left out and named; the exit code is 4 then.

    Arguments of the script follow after `--`.
    """
    from simab.aws.model_table import load_served
    from simab.comparison import compare
    from simab.scenario.world_names import world_names

    playing.keep_only_where_named()  # what a script reads besides its code is not in a row's key
    with playing.resumable():
        served = load_served(rehearsal.file)
        scenario = served.scenario
        make_folder(out)
        chosen = rehearsal.chosen(served)
        say_defaults(served, rehearsal.file, quiet=quiet)
        count = replications or scenario.study.replications
        used_seed = scenario.study.seed if seed is None else seed
        prepare_engine(engine, quiet=quiet)
        words = [*rehearsal.words(), *(word for each in worlds for word in ("--world", each))]
        settings: dict[str, Any] = {"replications": count, "seed": used_seed, "engine": engine}
        settings["command"] = partial(_command, words, rehearsal.arguments, used_seed)
        settings |= {"policies": chosen, "worlds": list(worlds) or None}
        study = playing.played(
            partial(compare, scenario, **settings),
            scenario,
            rows=count * len(chosen) * len(worlds or world_names(scenario)),
            engine=engine,
            quiet=quiet,
        )
        show_study(study, out, as_json=as_json, quiet=quiet)
    return ExitCode.REPLICATIONS_FAILED if study.failures else ExitCode.DONE


def _command(words: list[str], arguments: tuple[str, ...], seed: int, replications: int) -> str:
    """The line that remakes the report."""
    counted = ["--replications", str(replications), "--seed", str(seed), "--out", "DIR"]
    after = ["--", *arguments] if arguments else []
    return shlex.join(["simab", "rehearse", *words, *counted, *after])
