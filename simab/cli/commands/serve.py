"""`simab serve`: the simulated endpoint over HTTP, for clients in any language."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options
from simab.cli.engines import engine as engine_option
from simab.cli.engines import prepare_engine
from simab.cli.exits import ExitCode
from simab.cli.served_accounts import ServedScenario
from simab.cli.terminal import print_line, say
from simab.errors import InvalidInput

__all__ = ["command"]


@click.command("serve")
@click.argument("file", type=click.Path())
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="NAME",
    help="Where to listen; elsewhere than on loopback the address holds a token.",
)
@click.option(
    "--port",
    default=4599,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="0: any that is free.",
)
@click.option(
    "--endpoint",
    default="",
    metavar="NAME",
    help="An endpoint that serves from the start; by default clients create theirs.",
)
@click.option(
    "--speed",
    default=0.0,
    type=float,
    metavar="FACTOR",
    help="Simulated seconds in a second, 0.01 or more; by default time passes only as clients ask.",
)
@click.option(
    "--start",
    default="",
    metavar="DATE",
    help="Date and time at the start, or `now`, as by default with --speed; else "
    "2026-01-05T09:00 in UTC.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=VARIANT",
    help="Which variant of the scenario plays a model, image or variant; repeatable.",
)
@click.option(
    "--answers",
    default="",
    metavar="FILE.py:FUNCTION",
    help="What variants say to a payload: FUNCTION(variant, payload).",
)
@click.option(
    "--scrape",
    default=15,
    show_default=True,
    type=click.IntRange(5, 3_600),
    metavar="SECONDS",
    help="How often Prometheus would scrape endpoints.",
)
@click.option(
    "--namespace",
    default="default",
    show_default=True,
    metavar="NAME",
    help="The namespace of Kubernetes in which its queries find them.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="At the end, write what is so then into this file, as JSON.",
)
@click.option(
    "--replication",
    default=0,
    type=click.IntRange(0, 2**63 - 1),
    help="Which of the independent repetitions.",
)
@options.seed
@engine_option
@options.quiet
def command(
    file: str,
    host: str,
    port: int,
    endpoint: str,
    speed: float,
    start: str,
    models: tuple[str, ...],
    answers: str,
    scrape: int,
    namespace: str,
    state: Path | None,
    replication: int,
    seed: int | None,
    engine: str,
    quiet: bool,
) -> ExitCode:
    """Serve FILE, a scenario or a table of models, as an AWS account in simulated time.

    Set AWS_ENDPOINT_URL to the address that is printed, and the AWS CLI and all SDKs ask it for
    SageMaker, its runtime, CloudWatch and Application Auto Scaling. A browser shows the endpoint
    live at the same address. POST /_simab/advance with {"seconds": 60} lets time pass, and GET
    /_simab/state says what is so. Ctrl-C ends it.
    """
    scenario = ServedScenario(file, endpoint, models, answers, seed, replication, engine)
    begun = start or ("now" if speed else "")
    account = scenario.account(begun, scrape, namespace, quiet=quiet)
    if state is not None and not state.resolve().parent.is_dir():
        raise InvalidInput(f"--state {state}: there is no folder {state.parent}")
    from simab.aws.server.listening import Listening

    listening = Listening(account, host=host, port=port, speed=speed)
    prepare_engine(engine, quiet=quiet)
    if endpoint:
        account.put_in_service(endpoint)
    _say_address(listening.url, account.scenario.title, speed, quiet=quiet)
    listening.run_until_signal()
    ended = f"{account.timeline.now:%Y-%m-%d %H:%M:%S} UTC"
    say(f"Ended at {ended} in simulated time.", quiet=quiet)
    if state is not None:
        _write(state, listening.served.state_json())
        say(f"The state is {state}.", quiet=quiet)
    return ExitCode.DONE


def _say_address(url: str, title: str, speed: float, *, quiet: bool) -> None:
    """What the environment of programs needs, on standard output, and how time passes."""
    print_line(f"export AWS_ENDPOINT_URL={url}")
    print_line("export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated")
    print_line("export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1")
    passes = f"at {speed:g} s in a second" if speed else "only as clients ask"
    say(
        f"{title}: time passes {passes}. Set these variables where your program runs, or look at "
        f"{url}/ in a browser. Ctrl-C ends it.",
        quiet=quiet,
    )


def _write(state: Path, text: str) -> None:
    from simab.files import write_files

    try:
        write_files({state: text.encode()})
    except OSError as error:
        raise InvalidInput(f"--state {state}: cannot be written ({error.strerror})") from None
