"""The tools whose configurations can be read, and where the importer of each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simab.interop.importing import Imported
    from simab.interop.tables import TableSource

__all__ = ["TOOLS", "import_policy"]

TOOLS: Final[Mapping[str, str]] = {
    "argo": "simab.interop.argo",
    "flagger": "simab.interop.flagger",
    "kayenta": "simab.interop.kayenta",
    "sagemaker": "simab.interop.sagemaker",
}


def import_policy(tool: str, files: Sequence[Path], table: TableSource = None) -> Imported:
    """The policy that the files of a tool describe; `table` says what its metrics mean here.

    Raises:
        InvalidFiles: with every problem found, each with its file, line and column.
    """
    found: Imported = import_module(TOOLS[tool]).imported(files, table)
    return found
