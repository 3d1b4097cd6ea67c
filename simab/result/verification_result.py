"""A verification as one frozen record: what theory says of each case, and what was simulated.

`verification.json` is its dump, and the page is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simab.result.json_form import loaded
from simab.result.reader import Reader
from simab.result.saved_json import SavedForm, canonical_text

__all__ = [
    "VERIFICATION_FORMAT",
    "CaseResult",
    "CheckResult",
    "VerificationResult",
    "read_saved_verification",
    "verification_json",
]

VERIFICATION_FORMAT: Final = "simab-verification/1"
_FORM: Final = SavedForm(VERIFICATION_FORMAT, "verification", "verification.json", "simab verify")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that theory knows, beside what was simulated.

    A check of a "value" compares a mean, a share or a variance: `low` to `high` is its 95 %
    interval, `error` its standard error, `score` how many of them it lies above theory, and
    `smallest_caught` is a relative error. One of a "law" compares distributions: `simulated` is the
    largest difference of the distribution functions, `error` one over the root of the count of
    values, `score` their ratio, `smallest_caught` a difference as well, and it has no interval. A
    score beyond `bound` refuses.
    """

    name: str
    source: str
    test: str
    unit: str
    theory: float
    simulated: float
    low: float
    high: float
    error: float
    score: float
    bound: float
    smallest_caught: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A world, its checks, and which identities did not hold in its runs (in words)."""

    group: str
    name: str
    horizon_s: float
    settled_s: float
    replications: int
    requests: int
    broken: tuple[str, ...]
    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks and identities hold."""
        return not self.broken and all(each.passed for each in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationResult:
    """All cases, and how they were played.

    `size` is the probability that a simulator without any error is refused anywhere in the table,
    and `power` that with which an error as large as the smallest that is caught is caught.
    """

    format: str = VERIFICATION_FORMAT
    simab_version: str
    command: str
    title: str
    question: str
    environment: Mapping[str, str]
    engine: str
    seed: int
    thorough: bool
    size: float
    power: float
    cases: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every case holds."""
        return all(each.passed for each in self.cases)

    @property
    def requests(self) -> int:
        """How many requests were played."""
        return sum(each.requests for each in self.cases)

    def checks(self) -> Iterator[tuple[CaseResult, CheckResult]]:
        """Every check with its case, in the order of the table."""
        for case in self.cases:
            for check in case.checks:
                yield case, check


def verification_json(result: VerificationResult) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    return canonical_text(result)


def read_saved_verification(content: bytes, name: str) -> VerificationResult:
    """The result that a file of this name holds.

    Raises:
        InvalidInput: the file is not JSON, not a verification, or of another format; or a value is
            missing or of the wrong type, with its place.
    """
    reader = Reader(_FORM.of_file(content, name), made_by=_FORM.command)
    found: Any = loaded(VerificationResult, reader)
    result: VerificationResult = found
    return result
