"""`simab init`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path

import click

from simab.cli import options
from simab.cli.terminal import print_line
from simab.errors import InvalidInput

__all__ = ["command"]


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=Path("scenario.yaml"))
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@options.quiet
def command(path: Path, force: bool, quiet: bool) -> None:
    """Write a commented scenario to PATH (scenario.yaml), ready to be checked and run."""
    from simab.files import write_files
    from simab.scenario.starter import starter_text

    if path.is_dir():
        path = path / "scenario.yaml"
    if path.exists() and not force:
        raise InvalidInput(
            f"{path} exists already. Use --force to overwrite it, or name another file."
        )
    try:
        write_files({path: starter_text().encode("utf-8")})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{path} cannot be written: {reason}. Name another path.") from None
    if not quiet:
        print_line(f"{path} is written. Next: simab check {path}")
