"""Files that are written whole or not at all: beside the old one, then renamed over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["write_files"]


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together; where one cannot be written, all old ones stay as they are.

    Each is written beside its place, under a name that begins with a dot, and renamed when all are
    there. A place that is not a regular file (a pipe, `/dev/stdout`) is written to as it is.

    Raises:
        OSError: something could not be written; nothing of it is left behind.
    """
    beside: dict[Path, Path] = {}
    try:
        for place, content in contents.items():
            target = place.resolve()  # a link stays a link, and its target is replaced
            if target.exists() and not target.is_file():
                target.write_bytes(content)
                continue
            partial = target.with_name(f".{target.name[:200]}.{os.getpid()}.partial")
            beside[partial] = target
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for partial, target in beside.items():
            partial.replace(target)
    finally:
        for partial in beside:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
