"""The rows of a study, read back from outcomes.csv: one a world, policy and replication."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeAlias, get_args, get_type_hints

from simab.errors import InvalidInput
from simab.result.run_summary import Judgement, RunSummary, Verdict
from simab.result.study_result import StudyResult

__all__ = ["Rows", "read_rows"]

Rows: TypeAlias = Mapping[str, Mapping[str, Sequence[RunSummary]]]
"""By world, then by policy."""

_SERVED: Final = "requests_served"
_READERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    int: int,
    float: float,
    bool: {"True": True, "False": False}.__getitem__,
    Verdict: Verdict,
    Judgement: Judgement,
}


def read_rows(path: Path, study: StudyResult) -> Rows:
    """The rows in a file, which is that of the study.

    Raises:
        InvalidInput: the file is absent or no such table, or its rows are not those of the study;
            the sentence ends the one that says what the rows are wanted for.
    """
    found: dict[str, dict[str, list[RunSummary]]] = {}
    hints = get_type_hints(RunSummary)
    del hints[_SERVED]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file, strict=True):
                row = _row(line, hints)
                policies = found.setdefault(_text(line["world"]), {})
                policies.setdefault(row.policy, []).append(row)
    except OSError as error:
        raise InvalidInput(f"{path} {_why(error)}") from None
    except (ValueError, KeyError, TypeError, csv.Error):
        raise InvalidInput(f"{path} is not a table of runs of this simab") from None
    for world in study.worlds:
        if world.label.same_as is not None:
            continue
        for policy in world.policies:
            rows = found.get(world.name, {}).get(policy.name, [])
            decided = [str(row.verdict) for row in rows]
            if any(decided.count(v) != each.count for v, each in policy.verdicts.items()):
                raise InvalidInput(f"{path} has other runs than the study beside it")
    return found


def _why(error: OSError) -> str:
    return "is absent" if isinstance(error, FileNotFoundError) else "cannot be read"


def _row(line: Mapping[str, str], hints: Mapping[str, Any]) -> RunSummary:
    values = {name: _value(hint, line[name]) for name, hint in hints.items()}
    served = {
        _text(key)[len(_SERVED) + 1 : -1]: int(float(value))
        for key, value in line.items()
        if key.startswith(f"{_SERVED}[") and value
    }
    return RunSummary(**values, requests_served=served)


def _value(hint: Any, text: str) -> Any:
    kinds = [each for each in get_args(hint) or (hint,) if each is not NoneType]
    if not text and NoneType in get_args(hint):
        return None
    return _text(text) if kinds[0] is str else _READERS[kinds[0]](text)


def _text(text: str) -> str:
    """A text as it was before `simab.text.untrusted.spreadsheet_safe`."""
    return text[1:] if text[:1] == "'" else text
