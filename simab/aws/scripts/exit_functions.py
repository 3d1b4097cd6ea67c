"""What a script registers with `atexit` is called when the script ends, and not its process."""

from __future__ import annotations

import atexit
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["exit_functions"]


@contextmanager
def exit_functions(folder: Path) -> Iterator[None]:
    """Call at the end, last first, what code in a folder has registered meanwhile.

    As Python does, also where the script has failed, and whatever one of them raises. What else
    is registered waits for the end of the process, as ever.
    """
    folder = folder.resolve()
    registered: list[partial[Any]] = []
    register, unregister = atexit.register, atexit.unregister

    def ours(function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        caller = Path(sys._getframe(1).f_code.co_filename).resolve()
        if not caller.is_relative_to(folder):
            return register(function, *arguments, **named)
        registered.append(partial(function, *arguments, **named))
        return function

    def not_ours(function: Callable[..., Any], /) -> None:
        registered[:] = [each for each in registered if each.func != function]
        unregister(function)

    atexit.register, atexit.unregister = ours, not_ours
    try:
        yield
    except (Exception, SystemExit):
        _call(registered)
        raise
    else:
        _call(registered)
    finally:
        atexit.register, atexit.unregister = register, unregister


def _call(registered: list[partial[Any]]) -> None:
    while registered:  # one may register another
        try:
            registered.pop()()
        except (Exception, SystemExit):  # noqa: BLE001  # Python goes on with the next
            traceback.print_exc()
