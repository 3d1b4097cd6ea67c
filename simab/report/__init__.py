"""The report of a study: one HTML page of sentences, tables and figures, computed from its result.

The only home of matplotlib and of templates; both load when a page is made, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simab.result import StudyResult
    from simab.result.convergence_result import ConvergenceResult
    from simab.result.fairness_result import FairnessResult
    from simab.result.plan_result import PlanResult
    from simab.result.sensitivity_result import SensitivityResult
    from simab.result.studied_split import StudiedSplit
    from simab.result.sweep_result import SweepResult
    from simab.result.verification_result import VerificationResult

__all__ = [
    "convergence_table_html",
    "fairness_rows",
    "fairness_table_html",
    "plan_table_html",
    "render_page",
    "sensitivity_table_html",
    "summary_table_html",
    "sweep_table_html",
    "write_convergence",
    "write_fairness",
    "write_plan",
    "write_report",
    "write_sensitivity",
    "write_sweep",
    "write_verification",
]


def render_page(result: StudyResult) -> str:
    """The whole report as one HTML document; see `simab.report.page`."""
    from simab.report import page

    return page.render_page(result)


def summary_table_html(result: StudyResult) -> str:
    """The table of operating characteristics as an HTML fragment, for `_repr_html_`."""
    from simab.report import page

    return page.summary_table_html(result)


def write_report(result: StudyResult, directory: Path) -> None:
    """Write report.html, study.json, summary.csv and paired.csv; see `simab.report.writing`."""
    from simab.report import writing

    writing.write_report(result, directory)


def write_sweep(result: SweepResult, directory: Path) -> None:
    """Write report.html, sweep.json and sweep.csv; see `simab.report.sweep_page`."""
    from simab.report import sweep_page

    sweep_page.write_sweep(result, directory)


def sweep_table_html(result: SweepResult) -> str:
    """Each policy at its worst points as an HTML fragment, for `_repr_html_`."""
    from simab.report import sweep_page

    return sweep_page.sweep_table_html(result)


def write_sensitivity(result: SensitivityResult, directory: Path) -> None:
    """Write report.html, sensitivity.json and .csv; see `simab.report.sensitivity_page`."""
    from simab.report import sensitivity_page

    sensitivity_page.write_sensitivity(result, directory)


def sensitivity_table_html(result: SensitivityResult) -> str:
    """What each assumption changes as an HTML fragment, for `_repr_html_`."""
    from simab.report import sensitivity_page

    return sensitivity_page.sensitivity_table_html(result)


def write_plan(result: PlanResult, directory: Path) -> None:
    """Write report.html, plan.json and candidates.csv; see `simab.report.plan_page`."""
    from simab.report import plan_page

    plan_page.write_plan(result, directory)


def plan_table_html(result: PlanResult) -> str:
    """The answer and each candidate as an HTML fragment, for `_repr_html_`."""
    from simab.report import plan_page

    return plan_page.plan_table_html(result)


def write_fairness(result: FairnessResult, directory: Path) -> None:
    """Write the page and files of a study of the split; see `simab.report.fairness_page`."""
    from simab.report import fairness_page

    fairness_page.write_fairness(result, directory)


def fairness_table_html(result: FairnessResult) -> str:
    """Verdict and shares of a study of the split as an HTML fragment, for `_repr_html_`."""
    from simab.report import fairness_page

    return fairness_page.fairness_table_html(result)


def fairness_rows(split: StudiedSplit) -> list[dict[str, object]]:
    """One row a rule, phase and variant; see `simab.report.fairness_tables`."""
    from simab.report import fairness_tables

    return fairness_tables.fairness_rows(split)


def write_convergence(result: ConvergenceResult, directory: Path) -> None:
    """Write report.html, convergence.json and sizes.csv; see `simab.report.convergence_page`."""
    from simab.report import convergence_page

    convergence_page.write_convergence(result, directory)


def convergence_table_html(result: ConvergenceResult) -> str:
    """The answer and the sample sizes as an HTML fragment, for `_repr_html_`."""
    from simab.report import convergence_page

    return convergence_page.convergence_table_html(result)


def write_verification(result: VerificationResult, directory: Path) -> None:
    """Write report.html, verification.json and .csv; see `simab.report.verification_page`."""
    from simab.report import verification_page

    verification_page.write_verification(result, directory)
