"""Whether Numba is there, and whether the compiled kernel is on disk already.

Numba keeps compiled code beside the source, or in the user's cache folder where the source is
read-only; NUMBA_CACHE_DIR overrides both.
"""

from __future__ import annotations

from pathlib import Path

from simab.errors import SimabError
from simab.world.compiled.kernel_identity import source_digest

__all__ = ["is_cached", "require_numba"]


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
        ) from None
