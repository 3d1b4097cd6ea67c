"""Real configurations are imported, with what the messages say to write, and played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simab.errors import InvalidFiles
from simab.interop.importing import Imported
from simab.interop.tools import import_policy
from simab.policies import Promote, RollBack
from tests.interop.played import decisions, played

TIMES = "update_times: [10m, 1h]\n"
REAL = {
    "argo-canary": ("argo", ["argo/rollout-canary.yaml"], ""),
    "argo-background": (
        "argo",
        ["argo/rollout-background-analysis.yaml", "argo/analysis-templates.yaml"],
        "",
    ),
    "argo-mirror": ("argo", ["argo/istio-mirror.yaml"], ""),
    "flagger-linkerd": ("flagger", ["flagger/linkerd-canary-steps.yaml"], ""),
    "kayenta-prometheus": ("kayenta", ["kayenta/prometheus_canary_config.json"], ""),
    "sagemaker-guardrail": ("sagemaker", ["sagemaker/guardrail-linear.json"], ""),
    "sagemaker-weights": ("sagemaker", ["sagemaker/ab-production-variants.json"], TIMES),
}


def imported(folder: Path, tool: str, files: list[Path], table: str) -> Imported:
    """Import, and where metrics are asked for, again with the entries that the message gives."""
    map_file = folder / "map.yaml"
    map_file.write_text(table, "utf-8")
    try:
        return import_policy(tool, files, map_file if table else None)
    except InvalidFiles as refused:
        entries = re.findall(r"`metrics: \{(.*)\}`", str(refused))
        map_file.write_text("metrics:\n" + "".join(f"  {each}\n" for each in entries), "utf-8")
        return import_policy(tool, files, map_file)


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_imported_and_played(name: str, shared: Path, tmp_path: Path) -> None:
    """Nothing that it asks for is refused; a healthy candidate is promoted
    unless the file waits for a person.
    """
    tool, files, table = REAL[name]
    found = imported(tmp_path, tool, [shared / "configs" / file for file in files], table)
    text = found.policy.model_dump_json(exclude_none=True)
    text = text.replace('"Variant1"', '"current"').replace('"Variant2"', '"new"')
    policy = type(found.policy).model_validate_json(text)
    if tool == "sagemaker" and "start_after" in type(policy).model_fields:
        # Before the first window is published an alarm on both fleets has no data and may fire.
        policy = policy.model_copy(update={"start_after": 600_000_000_000})
    # Faster than the 10 ms that a real alarm allows.
    run = played(policy, weight=float(tool == "kayenta"), latency_ms=5.0)
    kinds = [kind for _, kind in decisions(run)]
    assert RollBack not in kinds
    waits = any("until a person resumes it" in note.reason for note in found.notes)
    assert waits != (Promote in kinds)
