"""What a study found, as typed and frozen records: analysis makes them, everything else reads them.

JSON is their dump (`json_form`); a saved study is read back by `saved_study`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simab.result.estimates import Ecdf, Ending, Mean, Proportion, Quantiles, Spread
    from simab.result.example_run import Example
    from simab.result.paired_difference import PairedDifference
    from simab.result.policy_result import (
        Characteristics,
        LookVerdicts,
        PolicyDescription,
        PolicyResult,
        Refused,
    )
    from simab.result.study_result import FailedPolicy, PlayedScenario, StudyResult
    from simab.result.truth_summary import TruthSummary

__all__ = [
    "Characteristics",
    "Ecdf",
    "Ending",
    "Example",
    "FailedPolicy",
    "LookVerdicts",
    "Mean",
    "PairedDifference",
    "PlayedScenario",
    "PolicyDescription",
    "PolicyResult",
    "Proportion",
    "Quantiles",
    "Refused",
    "Spread",
    "StudyResult",
    "TruthSummary",
]

_HOME: Final = {
    "Ecdf": "simab.result.estimates",
    "Ending": "simab.result.estimates",
    "Mean": "simab.result.estimates",
    "Proportion": "simab.result.estimates",
    "Quantiles": "simab.result.estimates",
    "Spread": "simab.result.estimates",
    "Example": "simab.result.example_run",
    "PairedDifference": "simab.result.paired_difference",
    "Characteristics": "simab.result.policy_result",
    "LookVerdicts": "simab.result.policy_result",
    "PolicyDescription": "simab.result.policy_result",
    "PolicyResult": "simab.result.policy_result",
    "Refused": "simab.result.policy_result",
    "FailedPolicy": "simab.result.study_result",
    "PlayedScenario": "simab.result.study_result",
    "StudyResult": "simab.result.study_result",
    "TruthSummary": "simab.result.truth_summary",
}


def __getattr__(name: str) -> Any:
    # What is true in a world is asked for alone as well: it loads no other record then.
    if name not in _HOME:
        raise AttributeError(f"module 'simab.result' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
