"""The result as study.json holds it: its canonical dump, and its load with the rules of that."""

from __future__ import annotations

from typing import Any, Final

from simab.errors import InvalidInput
from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.saved_json import SavedForm, canonical_text, compact_text
from simab.result.study_result import FORMAT, StudyResult
from simab.result.whole_convergence import require_whole_convergence
from simab.result.whole_split import require_whole_split

__all__ = ["canonical_json", "compact_json", "read_result", "read_saved_study"]

_FORM: Final = SavedForm(FORMAT, "study", "study.json", "simab compare")


def canonical_json(result: StudyResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def compact_json(result: StudyResult) -> str:
    """The same values in one line without blanks."""
    return compact_text(result)


def read_saved_study(content: bytes, name: str) -> StudyResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a study, or of another format; or a value is missing
            or of the wrong type, with its place.
    """
    return read_result(_FORM.of_file(content, name), name)


def read_result(result: Any, name: str = "The result") -> StudyResult:
    """The result that plain JSON values hold; `name` is what a message calls it.

    Raises:
        InvalidInput: another format, a missing key or a value of the wrong type; names the place.
    """
    _FORM.require(result, name)
    reader = Reader(result)
    study = loaded(StudyResult, reader)
    if not study.policies:
        raise InvalidInput("result.policies: a study compares at least one policy. Add one")
    for name in study.truth.endings:
        if name not in study.truth.judgements:
            place = reader.child("truth").child("judgements")
            raise place.invalid(f"the variant {name!r} is missing")
    _require_references(study, reader)
    if study.convergence is not None:
        require_whole_convergence(study.convergence, reader.child("convergence"))
    if study.split is not None:
        require_whole_split(study.split, reader.child("split"))
    return study


def _require_references(study: StudyResult, reader: Reader) -> None:
    """What the result says of worlds, policies and requirements by name has to be there."""
    worlds = {world.name for world in study.worlds}
    for place, world in enumerate(study.other_worlds):
        at = reader.child("other_worlds").items()[place]
        if world.label.same_as is not None and world.label.same_as not in worlds:
            raise at.child("label").child("same_as").invalid("names no world of the study")
        for role in (world.truth.control, *world.truth.every_candidate):
            if role not in world.truth.judgements or role not in world.truth.gains:
                raise at.child("truth").child("judgements").invalid(f"{role!r} is missing")
    for place, each in enumerate(study.judged):
        at = reader.child("judged").items()[place]
        if not 0 <= each.requirement < len(study.requirements):
            raise at.child("requirement").invalid("is the place of no requirement")
        if each.world and each.world not in worlds:
            raise at.child("world").invalid("names no world of the study")
    chosen = study.recommendation
    if chosen is not None:
        for name in (chosen.policy, chosen.nearest):
            if name is not None and name not in chosen.scores:
                raise (
                    reader.child("recommendation")
                    .child("scores")
                    .invalid(f"the policy {name!r} is missing")
                )
