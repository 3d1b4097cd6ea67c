"""The entry point: the table of commands, and how every ending becomes an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from simab import __version__
from simab.cli.exits import EXPLANATION, ExitCode, Interrupted, OutputClosed
from simab.cli.lazy import LazyGroup
from simab.errors import ReplicationsFailed, SimabError

__all__ = ["main", "simab"]

# Each is `command` in simab/cli/commands/<name>.py; here stands what `simab --help` says of it.
COMMANDS: Final = {
    "init": "Write a commented scenario to start from.",
    "check": "Validate scenario files, and explain what they describe.",
    "explain": "Say what is known of a scenario without playing it.",
    "run": "Play one replication under one policy.",
    "compare": "Compare promotion policies, and write the report.",
    "report": "Write the report of a saved study again.",
    "import": "Read the rollout configuration of another tool as a policy.",
    "schema": "Print the JSON Schema of scenario files, for editors.",
}


@click.group(
    cls=LazyGroup,
    short_helps=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLANATION,
)
@click.version_option(__version__, message="simab %(version)s")
def simab() -> None:
    """Rehearse A/B traffic experiments on model endpoints before anything touches production."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        # Without "standalone mode" click returns an exit code, or None, and lets exceptions pass.
        result = simab.main(args=arguments, prog_name="simab", standalone_mode=False)
        sys.stdout.flush()
    except SimabError as error:
        from simab.cli.terminal import refuse

        refuse(error)
        nothing_finished = isinstance(error, ReplicationsFailed)
        return ExitCode.REPLICATIONS_FAILED if nothing_finished else ExitCode.BAD_INPUT
    except click.ClickException as error:
        error.show()
        return ExitCode.BAD_INPUT
    except Interrupted as interrupted:
        _say(f"Interrupted. {interrupted}")
        return ExitCode.INTERRUPTED
    except (KeyboardInterrupt, click.Abort):
        _say("Interrupted. Nothing is kept; run the same command again to start over.")
        return ExitCode.INTERRUPTED
    except (OutputClosed, BrokenPipeError):
        # The interpreter flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OUTPUT_CLOSED
    except Exception:  # noqa: BLE001  # whatever it is, it is a bug: show all, and exit as no other
        traceback.print_exc()
        _say("This is a bug in simab; please report it with the lines above.")
        return ExitCode.BUG
    return result if isinstance(result, int) else ExitCode.DONE


def _say(message: str) -> None:
    from simab.cli.terminal import complain

    complain(message)
