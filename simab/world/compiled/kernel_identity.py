"""The identity of the compiled kernel: a digest of all that goes into its machine code.

Numba keeps compiled code on disk and looks at one source file only to see whether it is stale. The
kernel is in many files and takes constants from many others, so its name carries a digest of their
code and of the values that they import: what was compiled from others is not found.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Iterator
from enum import EnumType
from functools import cache
from typing import Any, Final

import numpy as np

from simab.code_digest import code_of_simab

__all__ = ["constants_imported", "source_digest", "sources"]

_PACKAGE: Final = __name__.rpartition(".")[0]
_VALUES: Final = (int, float, str, tuple, dict, np.generic)


@cache
def source_digest() -> str:
    """Sixteen hexadecimal digits that change when code of the kernel or a constant does."""
    digest = hashlib.sha256()
    for module in sources():
        code = code_of_simab().code(module)
        digest.update(f"{module} {code.digest}\n".encode())
        for name, value in constants_imported(code.imports):
            digest.update(f"{name} = {value}\n".encode())
    return digest.hexdigest()[:16]


def sources() -> tuple[str, ...]:
    """The kernel's module and those of its package that it imports, in order of names."""
    return code_of_simab().closure([f"{_PACKAGE}.kernel"], within=_PACKAGE)


def constants_imported(imports: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The names and values of the constants that are imported from simab, enumerations too."""
    for module, name in imports:
        if not (name and module.startswith("simab.")):
            continue
        value: Any = getattr(importlib.import_module(module), name)
        if isinstance(value, EnumType):
            members: dict[str, Any] = dict(value.__members__)
            value = {member: int(each) for member, each in members.items()}
        if isinstance(value, _VALUES):
            yield name, repr(value)
