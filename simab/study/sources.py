"""The sources that decide what a replication gives: simab's own, and those of one's own policies.

A row of a store is only as good as the code that made it, and a version number does not change with
every edit.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["own_sources", "simab_digest"]

_PACKAGE: Final = Path(__file__).parent.parent
# What only shows a result or reads foreign files cannot change it.
_NO_PART: Final = frozenset({"aws", "cli", "interop", "report"})


@cache
def simab_digest() -> str:
    """Digest of the sources of simab that can change a row, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        part = path.relative_to(_PACKAGE)
        if part.parts[0] not in _NO_PART:
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def own_sources(owner: type) -> list[str]:
    """The files of a class and of what it inherits from, apart from libraries; text, or nothing.

    The whole file counts: a method may read a constant or call a function beside it.
    """
    texts = []
    for base in owner.__mro__:
        root = base.__module__.partition(".")[0]
        if root in {"abc", "builtins", "pydantic", "typing", __name__.partition(".")[0]}:
            continue
        try:
            file = inspect.getsourcefile(base)
            texts.append(Path(file).read_text(encoding="utf-8") if file else "")
        except (OSError, TypeError):  # typed at a prompt: there is no file
            texts.append("")
    return texts
