"""The code that decides what a replication gives: simab's own, and that of one's own policies.

A row of a store is only as good as the code that made it, and a version number does not change with
every edit. What decides no row, such as reports and sentences, is left out, so that it can be
edited without the loss of rows.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import Final

import numpy as np
import scipy

from simab.code_digest import ModuleCode, code_of_simab, module_code

__all__ = ["LIBRARIES", "PLAYING", "WITHOUT", "playing_digest", "policy_digests"]

PLAYING: Final = "simab.study.playing"
"""The module whose `play_batch` makes rows."""

WITHOUT: Final = frozenset(
    {
        # The one policy that plays counts by itself, and what the others may deploy as a list of
        # names: see plan.py.
        "simab.policies.catalogue",
        # A rule refuses a scenario or lets it be as it is, and so do the worlds that it adds: each
        # is a scenario itself by the time it is played.
        "simab.scenario.rules",
        "simab.scenario.changes.block",
        # It names the machine code.
        "simab.world.compiled.sources",
    }
)
"""Imported by what plays, and without a say in a row that is made."""

LIBRARIES: Final = {"numpy": np.__version__, "scipy": scipy.__version__}
"""Whose functions make tables of quantiles, true metrics and p-values; see docs/decisions.md."""

_PACKAGE: Final = __name__.partition(".")[0]
_INSTALLED: Final = {"site-packages", "dist-packages"}


@cache
def playing_digest() -> str:
    """Digest of the code of simab that makes a row of whatever policy, in hexadecimal."""
    return code_of_simab().digest([PLAYING], without=WITHOUT)


def policy_digests(owner: type) -> list[str]:
    """Digests of the code of a policy's class, and of what it inherits from and imports.

    The whole file counts: a method may read a constant or call a function beside it. So do loaded
    modules of one's own that the file imports; libraries do not. "" stands for a class whose source
    is not to be had.
    """
    package = code_of_simab()
    own: dict[str, ModuleCode | None] = {}
    shipped = set()
    for base in owner.__mro__:
        if _root(base.__module__) == _PACKAGE:
            shipped.add(base.__module__)
        else:
            _follow(base.__module__, own)
    for module, code in own.items():
        shipped |= {package.home(at, name) for at, name in _imported(module, code)} - {""}
    digests = {code.digest if code else "" for code in own.values()}
    return [package.digest(shipped, without=WITHOUT), *sorted(digests)]


def _follow(module: str, found: dict[str, ModuleCode | None]) -> None:
    """Read a module of one's own and those that it imports, unless they are read already."""
    root = _root(module)
    if module in found or root == _PACKAGE or root in sys.stdlib_module_names:
        return
    try:
        file = inspect.getsourcefile(sys.modules[module])
        if file and _INSTALLED & set(Path(file).parts):
            return
        found[module] = module_code(Path(str(file)).read_bytes()) if file else None
    except (OSError, TypeError, KeyError, SyntaxError):  # typed at a prompt: there is no file
        found[module] = None
    for at, name in _imported(module, found[module]):
        for each in (at, f"{at}.{name}"):  # a name can be a module
            if each in sys.modules:
                _follow(each, found)


def _imported(module: str, code: ModuleCode | None) -> Iterator[tuple[str, str]]:
    """What a module imports, by the full names of modules."""
    package = getattr(sys.modules.get(module), "__package__", None) or ""
    for at, name in code.imports if code else ():
        try:
            yield resolve_name(at, package), name
        except ImportError:  # more dots than folders: nothing that could have been imported
            continue


def _root(module: str) -> str:
    return module.partition(".")[0]
