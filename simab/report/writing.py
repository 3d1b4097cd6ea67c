"""The files of a report: the page, the result as canonical JSON, and two tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from simab.files import write_files
from simab.report.beside import pages_beside
from simab.report.embedded import data_block
from simab.report.page import page_of
from simab.report.page_form import for_page
from simab.result import PolicyResult, StudyResult
from simab.result.columns import COLUMNS, VARIANT_COLUMNS
from simab.result.json_form import dumped
from simab.result.run_summary import Verdict
from simab.result.saved_study import canonical_json
from simab.text.untrusted import spreadsheet_safe

__all__ = ["csv_text", "paired_csv", "summary_csv", "summary_row", "write_report", "write_texts"]

_JUDGED: Final = ("correct", "wrong", "neither")
_QUANTILES: Final = ("decision_time_s", "requests_to_decision")
_MEAN_KEYS: Final = ("mean", "low", "high", "approximate")
_PAIRED: Final = (
    "quantity",
    "first",
    "second",
    "difference",
    "low",
    "high",
    "approximate",
    "p_value",
    "adjusted_p_value",
    "differs",
    "variance_reduction",
    "pairs",
    "restricted_to_s",
    "undecided_first",
    "undecided_second",
    "reason",
)


def write_report(result: StudyResult, directory: Path) -> None:
    """Write report.html, study.json, summary.csv and paired.csv; the folder is made if absent.

    Args:
        result: What a study found.
        directory: Where the four files go; those of an earlier report are replaced.

    Raises:
        InvalidInput: the result lacks what the page needs; nothing is written then.
    """
    shown = for_page(result)
    beside = pages_beside(directory, result.scenario_hash)
    texts = {
        "report.html": page_of(shown, data_block(result), beside),
        "study.json": canonical_json(result),
        "summary.csv": summary_csv(shown),
        "paired.csv": paired_csv(shown),
    }
    write_texts(directory, texts)


def write_texts(directory: Path, texts: Mapping[str, str]) -> None:
    """Write texts by the names of their files, all or none; the folder is made if absent."""
    directory.mkdir(parents=True, exist_ok=True)
    write_files({directory / name: text.encode("utf-8") for name, text in texts.items()})


def summary_csv(result: StudyResult) -> str:
    """One row for each world and policy, with every number of the study's summary unrounded.

    A world that is the same as an earlier one has the numbers of that one, as in `Study.summary`.
    """
    rows = [
        {"world": world.name} | summary_row(policy)
        for world in result.worlds
        for policy in world.policies
    ]
    return csv_text(list(dict.fromkeys(key for row in rows for key in row)), rows)


def summary_row(policy: PolicyResult) -> dict[str, object]:
    """Every number of a policy by the name of its column."""
    row: dict[str, object] = {"policy": policy.name, "kind": policy.kind}
    row |= {"runs": policy.runs, "failed": policy.failed}
    shares = {str(verdict): policy.verdicts[verdict] for verdict in Verdict}
    shares |= {name: getattr(policy, name) for name in _JUDGED}
    shares |= {f"ends_with_{name}": each for name, each in policy.ends_with.items()}
    shares["still_split"] = policy.still_split
    shares |= {f"decides_for_{name}": each for name, each in policy.decides_for.items()}
    for name, share in shares.items():
        row |= {f"{name}_count": share.count, f"{name}_share": share.share}
        row |= {f"{name}_low": share.low, f"{name}_high": share.high}
    for name in _QUANTILES:
        row |= {f"{name}_{key}": each for key, each in dumped(getattr(policy, name)).items()}
    means = {name: policy.means[name] for name in COLUMNS}
    for name in VARIANT_COLUMNS:
        by_variant = policy.variant_means[name].items()
        means |= {f"{name}[{variant}]": each for variant, each in by_variant}
    for name, each in means.items():
        row |= {f"{name}_{key}": getattr(each, key) for key in _MEAN_KEYS}
    for name, spread in policy.spread.items():
        row |= {f"{name}_{key}": each for key, each in dumped(spread).items()}
    return row


def paired_csv(result: StudyResult) -> str:
    """One row for each comparison of two policies."""
    rows = [{name: getattr(paired, name) for name in _PAIRED} for paired in result.paired]
    return csv_text(list(_PAIRED), rows)


def csv_text(columns: list[str], rows: list[dict[str, object]]) -> str:
    """Comma-separated, one header line, empty where a number is not known.

    Texts are defused for spreadsheets; `simab.text.spreadsheet_safe` says how to get them back.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return spreadsheet_safe(value)
    return "" if value is None or value != value else value
