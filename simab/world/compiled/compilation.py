"""Whether the compiled plane is on disk already, and a way to put it there.

Numba keeps compiled code beside the source, or in the user's cache folder where the source is
read-only; NUMBA_CACHE_DIR overrides both.
"""

from __future__ import annotations

from pathlib import Path

from simab.errors import SimabError
from simab.world.compiled.sources import source_digest

__all__ = ["compile_now", "is_cached", "require_numba"]


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


def compile_now() -> None:
    """Play the smallest possible scenario, which compiles the kernel and saves it."""
    from simab.draws import Draws
    from simab.scenario.models import Scenario
    from simab.world.blueprint import Blueprint
    from simab.world.play import play

    scenario = Scenario.model_validate(
        {
            "title": "the smallest",
            "endpoint": {
                "variants": {
                    name: {
                        "latency": {"kind": "constant", "value": "1ms"},
                        "quality": {"kind": "success", "probability": 1},
                    }
                    for name in ("A", "B")
                }
            },
            "traffic": {"all": {"rate": "1/s"}},
            "objective": {
                "control": "A",
                "candidate": "B",
                "metric": "success_rate",
                "smallest_effect": 0.01,
            },
            "metrics": {"period": "1s"},
            "controller": {"interval": "1s"},
            "horizon": "2s",
            "policies": {
                "none": {
                    "kind": "manual_schedule",
                    "steps": [{"at": "1h", "promote": "A"}],
                }
            },
        }
    )
    play(Blueprint.of(scenario), None, Draws(1, 0), engine="compiled")
