"""Hold the simulator against theory: `verify(...) -> Verification`, every case and every check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from simab.errors import InvalidInput
from simab.result.verification_result import CaseResult, VerificationResult
from simab.study.environment import environment
from simab.study.execution import Executor, Progress
from simab.text.lists import listed, named
from simab.verify import REPLICATIONS, SIZE, THOROUGH, Case, all_cases, played_cases
from simab.verify.checks import POWER
from simab.version import VERSION
from simab.world import ENGINES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SEED", "Verification", "chosen_cases", "verify"]

SEED = 1


@dataclass(frozen=True, eq=False)
class Verification:
    """What was found of each case."""

    result: VerificationResult

    @property
    def passed(self) -> bool:
        """Whether every check is within its bound and every identity holds."""
        return self.result.passed

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a check: theory, what was simulated, score, bound, smallest error caught."""
        import pandas as pd

        from simab.report.verification_tables import verification_rows

        return pd.DataFrame(verification_rows(self.result))

    def report(self, path: str | Path) -> Path:
        """Write report.html, verification.json and verification.csv into a folder.

        Returns:
            The path of the page.
        """
        from simab.report import write_verification

        write_verification(self.result, Path(path))
        return Path(path) / "report.html"


def verify(
    *,
    thorough: bool = False,
    only: Sequence[str] = (),
    seed: int = SEED,
    engine: str = "compiled",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Play the cases of which theory knows something, and hold each against it.

    Args:
        thorough: with four times as many replications, and with cases that need them.
        only: parts of names: cases whose name holds one of them are played; by default all.
        seed: of all random numbers.
        engine: "compiled" or "reference"; same bits.
        executor: any `concurrent.futures.Executor`; by default everything runs here.
        progress: a function that is called with how many cases are done, of how many.

    Raises:
        InvalidInput: no such engine, or no case of such a name.
    """
    if engine not in ENGINES:
        raise InvalidInput(f"engine = {engine!r}: must be one of {', '.join(ENGINES)}")
    cases = chosen_cases(only, thorough=thorough)
    played = played_cases(
        cases,
        replications=THOROUGH if thorough else REPLICATIONS,
        seed=seed,
        engine=engine,
        mapping=map if executor is None else executor.map,
    )
    found: list[CaseResult] = []
    if progress:
        progress(0, len(cases))
    for case in played:
        found.append(case)
        if progress:
            progress(len(found), len(cases))
    words = [*(f"--only {name!r}" for name in only), *(["--thorough"] if thorough else [])]
    return Verification(
        VerificationResult(
            simab_version=VERSION,
            command=" ".join(["simab verify", *words, f"--seed {seed}", "--out DIR"]),
            title="Is what is simulated what theory says?",
            question="Queues, arrivals, answers and labels against closed forms, and every run "
            "against the identities that hold on any path.",
            environment=environment(),
            engine=engine,
            seed=seed,
            thorough=thorough,
            size=SIZE,
            power=POWER,
            cases=tuple(found),
        )
    )


def chosen_cases(only: Sequence[str] = (), *, thorough: bool = False) -> list[Case]:
    """The cases that are played.

    Raises:
        InvalidInput: no case of such a name.
    """
    known = [case for case in all_cases() if thorough or not case.slow]
    for part in only:
        if not any(part.lower() in case.name.lower() for case in known):
            names = listed([named(case.name) for case in known])
            raise InvalidInput(f"--only {part}: no case has that in its name. Name one of {names}.")
    return [
        case
        for case in known
        if not only or any(part.lower() in case.name.lower() for part in only)
    ]
