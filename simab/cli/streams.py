"""stdout and stderr as they are found: closed, or in an encoding that lacks characters."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["prepare_streams"]


class _ClosedOutput(io.RawIOBase):
    """Where stdout was closed by the caller: writing reports it, silence does no harm."""

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        raise BrokenPipeError


def prepare_streams() -> None:
    """Make both streams fit for any text, and keep files out of their places.

    A character that the encoding lacks is written by its number. Without a stdout (`>&-`) the next
    file that is opened would take its place, and results would be written into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free place, which is this one
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_ClosedOutput(), encoding="utf-8", write_through=True)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # to the end
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
