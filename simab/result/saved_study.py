"""The result as study.json holds it: its canonical dump, and its load with the rules of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simab.errors import InvalidInput
from simab.result.json_form import dumped, loaded
from simab.result.reader import Reader
from simab.result.study_result import FORMAT, StudyResult
from simab.text.untrusted import json_escaped

__all__ = ["canonical_json", "compact_json", "read_result", "read_saved_study"]


def canonical_json(result: StudyResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return f"{_json(result, indent=1)}\n"


def compact_json(result: StudyResult) -> str:
    """The same values in one line without blanks."""
    return _json(result, separators=(",", ":"))


def _json(result: StudyResult, **form: Any) -> str:
    value = dumped(result)
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, **form)
    return json_escaped(text)


def read_saved_study(content: bytes, name: str) -> StudyResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is no JSON, no study, or of another format; or a value is missing or
            of the wrong type, with its place.
    """
    try:
        result = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidInput(
            f"{name} is not JSON. Name the study.json of `simab compare --out`."
        ) from None
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        found = result.get("format") if isinstance(result, dict) else None
        other = f", but {found[:40]!r}" if isinstance(found, str) else ""
        raise InvalidInput(
            f"{name} is no study: its format is not {FORMAT}{other}. Name another file."
        )
    return read_result(result)


def read_result(result: Mapping[str, Any]) -> StudyResult:
    """The result that plain JSON values hold.

    Raises:
        InvalidInput: another format, a missing key or a value of the wrong type; names the place.
    """
    reader = Reader(result)
    if (found := reader.text("format")) != FORMAT:
        raise InvalidInput(
            f"result.format = {found!r}: this simab reads {FORMAT}. Make the result anew with it"
        )
    study = loaded(StudyResult, reader)
    if not study.policies:
        raise InvalidInput("result.policies: a study compares at least one policy. Add one")
    for name in study.truth.endings:
        if name not in study.truth.judgements:
            place = reader.child("truth").child("judgements")
            raise place.invalid(f"the variant {name!r} is missing")
    return study
