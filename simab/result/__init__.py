"""What a study found, as typed and frozen records: analysis makes them, everything else reads them.

JSON is their dump (`json_form`); a saved study is read back by `saved_study`.
"""

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
