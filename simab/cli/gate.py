"""A comparison as a gate: what else is required, its exit code, and files for a build server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.exits import ExitCode
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.comparison import Study
    from simab.scenario.models import Scenario

__all__ = ["Gate", "gate_options"]

_FILE: Final[Mapping[str, Any]] = {
    "type": click.Path(dir_okay=False, path_type=Path),
    "metavar": "FILE",
}
_OPTIONS: Final = (
    click.option("--gate", is_flag=True, help="Let the exit code say if requirements are met."),
    click.option(
        "--assert",
        "assertions",
        multiple=True,
        metavar="TEXT",
        help="Require this too, and gate: 'false_promotion(\"my canary\") <= 5%'; repeatable.",
    ),
    click.option("--junit", **_FILE, help="Write each requirement as a test case."),
    click.option("--markdown", **_FILE, help="Write the answer in few lines, for a merge request."),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the options of a gate ask for."""

    sets_exit_code: bool
    assertions: tuple[str, ...]
    junit: Path | None
    markdown: Path | None

    def added_to(self, scenario: Scenario) -> Scenario:
        """The scenario with the asserted requirements too.

        Raises:
            InvalidInput: an assertion cannot be read, or names no policy of the scenario.
        """
        if not self.assertions:
            return scenario
        from simab.scenario.assertions import requirement_of
        from simab.scenario.suggestions import remedy_for_name

        asked = [requirement_of(text) for text in self.assertions]
        for text, each in zip(self.assertions, asked, strict=True):
            if each.policy is not None and each.policy not in scenario.policies:
                remedy = remedy_for_name(each.policy, scenario.policies, "Policies")
                raise InvalidInput(f"--assert {text!r}: names no policy. {remedy}")
        return scenario.model_copy(update={"requirements": (*scenario.requirements, *asked)})

    def write(self, study: Study) -> None:
        """The files that were asked for."""
        from simab.files import write_files
        from simab.report.verdict_files import junit_xml, markdown_lines

        files: dict[Path, bytes] = {}
        if self.junit is not None:
            files[self.junit] = junit_xml(study.result)
        if self.markdown is not None:
            files[self.markdown] = markdown_lines(study.result).encode()
        if files:
            write_files(files)

    def exit_code(self, study: Study) -> ExitCode:
        """Failed replications first, then a failed requirement, then one that cannot be told."""
        from simab.result.requirement_result import Compliance

        if study.failures:
            return ExitCode.REPLICATIONS_FAILED
        if not self.sets_exit_code:
            return ExitCode.DONE
        found = {study.result.compliance(policy) for policy in study.plan.policies}
        if Compliance.FAILS in found:
            return ExitCode.REQUIREMENTS_FAILED
        return ExitCode.CANNOT_TELL if Compliance.OPEN in found else ExitCode.DONE


def gate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a gate, as one argument `gate`."""

    @wraps(command)
    def packed(
        *positional: Any,
        gate: bool,
        assertions: tuple[str, ...],
        junit: Path | None,
        markdown: Path | None,
        **named: Any,
    ) -> Any:
        packed_gate = Gate(gate or bool(assertions), assertions, junit, markdown)
        return command(*positional, gate=packed_gate, **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
