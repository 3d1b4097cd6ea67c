"""A study of convergence as one frozen record: how it was made, and what it found.

`convergence.json` is its dump, and `simab report` its load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.saved_json import SavedForm, canonical_text
from simab.result.studied_convergence import StudiedConvergence
from simab.result.whole_convergence import require_whole_convergence

__all__ = [
    "CONVERGENCE_FORMAT",
    "ConvergenceResult",
    "convergence_json",
    "read_saved_convergence",
]

CONVERGENCE_FORMAT: Final = "simab-convergence/1"
_FORM: Final = SavedForm(CONVERGENCE_FORMAT, "convergence", "convergence.json", "simab convergence")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvergenceResult:
    """A study of convergence: how it was made, and what it found."""

    format: str = CONVERGENCE_FORMAT
    simab_version: str
    command: str
    title: str
    question: str
    scenario_yaml: str
    scenario_hash: str
    environment: Mapping[str, str]
    seed: int
    found: StudiedConvergence


def convergence_json(result: ConvergenceResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def read_saved_convergence(content: bytes, name: str) -> ConvergenceResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a convergence, or of another format; or a value is
            missing or of the wrong type, with its place.
    """
    reader = Reader(_FORM.of_file(content, name), made_by=_FORM.command)
    result = loaded(ConvergenceResult, reader)
    require_whole_convergence(result.found, reader.child("found"))
    return result
