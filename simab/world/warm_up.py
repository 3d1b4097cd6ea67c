"""Compiles the kernel by playing the smallest scenario, so that the first run need not wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from simab.draws import Draws
from simab.files import alone_with
from simab.scenario.models import Scenario
from simab.world.blueprint import Blueprint
from simab.world.compiled.compilation import is_cached, progress_shown
from simab.world.play import play

__all__ = ["compile_now", "compile_once_a_host"]


def compile_once_a_host(show: Callable[[int, int], None] | None = None) -> None:
    """Compile where nobody has; processes that need it at the same time wait for one of them.

    `show` is called now and then with how many functions are compiled, and of how many.

    Raises:
        SimabError: Numba is absent, or does not work here.
    """
    if is_cached():
        return
    with alone_with("compiling"), progress_shown(show) if show else nullcontext():
        compile_now()  # what another has compiled meanwhile is only loaded


def compile_now() -> None:
    """Play the smallest possible scenario, which compiles the kernel and saves it."""
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
