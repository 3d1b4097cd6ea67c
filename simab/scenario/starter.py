"""The commented scenario that `simab init` writes: it works as it is."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["starter_text"]


def starter_text() -> str:
    """The text of the file."""
    return files("simab.scenario").joinpath("starter.yaml").read_text(encoding="utf-8")
