"""`simab run`: play one replication under one policy, and say what happened."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options, terminal
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.folders import make_folder, writing_into
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.terminal import say
from simab.errors import ReplicationsFailed
from simab.units import seconds

if TYPE_CHECKING:
    from simab.draws import Draws
    from simab.run.simulation import Run
    from simab.scenario.models import Scenario
    from simab.world.control import Decider

__all__ = ["command"]


@click.command("run")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", metavar="NAME", help="Which policy; the scenario's first by default.")
@click.option("--world", metavar="NAME", help="Which world; as the file describes by default.")
@click.option("--replication", type=click.IntRange(0), default=0, help="Which repetition.")
@options.seed
@engine_option
@options.out
@options.as_json
@options.quiet
def command(
    file: str,
    source: PolicySource,
    policy: str | None,
    world: str | None,
    replication: int,
    seed: int | None,
    engine: str,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Play the scenario FILE once.

    Prints how its requests ended and what the policy decided; with --out also writes requests.csv,
    windows.csv, decisions.csv and splits.csv into DIR. If the policy raises, there is no run, and
    the exit code is 4.
    """
    from simab.draws import Draws
    from simab.files import write_files
    from simab.run.frames import csv_bytes
    from simab.run.simulation import choose_policy
    from simab.scenario.worlds import worlds_of

    scenario = source.scenario(file, quiet=quiet)
    make_folder(out)
    chosen = choose_policy(scenario, policy)
    if world is not None:
        (only,) = worlds_of(scenario, names=[world])
        scenario = only.scenario
    draws = Draws(scenario.study.seed if seed is None else seed, replication)
    prepare_engine(engine, quiet=quiet)
    run = _played(scenario, chosen, draws, engine, record_requests=out is not None)
    if as_json:
        terminal.print_result("run/1", _as_data(run))
    elif not quiet:
        _print(run)
    if out is not None:
        with writing_into(out):
            names = ("requests", "windows", "decisions", "splits")
            write_files({out / f"{name}.csv": csv_bytes(getattr(run, name)) for name in names})
        say(f"The records are in {out}.", quiet=quiet)


def _played(
    scenario: Scenario,
    policy: tuple[str, Decider],
    draws: Draws,
    engine: str,
    *,
    record_requests: bool,
) -> Run:
    from simab.study.failure import Failure
    from simab.study.playing import play_one
    from simab.world import Blueprint

    blueprint = Blueprint.of(scenario)
    run = play_one(blueprint, policy, draws, engine, record_requests=record_requests)
    if isinstance(run, Failure):
        raise ReplicationsFailed(
            f"Replication {run.replication} of {run.policy!r} with seed {draws.seed} failed: "
            f"{run.error}. simab.simulate() in Python raises it where it arises."
        )
    return run


def _as_data(run: Run) -> dict[str, Any]:
    ending = run.decision_log.ending
    return {
        "policy": run.policy_name,
        "seed": run.seed,
        "replication": run.replication,
        "engine": run.engine,
        "totals": asdict(run.totals),
        "ends_with": ending[0] if ending else None,
        "ends_with_since_ns": ending[1] if ending else None,
        "decisions": run.decisions.to_dict(orient="records"),
        "splits": run.splits.to_dict(orient="records"),
    }


def _print(run: Run) -> None:
    from simab.run.frames import describe_action
    from simab.text.durations import duration_text
    from simab.text.numbers import number_text

    console, totals = terminal.standard_output(), run.totals
    terminal.print_line(
        f"{run.scenario.title}: {run.policy_name}, seed {run.seed}, "
        f"replication {run.replication}, {duration_text(seconds(run.scenario.horizon))}\n"
    )
    rows = [
        (name.replace("_", " "), number_text(count), "") for name, count in asdict(totals).items()
    ]
    terminal.print_table(console, ("requests and labels", "count", ""), rows)
    click.echo()
    decisions = [
        (
            f"{type(entry.action).__name__} {describe_action(entry.action)}",
            duration_text(seconds(entry.at_ns)),
            entry.action.because if entry.accepted else f"refused: {entry.refusal}",
        )
        for entry in run.decision_log.decisions
    ]
    if decisions:
        terminal.print_table(console, ("action", "at", "because"), decisions)
    else:
        click.echo("The policy did nothing.")
    click.echo()
    terminal.print_line(_ending(run))


def _ending(run: Run) -> str:
    """Who has the traffic at the end, whatever was decided."""
    from simab.text.durations import duration_text
    from simab.text.lists import named

    ending = run.decision_log.ending
    if ending is None:
        return "At the end several variants share the weighted traffic."
    name, since_ns = ending
    return f"{named(name)} has all weighted traffic from {duration_text(seconds(since_ns))} on."
