"""The versions of what decides the numbers of a study: Python, its libraries, and simab."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from simab.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["environment"]

_LIBRARIES: Final = ("Numba", "NumPy", "SciPy", "SimPy")


@cache
def environment() -> Mapping[str, str]:
    """Version by name, of the process that asks; nothing is loaded for it."""
    libraries = {name: version(name.lower()) for name in _LIBRARIES}
    return MappingProxyType({**libraries, "Python": platform.python_version(), "simab": VERSION})
