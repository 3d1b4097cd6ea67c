"""`simab sensitivity`: halve and double each assumption, and show which of them matter."""

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
    from simab.sensitivities import Sensitivity

__all__ = ["command"]


@click.command("sensitivity")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--world", "worlds", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option(
    "--quantity",
    type=click.Choice(["promotes", "time_to_decision", "requests_on_worse", "error_share"]),
    default="promotes",
    show_default=True,
    help="What the tornado figure of the page is of.",
)
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
    policies: tuple[str, ...],
    worlds: tuple[str, ...],
    quantity: str,
    stopping: Stopping,
    seed: int | None,
    engine: str,
    playing: Playing,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Say which assumptions of the scenario FILE its answer depends on.

    Traffic, delays, latency, errors, the effect and others are halved and doubled, one at a time,
    and each is judged over its worlds as `simab compare` does. Differences are taken run by run on
    the same clients. Prints which changes move the rule to use or turn a verdict; with --out then
    writes report.html, sensitivity.json and sensitivity.csv into DIR. --precision and --budget mean
    what they mean in `simab compare`, over all changes. The exit code is 4 where some replications
    failed.
    """
    try:
        from simab.sensitivities import planned_sensitivity, sensitivity
    except KeyboardInterrupt:  # modules that are half loaded cannot say what the store holds
        raise Interrupted("Nothing was played yet; run the same command again.") from None
    with playing.resumable():
        scenario = source.scenario(file, quiet=quiet)
        asked: dict[str, Any] = {
            "policies": list(policies) or None,
            "worlds": list(worlds) or None,
            "replications": stopping.replications,
            "seed": seed,
            "engine": engine,
        }
        plan = planned_sensitivity(scenario, **asked).plan
        rule = stopping.rule(plan.policies)
        make_folder(out)
        prepare_engine(engine, quiet=quiet)
        words = [file, *source.words(), *_words(policies, worlds, quantity)]
        again = partial(_command, words, plan.seed)
        found = playing.played(
            partial(sensitivity, scenario, **asked, command=again, stop=rule, quantity=quantity),
            scenario,
            rows=stopping.most(plan.replications) * len(plan.worlds) * len(plan.policies),
            engine=engine,
            quiet=quiet,
        )
        stopping.say_end(found.plan.plan, found.precise, quiet=quiet)
        _show(found, out, as_json=as_json, quiet=quiet)
        return ExitCode.REPLICATIONS_FAILED if found.failures else ExitCode.DONE


def _words(policies: tuple[str, ...], worlds: tuple[str, ...], quantity: str) -> list[str]:
    """What changes the result, as it is typed."""
    words = [word for name in policies for word in ("--policy", name)]
    words += [word for name in worlds for word in ("--world", name)]
    return words if quantity == "promotes" else [*words, "--quantity", quantity]


def _command(asked: list[str], seed: int, replications: int) -> str:
    """The line that remakes the report."""
    counted = ["--replications", str(replications), "--seed", str(seed)]
    return shlex.join(["simab", "sensitivity", *asked, *counted, "--out", "DIR"])


def _show(found: Sensitivity, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from simab.cli.sensitivity_screen import print_sensitivity
    from simab.result.sensitivity_result import sensitivity_json

    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_sensitivity(found.result),
        document=lambda: sensitivity_json(found.result),
    )
