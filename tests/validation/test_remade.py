"""The committed reports of the founding example and of `simab verify` are what the code makes.

The other reports take minutes to make; parts of them are played again in test_replayed_cells.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_committed_reports_are_what_the_code_makes(repository: Path, tmp_path: Path) -> None:
    """`python -m validation FOLDER churn founding_studies verify` gives the committed bytes."""
    subprocess.run(
        [sys.executable, "-m", "validation", tmp_path, "churn", "founding_studies", "verify"],
        check=True,
        cwd=repository,
        timeout=1800,
    )
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert Path("README.md") in made
    assert Path("docs/churn.svg") in made
    assert Path("reports/churn/report.html") in made
    assert Path("reports/churn/fairness/report.html") in made
    assert Path("reports/verify/report.html") in made
    differing = [
        str(path)
        for path in made
        if (tmp_path / path).read_bytes() != (repository / path).read_bytes()
    ]
    assert differing == []
