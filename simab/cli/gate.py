"""A comparison as a gate: what else is required, its exit code, and files for a build server."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli.exits import ExitCode
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.comparison import Study
    from simab.result.study_change import StudyChange
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
        help="Require this besides what the file requires (if it requires nothing, instead of the "
        "customary 5% and 80%), and gate: 'false_promotion(\"my canary\") <= 5%'; repeatable.",
    ),
    click.option("--junit", **_FILE, help="Write each requirement as a test case."),
    click.option("--markdown", **_FILE, help="Write the answer in few lines, for a merge request."),
    click.option(
        "--against",
        type=click.Path(path_type=Path),
        metavar="STUDY",
        help="Say also what changed since this saved study: a study.json, report.html or folder.",
    ),
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the options of a gate ask for."""

    sets_exit_code: bool
    assertions: tuple[str, ...]
    junit: Path | None
    markdown: Path | None
    against: Path | None = None

    def added_to(self, scenario: Scenario, chosen: Sequence[str] | None = None) -> Scenario:
        """The scenario with the asserted requirements too; `chosen` are the policies that play.

        Raises:
            InvalidInput: an assertion cannot be read or judged, or is of a policy that does not
                play; or the exit code is to say something of policies that nothing is asked of.
        """
        from simab.scenario.assertions import with_assertions
        from simab.scenario.requirements import CUSTOMARY

        names = list(scenario.policies if chosen is None else chosen)
        scenario = with_assertions(scenario, self.assertions, names)
        if self.sets_exit_code and not scenario.requirements:
            # What the exit code goes by is then in every file of the study, as if stated.
            scenario = scenario.model_copy(update={"requirements": CUSTOMARY})
        asked = {each.policy for each in scenario.requirements}
        if self.sets_exit_code and asked and not asked & {None, *names}:
            others = ", ".join(sorted(filter(None, asked)))
            raise InvalidInput(
                f"--gate: nothing is required of {', '.join(names)}, only of {others}. Name one "
                "of these with --policy, or add --assert"
            )
        return scenario

    def words(self) -> list[str]:
        """The options that change what is asked, as they are typed."""
        asserted = [word for text in self.assertions for word in ("--assert", text)]
        return asserted or (["--gate"] if self.sets_exit_code else [])

    def require_places(self, read: Mapping[Path, str]) -> None:
        """Refuse places of --junit and --markdown that cannot be written, before anything plays.

        `read` are the files that are read, and what each is.

        Raises:
            InvalidInput: a folder is absent or cannot be written, or two files are one.
        """
        taken = {file.resolve(): what for file, what in read.items()}
        for option, place in (("--junit", self.junit), ("--markdown", self.markdown)):
            if place is None:
                continue
            whole = place.resolve()
            if whole in taken:
                raise InvalidInput(f"{option} {place}: is {taken[whole]}; name another file")
            taken[whole] = f"the file of {option}"
            if not whole.parent.is_dir():
                raise InvalidInput(f"{option} {place}: its folder does not exist; make it first")
            if not os.access(whole.parent, os.W_OK):
                raise InvalidInput(f"{option} {place}: its folder cannot be written; name another")

    def require_earlier_study(self) -> None:
        """Refuse what --against names if no study can be read there, before anything plays.

        Raises:
            InvalidInput: it cannot be read, is not a study, or of another format.
        """
        if self.against is not None:
            from simab.report.reading import read_study

            read_study(self.against)

    def change(self, study: Study) -> StudyChange | None:
        """What changed since the study that --against names; None where it names none."""
        if self.against is None:
            return None
        from simab.difference import diff

        return diff(self.against, study)

    def write(self, study: Study, change: StudyChange | None = None) -> None:
        """The files that were asked for; the lines for a merge request say what changed, too.

        Raises:
            InvalidInput: one cannot be written; what was there before is left as it is.
        """
        from simab.files import write_files
        from simab.report.verdict_files import junit_xml, markdown_lines
        from simab.text.lists import listed

        files: dict[Path, bytes] = {}
        if self.junit is not None:
            files[self.junit] = junit_xml(study.result)
        if self.markdown is not None:
            files[self.markdown] = markdown_lines(study.result, change).encode()
        try:
            write_files(files)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            names = listed([str(each) for each in files])
            raise InvalidInput(
                f"{names} cannot be written: {reason}. Name another place by --junit or --markdown"
            ) from None

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
        against: Path | None,
        **named: Any,
    ) -> Any:
        packed_gate = Gate(gate or bool(assertions), assertions, junit, markdown, against)
        return command(*positional, gate=packed_gate, **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
