"""The world against theory: closed forms that are not simab's, and identities of every run."""

from simab.verify.case import Case
from simab.verify.cases import all_cases
from simab.verify.playing import REPLICATIONS, SIZE, THOROUGH, played_cases

__all__ = ["REPLICATIONS", "SIZE", "THOROUGH", "Case", "all_cases", "played_cases"]
