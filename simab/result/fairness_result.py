"""A study of the split as one frozen record: how it was made, and what it found of each rule.

`fairness.json` is its dump, and `simab report` its load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.saved_json import SavedForm, canonical_text
from simab.result.studied_split import StudiedSplit
from simab.result.whole_split import require_whole_split

__all__ = [
    "FAIRNESS_FORMAT",
    "FairnessResult",
    "fairness_json",
    "read_saved_fairness",
]

FAIRNESS_FORMAT: Final = "simab-fairness/1"
_FORM: Final = SavedForm(FAIRNESS_FORMAT, "study of fairness", "fairness.json", "simab fairness")


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessResult:
    """A study of the split: what it found of each rule on the same clients, and how it was made."""

    format: str = FAIRNESS_FORMAT
    simab_version: str
    command: str
    title: str
    question: str
    scenario_yaml: str
    scenario_hash: str
    environment: Mapping[str, str]
    seed: int
    horizon_s: float
    split: StudiedSplit


def fairness_json(result: FairnessResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def read_saved_fairness(content: bytes, name: str) -> FairnessResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a study of fairness, or of another format; or a
            value is missing or of the wrong type, with its place.
    """
    reader = Reader(_FORM.of_file(content, name), made_by=_FORM.command)
    result: Any = loaded(FairnessResult, reader)
    require_whole_split(result.split, reader.child("split"))
    found: FairnessResult = result
    return found
