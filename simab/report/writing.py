"""The files of a report: the page, the result as canonical JSON, and two tables as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simab.files import write_files
from simab.report.page import render_page
from simab.report.study_result import VERDICTS, read_result
from simab.text import json_escaped, spreadsheet_safe

__all__ = ["canonical_json", "paired_csv", "summary_csv", "write_report"]

_MEANS = (
    "requests_on_worse",
    "requests_total",
    "failed_share",
    "rejected_share",
    "error_share",
    "error_share_excess",
    "regret",
    "guardrail_breach_s",
    "guardrail_breach_excess_s",
    "weight_changes",
    "actions_refused",
    "in_flight_at_horizon",
    "labels_outstanding",
)
_MEAN_KEYS = ("mean", "low", "high", "approximate")
_QUANTILES = ("decision_time_s", "requests_to_decision")


def write_report(result: Mapping[str, Any], directory: Path) -> None:
    """Write report.html, study.json, summary.csv and paired.csv; the folder is made if absent.

    Args:
        result: What a study found, as the plain JSON values of `simab.study`.
        directory: Where the four files go; those of an earlier report are replaced.

    Raises:
        InvalidInput: the result is not of the expected shape; nothing is written then.
    """
    texts = {
        "report.html": render_page(result),
        "study.json": canonical_json(result),
        "summary.csv": summary_csv(result),
        "paired.csv": paired_csv(result),
    }
    directory.mkdir(parents=True, exist_ok=True)
    write_files({directory / name: text.encode("utf-8") for name, text in texts.items()})


def canonical_json(result: Mapping[str, Any]) -> str:
    """The result with sorted keys and one value a line; what is not finite is null."""
    value = _finite(result)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{json_escaped(text)}\n"


def summary_csv(result: Mapping[str, Any]) -> str:
    """One row for each policy, with every number of the study's summary unrounded."""
    rows = []
    for policy in read_result(result).policies:
        row: dict[str, object] = {"policy": policy.name, "kind": policy.kind}
        row |= {"runs": policy.runs, "failed": policy.failed}
        shares = {name: policy.outcomes[name] for name in VERDICTS}
        shares |= {name: getattr(policy, name) for name in ("correct", "wrong", "neither")}
        shares |= {f"ends_with_{name}": each.share for name, each in policy.ends_with.items()}
        shares["still_split"] = policy.still_split
        shares |= {f"decides_for_{name}": each for name, each in policy.decides_for.items()}
        for name, share in shares.items():
            row |= {f"{name}_count": share.count, f"{name}_share": share.share}
            row |= {f"{name}_low": share.low, f"{name}_high": share.high}
        for name in _QUANTILES:
            value = getattr(policy, name)
            keys = ("decided", "p10", "p50", "p90", "p50_low", "p50_high")
            row |= {f"{name}_{key}": getattr(value, key) for key in keys}
        for name in _MEANS:
            value = getattr(policy, name)
            row |= {f"{name}_{key}": getattr(value, key) for key in _MEAN_KEYS}
        rows.append(row)
    return _csv(list(rows[0]), rows)


def paired_csv(result: Mapping[str, Any]) -> str:
    """One row for each comparison of two policies."""
    names = (
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
    rows = [
        {name: getattr(paired, name) for name in names} for paired in read_result(result).paired
    ]
    return _csv(list(names), rows)


def _csv(columns: list[str], rows: list[dict[str, object]]) -> str:
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
    return "" if value != value else value


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
