"""Paths of traces: written as seen from the scenario's file, kept as seen from where simab runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["from_where_it_lies"]


def from_where_it_lies(data: Any, source: str) -> Any:
    """Scenario data whose traces are named as seen from here, when their file is `source`.

    What has another form stays: it has, or will have, its message.
    """
    folder = Path(source).parent
    traffic = data.get("traffic") if isinstance(data, dict) else None
    if folder == Path() or not isinstance(traffic, dict):
        return data
    return {**data, "traffic": {name: _moved(each, folder) for name, each in traffic.items()}}


def _moved(segment: Any, folder: Path) -> Any:
    trace = segment.get("trace") if isinstance(segment, dict) else None
    if not isinstance(trace, dict):
        return segment
    file = trace.get("file")
    if not isinstance(file, str) or not file:
        return segment
    return {**segment, "trace": {**trace, "file": os.path.normpath(folder / file)}}
