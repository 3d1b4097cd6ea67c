"""Whether Numba is there, whether the compiled kernel is on disk already, and how far it is made.

Numba keeps compiled code beside the source, or in the user's cache folder where the source is
read-only; NUMBA_CACHE_DIR overrides both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from simab.errors import SimabError
from simab.world.compiled.kernel_identity import source_digest, sources

__all__ = ["functions_to_compile", "is_cached", "progress_shown", "require_numba"]


def is_cached() -> bool:
    """Whether compiled code of the present kernel is there to be loaded.

    Raises:
        SimabError: Numba is absent, or does not work here.
    """
    require_numba()
    from simab.world.compiled.kernel import advance

    if advance.stats.cache_path is None:  # nowhere to keep it, see kernel.py
        return False
    folder = Path(advance.stats.cache_path)
    return any(folder.glob(f"kernel.advance_{source_digest()}-*.nbi"))


def require_numba() -> None:
    """Make sure that Numba can be loaded.

    Raises:
        SimabError: it is absent, or does not work here.
    """
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise SimabError(
            f"the compiled engine needs Numba, which does not load here ({error}). Install it, or "
            'ask for the engine "reference", which gives the same results more slowly.'
        ) from error


@contextmanager
def progress_shown(show: Callable[[int, int], None]) -> Iterator[None]:
    """Call `show` with how many functions of the kernel are compiled, and of how many, after each.

    A kernel that is loaded from disk is not compiled, and shows nothing.
    """
    from numba.core.event import Listener, install_listener

    left = functions_to_compile()
    total = len(left)

    class Counting(Listener):
        def on_start(self, event: Any) -> None:
            if len(left) == total:
                show(0, total)

        def on_end(self, event: Any) -> None:
            left.discard(event.data["dispatcher"])
            show(total - len(left), total)

    with install_listener("numba:compile", Counting()):
        yield


def functions_to_compile() -> set[Any]:
    """The functions that Numba compiles by themselves, the kernel last, in no order."""
    from numba.core.dispatcher import Dispatcher

    return {
        value
        for module in sources()
        for value in vars(import_module(module)).values()
        if isinstance(value, Dispatcher) and value.targetoptions.get("inline") != "always"
    }
