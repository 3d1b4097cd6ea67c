"""`simab convergence`: say when metrics distinguish two variants, and what intervals cover."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder
from simab.cli.found import show_found
from simab.cli.measuring import Measuring, measuring_options
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.terminal import say
from simab.errors import InvalidInput
from simab.text.numbers import counted

if TYPE_CHECKING:
    from simab.convergences import Convergence

__all__ = ["command"]


@click.command("convergence")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option("--policy", metavar="NAME", help="Play under this rule; else weights are held.")
@click.option("--metric", metavar="NAME", help="What is asked for; else the objective's metric.")
@click.option(
    "--half-width",
    metavar="WIDTH",
    help="Of the 95 % interval of its difference: 0.01, 1% or 5ms; else the smallest effect.",
)
@click.option(
    "--labels",
    type=click.IntRange(1, 10**9),
    metavar="N",
    help="Judge on so many labelled requests of each variant; else on what the file's rule takes.",
)
@click.option(
    "--replications",
    "-n",
    type=click.IntRange(1, 10**6),
    help="How often to play it, instead of what the scenario says.",
)
@options.seed
@engine_option
@measuring_options
@click.option(
    "--series",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the estimates of every run over time: CSV, or Parquet if it ends in .parquet.",
)
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    file: str,
    source: PolicySource,
    policy: str | None,
    metric: str | None,
    half_width: str | None,
    labels: int | None,
    replications: int | None,
    seed: int | None,
    engine: str,
    measuring: Measuring,
    series: Path | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Say when the metrics of the scenario FILE distinguish its two variants.

    The file is played many times with its weights held. Every metric is looked at over time, as
    production would see it, against the truth: how wide its estimates are spread, from when on
    the better variant leads, what 95 % intervals cover, and how many labelled requests, and days
    of this traffic, it takes to find the smallest effect and the true difference. Late and
    missing labels are held against all labels at once, and naive intervals of latencies against
    batch means. With * a number lies beyond the horizon and is extrapolated.

    With --out it writes report.html, convergence.json and sizes.csv into DIR. The exit code is 4
    where some runs failed.
    """
    with measuring.interruptible():
        from simab.convergences import convergence, planned_convergence
        from simab.study.convergence_plan import ConvergenceSettings

        scenario = source.scenario(file, quiet=quiet)
        settings = ConvergenceSettings(metric, _half_width(half_width, metric), labels)
        plan = planned_convergence(
            scenario, policy, settings, replications=replications, seed=seed, engine=engine
        )
        make_folder(out)
        prepare_engine(engine, quiet=quiet)
        words = [file, *source.words(), *_words(policy, metric, half_width, labels)]
        asked: dict[str, Any] = {
            "policy": policy,
            "metric": metric,
            "half_width": settings.half_width,
            "labels": labels,
            "replications": plan.replications,
            "seed": plan.seed,
            "engine": engine,
            "command": _command(words, plan.replications, plan.seed),
        }
        found = measuring.played(
            partial(convergence, scenario, **asked),
            scenario,
            rows=plan.rows,
            engine=engine,
            quiet=quiet,
        )
        _write_series(found, series, quiet=quiet)
        _show(found, out, as_json=as_json, quiet=quiet)
        return ExitCode.REPLICATIONS_FAILED if found.runs.failures else ExitCode.DONE


def _half_width(text: str | None, metric: str | None) -> float | None:
    """In units of the metric; of latencies in milliseconds."""
    from simab.units import parse_difference, parse_duration

    if text is None:
        return None
    try:
        if metric is not None and metric.startswith("latency"):
            return parse_duration(text) / 1e6
        return parse_difference(_number(text))
    except InvalidInput as refused:
        raise InvalidInput(f"--half-width {text}: {refused}") from None


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _words(
    policy: str | None, metric: str | None, half_width: str | None, labels: int | None
) -> list[str]:
    """What changes the result, as it is typed."""
    asked = {
        "--policy": policy,
        "--metric": metric,
        "--half-width": half_width,
        "--labels": None if labels is None else str(labels),
    }
    return [word for name, value in asked.items() if value is not None for word in (name, value)]


def _command(words: list[str], replications: int, seed: int) -> str:
    """The line that remakes the report."""
    counted_words = ["--replications", str(replications), "--seed", str(seed)]
    return shlex.join(["simab", "convergence", *words, *counted_words, "--out", "DIR"])


def _write_series(found: Convergence, file: Path | None, *, quiet: bool) -> None:
    if file is None:
        return
    from simab.cli.frame_files import write_frame

    frame = found.series
    write_frame(frame, file, option="--series")
    say(f"{counted(len(frame), 'estimate')} in {file}.", quiet=quiet)


def _show(found: Convergence, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from simab.cli.convergence_screen import print_convergence
    from simab.result.convergence_result import convergence_json

    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_convergence(found.result),
        document=lambda: convergence_json(found.result),
    )
