"""The identity of the compiled kernel: a digest of all that goes into its machine code.

Numba keeps compiled code on disk and looks at one source file only to see whether it is stale. The
kernel is in many files and takes constants from many others, so its name carries a digest of its
sources and of the values that they import: code that was compiled from others is not found.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
from collections.abc import Iterator
from enum import EnumType
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

__all__ = ["constants_of_source", "source_digest"]

_KERNEL: Final = tuple(sorted(Path(__file__).parent.glob("kernel*.py")))
_VALUES: Final = (int, float, str, tuple, dict, np.generic)


@cache
def source_digest() -> str:
    """Sixteen hexadecimal digits that change when a source of the kernel or a constant does."""
    digest = hashlib.sha256()
    for path in _KERNEL:
        source = path.read_bytes()
        digest.update(source)
        for name, value in constants_of_source(source):
            digest.update(f"{name} = {value}\n".encode())
    return digest.hexdigest()[:16]


def constants_of_source(source: bytes) -> Iterator[tuple[str, str]]:
    """The names and values of the constants that a module imports from simab, enumerations too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simab."):
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                value: Any = getattr(module, alias.name)
                if isinstance(value, EnumType):
                    members: dict[str, Any] = dict(value.__members__)
                    value = {name: int(member) for name, member in members.items()}
                if isinstance(value, _VALUES):
                    yield alias.name, repr(value)
