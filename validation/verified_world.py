"""The page that holds the simulator against theory: reports/verify, with its result as data."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.report.verification_page import write_verification
from simab.result.verification_result import read_saved_verification
from simab.verification import verify
from validation.places import made_or_committed, say

__all__ = ["PLACE", "play_verification", "write_verified_world"]

PLACE: Final = "reports/verify"


def play_verification(folder: Path, executor: Executor) -> None:
    """Play every case and write the page and its result below a folder."""
    say("verify: every case against theory")
    verify(executor=executor).report(folder / PLACE)


def write_verified_world(folder: Path) -> None:
    """Write the page below a folder from the result of the last play."""
    file = made_or_committed(folder, f"{PLACE}/verification.json")
    write_verification(read_saved_verification(file.read_bytes(), str(file)), folder / PLACE)
