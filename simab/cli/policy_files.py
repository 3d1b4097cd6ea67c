"""The options for policies that stand apart from the scenario: files to read, and their map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.terminal import complain
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.scenario.models import Scenario

__all__ = ["PolicySource", "policy_file_options"]

_OPTIONS: Final = (
    click.option(
        "--policies",
        "policy_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take the policies from this file in place of the scenario's: YAML with `policies:`, "
        "or a configuration of Argo Rollouts, Flagger, Kayenta or SageMaker; repeatable.",
    ),
    click.option(
        "--map",
        "table",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What the metrics of a tool's configuration measure here, as for `simab import`.",
    ),
)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """Where policies come from: the scenario itself where no files are named."""

    files: tuple[Path, ...]
    table: Path | None

    def scenario(self, file: str, *, quiet: bool = False) -> Scenario:
        """The scenario in a file with these policies; what they leave out is said on stderr.

        Raises:
            InvalidScenario: the scenario is faulty, with every problem.
            InvalidInput: one of the other files is faulty, or there is a map of nothing.
        """
        if not self.files:
            if self.table is not None:
                raise InvalidInput("--map: there is no --policies FILE whose metrics it maps")
            from simab.scenario import load as load_scenario

            return load_scenario(file)
        from simab.interop.policy_files import load

        said: Callable[[str], None] | None = None if quiet else complain
        return load(file, policies=list(self.files), metrics_map=self.table, on_note=said)

    def read(self, file: str) -> dict[Path, str]:
        """All files that are read, each with what it is; `file` is the scenario."""
        return {
            Path(file): "the scenario",
            **dict.fromkeys(self.files, "a file of --policies"),
            **({self.table: "the file of --map"} if self.table else {}),
        }

    def words(self) -> list[str]:
        """The options as they are typed."""
        words = [word for each in self.files for word in ("--policies", str(each))]
        return words if self.table is None else [*words, "--map", str(self.table)]


def policy_file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options, as one argument `source`."""

    @wraps(command)
    def packed(
        *positional: Any, policy_files: tuple[Path, ...], table: Path | None, **named: Any
    ) -> Any:
        return command(*positional, source=PolicySource(policy_files, table), **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
