"""The entry point: the table of commands, and how every ending becomes an exit code."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NoReturn, TextIO

import click

from simab import __version__
from simab.cli.exits import EXPLANATION, ExitCode, Interrupted, OutputClosed
from simab.cli.lazy import LazyGroup
from simab.cli.resources import release_reserve, what_is_lacking
from simab.cli.signals import ended_by_signal, leave_threads_behind
from simab.cli.streams import prepare_streams
from simab.errors import NoResources, ReplicationsFailed, SimabError
from simab.text.untrusted import visible

__all__ = ["main", "simab"]

_DISK_IS_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Each is `command` in simab/cli/commands/<name>.py; here stands what `simab --help` says of it.
COMMANDS: Final = {
    "init": "Write a commented scenario to start from.",
    "check": "Validate scenario files; print warnings and what a study takes.",
    "explain": "Say what is known of a scenario, a policy or a profile.",
    "run": "Play one replication under one policy.",
    "watch": "Replay one run in the terminal, at a chosen speed.",
    "play": "Be the controller of one run, and be scored beside the policies.",
    "compare": "Compare promotion policies, and write the report.",
    "rehearse": "Play a boto3 script in simulated time, many times, beside policies.",
    "serve": "Serve a scenario as an AWS account over HTTP, in simulated time.",
    "sweep": "Play a scenario at many values of some fields.",
    "sensitivity": "Halve and double each assumption of a scenario.",
    "convergence": "Say when metrics distinguish the two variants, and what intervals cover.",
    "plan": "Find the parameters with which a policy meets what is required.",
    "fairness": "Say whether traffic is split as the weights ask.",
    "verify": "Hold the simulator against theory, or two runs against each other.",
    "report": "Write the report of a saved study, or of the rows in a store.",
    "diff": "Say what changed between two saved studies.",
    "status": "Say what a store of finished runs holds and lacks.",
    "export": "Write the rows of a store as CSV or Parquet.",
    "clear": "Remove the finished runs that the user's cache keeps.",
    "import": "Read the rollout configuration of another tool as a policy.",
    "schema": "Print the JSON Schema of scenario files, for editors.",
}


@click.group(
    cls=LazyGroup,
    help="Rehearse A/B traffic experiments on model endpoints before anything touches production.",
    short_helps=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLANATION,
)
@click.version_option(__version__, message="simab %(version)s")
def simab() -> None:
    """All commands in one group; its help is given, as `python -OO` drops docstrings."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    closed = sys.stdout is None
    # A study plays on processes, each of which would start a thread of linear algebra for every
    # processor; the last bits of long sums would depend on their number as well.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Modules are loaded for good: to look for garbage among them took 7 % of `simab check`.
    gc.set_threshold(20_000, 20, 20)
    prepare_streams()
    with ended_by_signal() as signalled:
        try:
            code = _run(arguments)
        except (OutputClosed, BrokenPipeError):
            if closed:
                _say("Nothing can be shown: stdout is closed. Leave it open, or give --quiet.")
            else:
                _give_up_output()
            code = ExitCode.OUTPUT_CLOSED
        if code == ExitCode.INTERRUPTED and signalled:
            code = signalled[0]
    leave_threads_behind(code)
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        # Without "standalone mode" click returns an exit code, or None, and lets exceptions pass.
        result = simab.main(args=arguments, prog_name="simab", standalone_mode=False)
        sys.stdout.flush()
    except SimabError as error:
        return _refused(error)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        click.echo(visible(shown.getvalue()), nl=False, err=True)  # it quotes what was typed
        return ExitCode.BAD_INPUT
    except Interrupted as interrupted:
        _say(f"Interrupted. {interrupted}")
        return ExitCode.INTERRUPTED
    except (KeyboardInterrupt, click.Abort):
        _say("Interrupted. Nothing is kept; run the same command again to start over.")
        return ExitCode.INTERRUPTED
    except (OutputClosed, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  # what is not known by now is a bug
        release_reserve()
        if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
            _give_up_output(sys.stdout)
            _say(f"The output cannot be written: {os.strerror(error.errno).lower()}. Free some.")
            return ExitCode.BAD_INPUT
        if _interrupted_within(error):
            _say("Interrupted. Run the same command again.")
            return ExitCode.INTERRUPTED
        if lacking := what_is_lacking(error):
            _say(lacking)
            return ExitCode.NO_RESOURCES
        click.echo(visible(traceback.format_exc()), err=True)
        _say("This is a bug in simab; please report it with the lines above.")
        return ExitCode.BUG
    return result if isinstance(result, int) else ExitCode.DONE


def _refused(error: SimabError) -> int:
    """Say what simab refuses, and which exit code that is."""
    # A library that does not load for want of memory is said to be absent.
    lacking = what_is_lacking(error) if type(error) is SimabError else ""
    if lacking:
        release_reserve()
        _say(lacking)
        return ExitCode.NO_RESOURCES
    from simab.cli.terminal import refuse

    refuse(error)
    if isinstance(error, NoResources):
        return ExitCode.NO_RESOURCES
    nothing_finished = isinstance(error, ReplicationsFailed)
    return ExitCode.REPLICATIONS_FAILED if nothing_finished else ExitCode.BAD_INPUT


def _give_up_output(*streams: TextIO) -> None:
    """The interpreter flushes once more at its end, and would complain."""
    for stream in streams or (sys.stdout, sys.stderr):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _interrupted_within(error: BaseException) -> bool:
    """Whether it was caused by Ctrl-C: some libraries wrap it in an error of their own."""
    seen: set[int] = set()  # a chain of causes may lead back into itself
    within: BaseException | None = error
    while within is not None and id(within) not in seen:
        if isinstance(within, KeyboardInterrupt):
            return True
        seen.add(id(within))
        cause, context = within.__cause__, within.__context__
        within = context if cause is None else cause
    return False


def _say(message: str) -> None:
    try:
        from simab.cli.terminal import complain

        complain(message)
    except (OutputClosed, OSError, MemoryError, ImportError):
        # The terminal is gone, or there is no room for what makes it look good.
        with suppress(OSError):
            os.write(2, f"{message}\n".encode())
