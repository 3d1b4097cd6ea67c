"""The committed reports are what the code makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_committed_reports_are_what_the_code_makes(repository: Path, tmp_path: Path) -> None:
    """`python reports/remake.py` gives, byte for byte, the files that are committed."""
    script = repository / "reports" / "remake.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=1800)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert Path("README.md") in made
    assert Path("docs/churn.svg") in made
    for name in ("churn/report.html", "policies/README.md", "policies/power.svg"):
        assert Path("reports") / name in made
    assert Path("reports/twelve_policies/report.html") in made
    differing = [
        str(path)
        for path in made
        if (tmp_path / path).read_bytes() != (repository / path).read_bytes()
    ]
    assert differing == []
