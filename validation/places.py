"""Where the committed reports are, and how a command says how far it has come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["REPOSITORY", "SCENARIOS", "made_or_committed", "say"]

REPOSITORY: Final = Path(__file__).resolve().parent.parent
SCENARIOS: Final = REPOSITORY / "scenarios"


def made_or_committed(folder: Path, place: str) -> Path:
    """A file below a folder where it has been made there; else the committed one."""
    return folder / place if (folder / place).exists() else REPOSITORY / place


def say(line: str) -> None:
    """Write a line of progress to stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
