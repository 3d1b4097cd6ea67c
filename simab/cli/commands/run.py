"""`simab run`: play one replication under one policy, and say what happened."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli import options, terminal
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.folders import make_folder, writing_into
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.terminal import say
from simab.errors import ReplicationsFailed

if TYPE_CHECKING:
    from simab.cli.played_run import PlayedRun, Served
    from simab.draws import Draws
    from simab.scenario.models import Scenario
    from simab.world.control import Decider

__all__ = ["command"]

_RECORDED: Final = 2_000_000  # requests whose records, 0.1 kB each, are kept to count users


@click.command("run")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", metavar="NAME", help="Which policy; the scenario's first by default.")
@click.option("--world", metavar="NAME", help="Which world; as the file describes by default.")
@click.option("--replication", type=click.IntRange(0), default=0, help="Which repetition.")
@options.seed
@engine_option
@click.option("--plot", is_flag=True, help="Draw the run over time, in characters.")
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
    plot: bool,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Play the scenario FILE once.

    Prints how its requests ended, what the policy measured and decided, whom each variant served,
    and whether the run ended right; with --out also writes requests.csv,
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
    played = _played(scenario, chosen, draws, engine, record_requests=out is not None)
    run = played.run
    if as_json:
        terminal.print_result("run/1", _as_data(played))
    elif not quiet:
        from simab.cli.run_screen import print_run

        print_run(played, plot=plot)
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
) -> PlayedRun:
    from simab.analyse import summary_of
    from simab.cli.played_run import PlayedRun
    from simab.scenario.memory import expected_requests
    from simab.study.failure import Failure
    from simab.study.playing import truth_of_world
    from simab.study.watching import play_watched
    from simab.world import Blueprint

    blueprint = Blueprint.of(scenario)
    recorded = record_requests or expected_requests(scenario) <= _RECORDED
    run = play_watched(blueprint, policy, draws, engine, record_requests=recorded)
    if isinstance(run, Failure):
        raise ReplicationsFailed(
            f"Replication {run.replication} of {run.policy!r} with seed {draws.seed} failed: "
            f"{run.error}. simab.simulate() in Python raises it where it arises."
        )
    truth = truth_of_world(scenario)
    return PlayedRun(run, summary_of(run, truth), truth)


def _as_data(played: PlayedRun) -> dict[str, Any]:
    from simab.cli.played_run import served

    run, summary, _ = played
    ending = run.decision_log.ending
    return {
        "policy": run.policy_name,
        "seed": run.seed,
        "replication": run.replication,
        "engine": run.engine,
        "verdict": summary.verdict,
        "judgement": summary.judgement,
        "decided_for": summary.decided_for,
        "decided_s": summary.decided_s,
        "best": played.judged_by.best,
        "variants": [_variant_data(each) for each in served(run)],
        "readings": [{"at_ns": each.at_ns} | asdict(each.reading) for each in run.readings],
        "totals": asdict(run.totals),
        "ends_with": ending[0] if ending else None,
        "ends_with_since_ns": ending[1] if ending else None,
        "decisions": run.decisions.to_dict(orient="records"),
        "splits": run.splits.to_dict(orient="records"),
        "scalings": run.scalings.to_dict(orient="records"),
    }


def _variant_data(served: Served) -> dict[str, Any]:
    """What a variant answered; None where nothing is known."""
    return {
        key: None if isinstance(value, float) and value != value else value
        for key, value in served._asdict().items()
    }
