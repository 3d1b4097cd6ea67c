"""`simab rehearse`: play a boto3 script many times in simulated time, beside policies."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode
from simab.cli.figures import figures_option
from simab.cli.folders import make_folder, writing_into
from simab.cli.playing import Playing, playing_options
from simab.cli.progress import shown_progress
from simab.cli.terminal import print_document, say
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.aws.script_policy import ScriptPolicy
    from simab.comparison import Study
    from simab.scenario.models import Scenario
    from simab.world.control import Decider

__all__ = ["command"]


@click.command("rehearse")
@click.argument("script", type=click.Path())
@click.argument("arguments", nargs=-1)
@click.option(
    "--scenario",
    "file",
    required=True,
    type=click.Path(),
    metavar="FILE",
    help="What to play it in.",
)
@click.option("--name", help="What the script is called in the results; by default as its file.")
@click.option(
    "--endpoint",
    default="",
    metavar="NAME",
    help="An endpoint that serves from the start; by default the script creates its own.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=VARIANT",
    help="Which variant of the scenario plays a model, image or variant of the script; repeatable.",
)
@click.option(
    "--answers",
    default="",
    metavar="FILE.py:FUNCTION",
    help="What variants say to a payload: FUNCTION(variant, payload).",
)
@click.option(
    "--limit", default="60s", metavar="DURATION", help="Real time for one replication.",
    show_default=True,
)  # fmt: skip
@click.option("--policy", "policies", multiple=True, metavar="NAME",
              help="Only this policy of the file beside it; repeatable.")  # fmt: skip
@click.option("--alone", is_flag=True, help="No policy of the file beside it.")
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
    script: str,
    arguments: tuple[str, ...],
    file: str,
    name: str | None,
    endpoint: str,
    models: tuple[str, ...],
    answers: str,
    limit: str,
    policies: tuple[str, ...],
    alone: bool,
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
    from simab.comparison import compare
    from simab.scenario import load
    from simab.scenario.world_names import world_names

    with playing.resumable():
        scenario = load(file)
        make_folder(out)
        own = _script(script, arguments, endpoint, models, answers, limit)
        called = name or Path(script).stem
        chosen = _beside(scenario, policies, alone=alone)
        if called in chosen:
            raise InvalidInput(f"a policy of {file} is called {called} as well; give a --name")
        chosen = {called: own, **chosen}
        count = replications or scenario.study.replications
        used_seed = scenario.study.seed if seed is None else seed
        prepare_engine(engine, quiet=quiet)
        words = [script, "--scenario", file, *(("--name", name) if name else ())]
        words += ["--endpoint", endpoint] if endpoint else []
        words += [word for each in models for word in ("--model", each)]
        words += ["--answers", answers] if answers else []
        words += [word for each in policies for word in ("--policy", each)]
        words += [word for each in worlds for word in ("--world", each)]
        words += ["--alone"] if alone else []
        again = partial(_command, words, arguments, used_seed)
        settings: dict[str, Any] = {"replications": count, "seed": used_seed, "engine": engine}
        study = playing.played(
            partial(
                compare,
                scenario,
                policies=chosen,
                worlds=list(worlds) or None,
                command=again,
                **settings,
            ),
            scenario,
            rows=count * len(chosen) * len(worlds or world_names(scenario)),
            engine=engine,
            quiet=quiet,
        )
        _show(study, out, as_json=as_json, quiet=quiet)
    return ExitCode.REPLICATIONS_FAILED if study.failures else ExitCode.DONE


def _script(
    script: str,
    arguments: tuple[str, ...],
    endpoint: str,
    models: tuple[str, ...],
    answers: str,
    limit: str,
) -> ScriptPolicy:
    from simab.aws.script_policy import script_policy
    from simab.units import parse_duration, seconds

    table = dict(each.partition("=")[::2] for each in models)
    for model, variant in table.items():
        if not variant:
            raise InvalidInput(f"--model {model}: write NAME=VARIANT")
    return script_policy(
        script,
        arguments=arguments,
        endpoint=endpoint,
        played_by=table,
        answers=answers,
        wall_limit_s=seconds(parse_duration(limit)),
    )


def _beside(scenario: Scenario, policies: tuple[str, ...], *, alone: bool) -> dict[str, Decider]:
    """The policies of the file that are played beside the script."""
    from simab.study.arguments import chosen_policies

    if alone and policies:
        raise InvalidInput("--alone and --policy contradict each other; give one of them")
    return {} if alone else dict(chosen_policies(scenario, list(policies) or None))


def _command(words: list[str], arguments: tuple[str, ...], seed: int, replications: int) -> str:
    """The line that remakes the report."""
    counted = ["--replications", str(replications), "--seed", str(seed), "--out", "DIR"]
    after = ["--", *arguments] if arguments else []
    return shlex.join(["simab", "rehearse", *words, *counted, *after])


def _show(study: Study, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """The table at once; then the report, for which runs are played again."""
    if not as_json and not quiet:
        from simab.cli.comparison_screen import print_comparison

        print_comparison(study.result)
        sys.stdout.flush()
    if out is not None:
        with writing_into(out), shown_progress("Runs replayed for the report", quiet=quiet) as show:
            page = study.report(out, progress=show)
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        from simab.result.saved_study import canonical_json

        print_document(canonical_json(study.with_examples()))
