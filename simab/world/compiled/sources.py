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

__all__ = ["constants_of_source", "source_digest", "sources"]

_FOLDER: Final = Path(__file__).parent
_PACKAGE: Final = __name__.rpartition(".")[0]
_VALUES: Final = (int, float, str, tuple, dict, np.generic)


@cache
def source_digest() -> str:
    """Sixteen hexadecimal digits that change when a source of the kernel or a constant does."""
    digest = hashlib.sha256()
    for source in sources().values():
        digest.update(source)
        for name, value in constants_of_source(source):
            digest.update(f"{name} = {value}\n".encode())
    return digest.hexdigest()[:16]


def sources() -> dict[str, bytes]:
    """The kernel's module and those of its package that it imports, by name, in order of names."""
    found: dict[str, bytes] = {}
    wanted = ["kernel"]
    while wanted:
        name = wanted.pop()
        found[name] = (_FOLDER / f"{name}.py").read_bytes()
        imported = (package for package, _ in _imports(found[name]))
        siblings = {each.removeprefix(f"{_PACKAGE}.") for each in imported if _PACKAGE in each}
        wanted += siblings - found.keys()
    return dict(sorted(found.items()))


def constants_of_source(source: bytes) -> Iterator[tuple[str, str]]:
    """The names and values of the constants that a module imports from simab, enumerations too."""
    for package, name in _imports(source):
        value: Any = getattr(importlib.import_module(package), name)
        if isinstance(value, EnumType):
            members: dict[str, Any] = dict(value.__members__)
            value = {member: int(each) for member, each in members.items()}
        if isinstance(value, _VALUES):
            yield name, repr(value)


def _imports(source: bytes) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simab."):
            yield from ((str(node.module), alias.name) for alias in node.names)
