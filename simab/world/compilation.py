"""Whether the compiled plane is on disk already, and a way to put it there.

Numba keeps compiled code beside the source, or in the user's cache folder where the source is
read-only; NUMBA_CACHE_DIR overrides both.
"""

from __future__ import annotations

from pathlib import Path

from simab.errors import SimabError

__all__ = ["compile_now", "is_cached"]


def is_cached() -> bool:
    """Whether compiled code of the present kernel is there to be loaded.

    Raises:
        SimabError: Numba is absent, or does not work here.
    """
    try:
        from simab.world.kernel import advance
    except ImportError as error:
        raise SimabError(
            f"the compiled engine needs Numba, which does not load here ({error}). "
            "Install it, or use --engine reference, which gives the same results more slowly."
        ) from None
    folder, name = Path(advance.stats.cache_path or "."), advance.py_func.__qualname__
    source_ns = Path(advance.py_func.__code__.co_filename).stat().st_mtime_ns
    return any(
        found.stat().st_mtime_ns >= source_ns for found in folder.glob(f"kernel.{name}-*.nbi")
    )


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
