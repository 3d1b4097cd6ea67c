"""Files that are written whole or not at all, and the user's folder for what can be made again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["CACHE_VARIABLE", "alone_with", "user_cache", "write_files"]

CACHE_VARIABLE: Final = "SIMAB_CACHE_DIR"
"""The variable of the environment that names another folder for what simab keeps."""


def user_cache() -> Path | None:
    """Where simab keeps what it can make again; not made here, and None for a user without a home.

    What `SIMAB_CACHE_DIR` names; else the folder `simab` in that of the system: `XDG_CACHE_HOME` or
    `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
    """
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "simab" / "Cache" if base else None
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "simab"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "simab"


@contextmanager
def alone_with(name: str) -> Iterator[None]:
    """Hold the lock of this name in the user's cache, so that one process of a host does the work.

    Where there is no such folder, or no such lock (Windows), several may do it.
    """
    folder = user_cache()
    try:
        import fcntl

        if folder is None:
            raise OSError
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{name}.lock").open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
    except (ImportError, OSError):
        yield
        return
    with file:
        yield


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
