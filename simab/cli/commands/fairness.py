"""`simab fairness`: is traffic split as the weights ask, and who meets which variant?"""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.routing_fairness import Fairness
    from simab.study import StudyPlan

__all__ = ["command"]

_NEAR: Final = "1%"


@click.command("fairness")
@click.argument("file", type=click.Path())
@policy_file_options
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME",
    help="Play this routing rule instead of the file's; repeatable, side by side on the same "
    "clients; `all` for all that there are.",
)
@click.option(
    "--policy", metavar="NAME", help="The policy that moves the weights; else they are held."
)
@click.option(
    "--tolerance",
    default=_NEAR,
    show_default=True,
    metavar="SHARE",
    help="How near a share has to be to what is asked, to be there after a change.",
)
@click.option(
    "--replications",
    "-n",
    type=click.IntRange(2, 100_000),
    help="How often each rule is played.  [default: 100]",
)
@options.seed
@engine_option
@measuring_options
@options.out
@figures_option
@options.as_json
@options.quiet
def command(
    file: str,
    source: PolicySource,
    rules: tuple[str, ...],
    policy: str | None,
    tolerance: str,
    replications: int | None,
    seed: int | None,
    engine: str,
    measuring: Measuring,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Say whether the scenario FILE splits its traffic as the weights ask.

    Looks at every request of the world as described: realised against asked shares by window and
    phase, the time until a change of weights is there, sample-ratio tests on requests and clients,
    the longest runs, what clients meet, groups of clients, and load by instance. A split that is
    off is compared with the flaws that are known, and what could not be seen is said. With --out
    writes report.html, fairness.json and fairness.csv into DIR. Nothing is kept: an interrupted
    study starts over. The exit code is 4 where some replications failed.
    """
    with measuring.interruptible():
        from simab.routing_fairness import fairness, planned_fairness
        from simab.scenario.routing_rules import rules_for

        scenario = source.scenario(file, quiet=quiet)
        asked: dict[str, Any] = {
            "rules": list(rules_for(scenario) if "all" in rules else dict.fromkeys(rules)) or None,
            "policy": policy,
            "replications": replications,
            "seed": seed,
            "engine": engine,
        }
        plan = planned_fairness(scenario, **asked)
        near = _share(tolerance)
        make_folder(out)
        prepare_engine(engine, quiet=quiet)
        words = [file, *source.words(), *_words(rules, policy, tolerance), *_counted(plan)]
        again = shlex.join(["simab", "fairness", *words])
        found = measuring.played(
            partial(fairness, scenario, **asked, command=again, tolerance=near),
            scenario,
            rows=plan.replications * len(plan.worlds),
            engine=engine,
            quiet=quiet,
        )
        _show(found, out, as_json=as_json, quiet=quiet)
        return ExitCode.REPLICATIONS_FAILED if found.failures else ExitCode.DONE


def _share(text: str) -> float:
    from simab.units import parse_share

    try:
        found = parse_share(text)
    except InvalidInput as error:
        raise InvalidInput(f"--tolerance {text}: {error}") from None
    if not 0.0 < found < 1.0:
        raise InvalidInput(f"--tolerance {text}: must lie between 0 and 1; 1% is usual")
    return found


def _words(rules: tuple[str, ...], policy: str | None, tolerance: str) -> list[str]:
    """What changes the result, as it is typed."""
    words = [word for name in rules for word in ("--rule", name)]
    words += ["--policy", policy] if policy else []
    return words if tolerance == _NEAR else [*words, "--tolerance", tolerance]


def _counted(plan: StudyPlan) -> list[str]:
    return ["-n", str(plan.replications), "--seed", str(plan.seed), "--out", "DIR"]


def _show(found: Fairness, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    from simab.cli.fairness_screen import print_fairness
    from simab.result.fairness_result import fairness_json

    show_found(
        found,
        out,
        as_json=as_json,
        quiet=quiet,
        screen=lambda: print_fairness(found.result),
        document=lambda: fairness_json(found.result),
    )
