"""`--figures DIR`, for every command that writes a page: its figures as SVG and PNG files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from simab.cli.folders import make_folder, writing_into
from simab.cli.terminal import say
from simab.errors import InvalidInput

__all__ = ["figures_option"]

_OPTION = click.option(
    "--figures",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write every figure of the report as SVG and PNG into this folder.",
)


def figures_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option; `out` is its folder of --out, None where that is not needed."""

    @wraps(command)
    def drawn(*positional: Any, figures: Path | None, **named: Any) -> Any:
        if figures is None:
            return command(*positional, **named)
        if named.get("out", True) is None and "study" not in named:
            raise InvalidInput(
                f"--figures {figures}: figures are drawn with the report; name its folder with "
                "--out as well"
            )
        make_folder(figures)
        from simab.report.figure_files import figures_into

        with writing_into(figures), figures_into(figures):
            code = command(*positional, **named)
        say(f"The figures are in {figures}.", quiet=bool(named.get("quiet")))
        return code

    found: Callable[..., Any] = _OPTION(drawn)
    return found
