"""The world against theory: closed forms that are not simab's, and identities of every run."""

from simab.verify.cases import CASES
from simab.verify.judging import Judged, Verification, verify

__all__ = ["CASES", "Judged", "Verification", "verify"]
