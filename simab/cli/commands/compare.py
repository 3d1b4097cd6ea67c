"""`simab compare`: play every policy many times, show the table, write the report."""

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
from simab.cli.gate import Gate, gate_options
from simab.cli.playing import Playing, playing_options
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.shown_study import show_study
from simab.cli.stopping import Stopping, stopping_options

if TYPE_CHECKING:
    from simab.result.study_change import StudyChange

__all__ = ["command"]


@click.command("compare")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--world", "worlds", multiple=True, metavar="NAME", help="Only this; repeatable.")
@stopping_options
@options.seed
@engine_option
@playing_options
@gate_options
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    file: str,
    source: PolicySource,
    policies: tuple[str, ...],
    worlds: tuple[str, ...],
    stopping: Stopping,
    seed: int | None,
    engine: str,
    playing: Playing,
    gate: Gate,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Compare the promotion policies of the scenario FILE.

    Every policy is played on the same clients and the same outcomes. Prints the operating
    characteristics; with --out then writes report.html, study.json and CSV files into DIR. Finished
    replications are kept, so that an interrupted study, or one with more replications, goes on
    where it was. Where a policy raises, the replication is left out and said to have failed; the
    exit code is 4 then.

    With --policies the file need not have policies: so a team gates the configuration that it
    deploys.

    With --precision the number of replications is found while playing, and with --budget it is what
    the time is enough for; the result is that of as many replications asked for by -n.

    With --gate or --assert the exit code is 1 if a policy fails a requirement in any world, and 3
    if more runs are needed to tell; the screen says how many.
    """
    try:
        from simab.comparison import compare
        from simab.scenario.world_names import world_names
        from simab.study.pace import Pace
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    with playing.resumable():
        chosen = list(policies) or None
        scenario = gate.added_to(source.scenario(file, quiet=quiet), chosen)
        make_folder(out)
        gate.require_places(source.read(file))
        gate.require_earlier_study()
        count = stopping.replications or scenario.study.replications
        rule = stopping.rule(chosen or list(scenario.policies))
        used_seed = scenario.study.seed if seed is None else seed
        prepare_engine(engine, quiet=quiet)
        asked = [*source.words(), *_words(policies, worlds), *gate.words()]
        again = partial(_command, [file, *asked], used_seed)
        settings: dict[str, Any] = {"replications": count, "seed": used_seed, "engine": engine}
        settings |= {"command": again, "stop": rule, "pace": (pace := Pace())}
        groups = len(policies or scenario.policies) * len(worlds or world_names(scenario))
        study = playing.played(
            partial(compare, scenario, policies=chosen, worlds=list(worlds) or None, **settings),
            scenario,
            rows=stopping.most(count) * groups,
            engine=engine,
            quiet=quiet,
        )
        playing.keep_pace(pace, scenario, engine)
        change = gate.change(study)
        stopping.say_end(study.plan, study.precise, quiet=quiet)
        show_study(study, out, as_json=as_json, quiet=quiet, gated=gate.sets_exit_code)
        if not (as_json or quiet):
            _show_change(change)
        gate.write(study, change)
        return gate.exit_code(study)


def _show_change(change: StudyChange | None) -> None:
    """What is other than in an earlier study, if one was given."""
    if change is not None:
        from simab.cli.change_screen import print_change

        click.echo()
        print_change(change)


def _words(*given: tuple[str, ...]) -> list[str]:
    """The options that may be repeated, as they are typed."""
    options = ("--policy", "--world")
    pairs = zip(options, given, strict=True)
    return [word for option, texts in pairs for text in texts for word in (option, text)]


def _command(asked: list[str], seed: int, replications: int) -> str:
    """The line that remakes the report: what changes the result, and nothing that does not."""
    counted = ["--replications", str(replications), "--seed", str(seed)]
    return shlex.join(["simab", "compare", *asked, *counted, "--out", "DIR"])
