"""Files are there before anything is printed: a reader that takes the first lines ends the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.cli import comparison_screen
from simab.cli.found import show_found
from simab.cli.shown_study import show_study


class Found:
    """A study or any other result, which writes one file."""

    result = None

    def report(self, path: Path, progress: object = None) -> Path:
        page = path / "report.html"
        page.write_text("all of it", encoding="utf-8")
        return page


def closed(*_: object, **__: object) -> None:
    """What printing does once nobody reads."""
    raise BrokenPipeError


def test_of_a_comparison(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_screen, "print_comparison", closed)
    with pytest.raises(BrokenPipeError):
        show_study(Found(), tmp_path, as_json=False, quiet=False)  # type: ignore[arg-type]
    assert (tmp_path / "report.html").exists()


def test_of_any_other_command(tmp_path):
    with pytest.raises(BrokenPipeError):
        show_found(
            Found(), tmp_path, as_json=False, quiet=False, screen=closed, document=lambda: ""
        )
    assert (tmp_path / "report.html").exists()
