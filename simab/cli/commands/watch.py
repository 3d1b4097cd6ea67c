"""`simab watch`: replay one run look by look, at a chosen speed."""

from __future__ import annotations

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.policy_files import PolicySource, policy_file_options

__all__ = ["command"]


@click.command("watch")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", metavar="NAME", help="Which policy; the scenario's first by default.")
@click.option("--replication", type=click.IntRange(0), default=0, help="Which repetition.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds of the run that pass in one second.",
)
@options.seed
@engine_option
def command(
    file: str,
    source: PolicySource,
    policy: str | None,
    replication: int,
    speed: float,
    seed: int | None,
    engine: str,
) -> None:
    """Watch the scenario FILE being played once, as `simab run` plays it.

    A terminal shows what production would show, what the policy measures and what it does; a file
    or pipe gets plain lines at once. It ends with the verdict.
    """
    from dataclasses import replace

    from simab.analyse import summary_of
    from simab.cli import terminal
    from simab.cli.played_run import PlayedRun
    from simab.cli.run_screen import sentences
    from simab.cli.watch_screen import watch
    from simab.run.looks import looks
    from simab.run.session import Session
    from simab.run.simulation import choose_policy
    from simab.study.playing import truth_of_world

    scenario = source.scenario(file, quiet=False)
    name, decider = choose_policy(scenario, policy)
    prepare_engine(engine, quiet=False)
    chosen = scenario.study.seed if seed is None else seed
    session = Session(scenario, seed=chosen, replication=replication, engine=engine)
    heading = f"{scenario.title}: {name}, seed {chosen}, replication {replication}"
    console = terminal.standard_output()
    terminal.print_item(console, heading, mark="")
    watch(looks(session, decider), scenario.horizon, speed)
    run = replace(session.close(), policy_name=name)
    truth = truth_of_world(scenario)
    terminal.print_line()
    for sentence in sentences(PlayedRun(run, summary_of(run, truth), truth)):
        terminal.print_item(console, sentence, mark="")
