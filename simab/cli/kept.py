"""What a store holds of a study of any kind, made without playing: its report and its rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from simab.study.held import HeldStudy

__all__ = ["KeptReport", "kept_report", "kept_rows"]


class KeptReport(NamedTuple):
    """What writes the report into a folder and returns its page, and what gives the JSON."""

    write: Callable[[Path], Path]
    as_json: Callable[[], str]


def kept_report(held: HeldStudy) -> KeptReport:
    """The report of the complete replications.

    Raises:
        InvalidInput: there are none, or the rows cannot be found.
    """
    match held.asked.kind:
        case "sweep":
            from simab.result.sweep_result import sweep_json
            from simab.sweeping import kept_sweep

            sweep = kept_sweep(held)
            return KeptReport(sweep.report, lambda: sweep_json(sweep.result))
        case "sensitivity":
            from simab.result.sensitivity_result import sensitivity_json
            from simab.sensitivities import kept_sensitivity

            found = kept_sensitivity(held)
            return KeptReport(found.report, lambda: sensitivity_json(found.result))
        case _:
            from simab.comparison import kept_study
            from simab.result.saved_study import canonical_json

            study = kept_study(held)
            write = partial(study.report, examples=False)
            return KeptReport(write, lambda: canonical_json(study.result))


def kept_rows(held: HeldStudy) -> pd.DataFrame:
    """All rows, also those of replications that are not complete, as a file has them.

    Raises:
        InvalidInput: there are none, or they cannot be found.
    """
    match held.asked.kind:
        case "sweep":
            from simab.sweeping import kept_sweep_outcomes

            return kept_sweep_outcomes(held)
        case "sensitivity":
            from simab.sensitivities import kept_sensitivity_outcomes

            return kept_sensitivity_outcomes(held)
        case _:
            from simab.comparison import kept_outcomes

            return kept_outcomes(held)
