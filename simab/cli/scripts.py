"""What the command line says of a script that is rehearsed, and of what is played beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.terminal import say
from simab.errors import InvalidInput
from simab.text.lists import listed

if TYPE_CHECKING:
    from simab.aws.model_table import Served
    from simab.aws.scripts.script_policy import ScriptPolicy
    from simab.world.control import Decider

__all__ = ["Rehearsal", "named_players", "rehearsal_options", "say_defaults"]

_OPTIONS: Final = (
    click.argument("script", type=click.Path()),
    click.argument("arguments", nargs=-1),
    click.option(
        "--scenario", "file", required=True, type=click.Path(), metavar="FILE",
        help="What to play it in: a scenario, or a table of models.",
    ),
    click.option("--name", help="What the script is called in the results; by default its file."),
    click.option(
        "--beside", multiple=True, type=click.Path(), metavar="SCRIPT",
        help="Another script to be compared with it, without arguments; repeatable.",
    ),
    click.option(
        "--endpoint", default="", metavar="NAME",
        help="An endpoint that serves from the start; by default the script creates its own.",
    ),
    click.option(
        "--model", "models", multiple=True, metavar="NAME=VARIANT",
        help="Which variant of the scenario plays a model, image or variant; repeatable.",
    ),
    click.option(
        "--answers", default="", metavar="FILE.py:FUNCTION",
        help="What variants say to a payload: FUNCTION(variant, payload).",
    ),
    click.option(
        "--limit", default="60s", metavar="DURATION", show_default=True,
        help="Real time for one replication.",
    ),
    click.option(
        "--policy", "policies", multiple=True, metavar="NAME",
        help="Only this policy of the file beside it; repeatable.",
    ),
    click.option("--alone", is_flag=True, help="No policy of the file beside it."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A script, the scenario that it is played in, and the policies beside it."""

    script: str
    arguments: tuple[str, ...]
    file: str
    name: str | None
    beside: tuple[str, ...]
    endpoint: str
    models: tuple[str, ...]
    answers: str
    limit: str
    policies: tuple[str, ...]
    alone: bool

    def chosen(self, served: Served) -> dict[str, Decider]:
        """The script, and the scripts and policies beside it, by name.

        Raises:
            InvalidInput: options that contradict each other, or that cannot be read.
        """
        from simab.aws.account import require_names
        from simab.study.arguments import chosen_policies

        if self.endpoint:
            require_names(self.endpoint, served.scenario.endpoint.variants)
        if self.alone and self.policies:
            raise InvalidInput("--alone and --policy contradict each other; give one of them")
        alone = self.alone or ("policies" in served.defaults and not self.policies)
        beside = {} if alone else chosen_policies(served.scenario, list(self.policies) or None)
        own = self._policy(self.script, self.arguments, served)
        found = {self.name or Path(self.script).stem: own}
        for script in self.beside:
            called = Path(script).stem
            if called in found:
                raise InvalidInput(f"two scripts are called {called}; give a --name to the first")
            found[called] = self._policy(script, (), served)
        if both := sorted(found.keys() & beside.keys()):
            raise InvalidInput(
                f"a policy of {self.file} is called {both[0]} as well; give a --name"
            )
        return {**found, **beside}

    def _policy(self, script: str, arguments: tuple[str, ...], served: Served) -> ScriptPolicy:
        from simab.aws.scripts.script_policy import script_policy
        from simab.units import parse_duration, seconds

        return script_policy(
            script,
            arguments=arguments,
            endpoint=self.endpoint,
            played_by={**served.played_by, **named_players(self.models)},
            answers=self.answers,
            wall_limit_s=seconds(parse_duration(self.limit)),
        )

    def words(self) -> list[str]:
        """As they are typed, but for the script's arguments and what changes no result."""
        words = [self.script, "--scenario", self.file]
        given = {"--name": self.name, "--endpoint": self.endpoint, "--answers": self.answers}
        words += [word for option, text in given.items() if text for word in (option, text)]
        repeated = {"--beside": self.beside, "--model": self.models, "--policy": self.policies}
        words += [
            word for option, texts in repeated.items() for text in texts for word in (option, text)
        ]
        return words + (["--alone"] if self.alone else [])


def named_players(models: Sequence[str]) -> dict[str, list[str]]:
    """For each name the variants that play it, by options such as `--model image:1=Variant2`.

    Raises:
        InvalidInput: one is no pair.
    """
    found: dict[str, list[str]] = {}
    for each in models:
        model, _, variant = each.rpartition("=")
        if not (model and variant):
            raise InvalidInput(f"--model {each}: write NAME=VARIANT")
        found.setdefault(model, []).append(variant)
    return found


def rehearsal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these arguments and options, as one `rehearsal`."""

    @wraps(command)
    def with_rehearsal(**given: Any) -> Any:
        own = {field.name: given.pop(field.name) for field in fields(Rehearsal)}
        return command(rehearsal=Rehearsal(**own), **given)

    for option in reversed(_OPTIONS):
        with_rehearsal = option(with_rehearsal)
    return with_rehearsal


def say_defaults(served: Served, file: str, *, quiet: bool) -> None:
    """Say what a table of models leaves out, and what is taken for it."""
    if served.defaults:
        taken = listed(tuple(served.defaults.values()))
        say(f"{file} names models alone; taken beside them: {taken}.", quiet=quiet)
