"""How a command plays runs that are measured and not kept: its workers, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

from simab.cli.executors import chosen_executor, dask_option, workers_option
from simab.cli.exits import Interrupted
from simab.cli.progress import shown_progress

if TYPE_CHECKING:
    from simab.scenario.models import Scenario

__all__ = ["Measuring", "measuring_options"]

Found = TypeVar("Found")

_OPTIONS: Final = (workers_option, dask_option)


@dataclass(frozen=True, slots=True)
class Measuring:
    """What the options say of playing."""

    workers: int
    dask: str | None = None

    def played(
        self,
        study: Callable[..., Found],
        scenario: Scenario,
        *,
        rows: int,
        engine: str,
        quiet: bool,
    ) -> Found:
        """Call `study` with an executor and a progress, for so many runs of a scenario."""
        workers = chosen_executor(self.workers, self.dask, scenario, rows, engine)
        with ExitStack() as stack:
            return study(
                executor=stack.enter_context(workers) if workers else None,
                progress=stack.enter_context(shown_progress("Runs", quiet=quiet)),
            )

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Say that nothing is kept where what follows is interrupted.

        Raises:
            Interrupted: instead of KeyboardInterrupt.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted("Nothing is kept; run the same command again.") from None


def measuring_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of playing, as one argument `measuring`."""

    @wraps(command)
    def packed(*positional: Any, workers: int, dask: str | None, **named: Any) -> Any:
        return command(*positional, measuring=Measuring(workers, dask), **named)

    found: Callable[..., Any] = packed
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
