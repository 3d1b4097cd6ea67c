"""What the command line says of a script that is rehearsed, and of what is played beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.aws.scripts.script_policy import ScriptPolicy
    from simab.scenario.models import Scenario
    from simab.world.control import Decider

__all__ = ["Rehearsal", "rehearsal_options"]

_OPTIONS: Final = (
    click.argument("script", type=click.Path()),
    click.argument("arguments", nargs=-1),
    click.option(
        "--scenario", "file", required=True, type=click.Path(), metavar="FILE",
        help="What to play it in.",
    ),
    click.option("--name", help="What the script is called in the results; by default its file."),
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
    endpoint: str
    models: tuple[str, ...]
    answers: str
    limit: str
    policies: tuple[str, ...]
    alone: bool

    def chosen(self, scenario: Scenario) -> dict[str, Decider]:
        """The script and the policies beside it, by name.

        Raises:
            InvalidInput: options that contradict each other, or that cannot be read.
        """
        from simab.study.arguments import chosen_policies

        if self.alone and self.policies:
            raise InvalidInput("--alone and --policy contradict each other; give one of them")
        own, called = self._policy(), self.name or Path(self.script).stem
        beside = {} if self.alone else chosen_policies(scenario, list(self.policies) or None)
        if called in beside:
            raise InvalidInput(f"a policy of {self.file} is called {called} as well; give a --name")
        return {called: own, **beside}

    def _policy(self) -> ScriptPolicy:
        from simab.aws.scripts.script_policy import script_policy
        from simab.units import parse_duration, seconds

        table = dict(each.partition("=")[::2] for each in self.models)
        for model, variant in table.items():
            if not variant:
                raise InvalidInput(f"--model {model}: write NAME=VARIANT")
        return script_policy(
            self.script,
            arguments=self.arguments,
            endpoint=self.endpoint,
            played_by=table,
            answers=self.answers,
            wall_limit_s=seconds(parse_duration(self.limit)),
        )

    def words(self) -> list[str]:
        """As they are typed, but for the script's arguments and what changes no result."""
        words = [self.script, "--scenario", self.file]
        given = {"--name": self.name, "--endpoint": self.endpoint, "--answers": self.answers}
        words += [word for option, text in given.items() if text for word in (option, text)]
        repeated = {"--model": self.models, "--policy": self.policies}
        words += [
            word for option, texts in repeated.items() for text in texts for word in (option, text)
        ]
        return words + (["--alone"] if self.alone else [])


def rehearsal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these arguments and options, as one `rehearsal`."""

    @wraps(command)
    def with_rehearsal(**given: Any) -> Any:
        own = {field.name: given.pop(field.name) for field in fields(Rehearsal)}
        return command(rehearsal=Rehearsal(**own), **given)

    for option in reversed(_OPTIONS):
        with_rehearsal = option(with_rehearsal)
    return with_rehearsal
