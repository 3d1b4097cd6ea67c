"""`simab clear`: remove the stores of the user's cache."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import click

from simab.cli import options, terminal
from simab.cli.stores import size_text
from simab.errors import InvalidInput
from simab.text.numbers import counted
from simab.units import parse_duration, seconds

__all__ = ["command"]


@click.command("clear")
@click.argument("files", nargs=-1, metavar="[SCENARIO]...", type=click.Path(path_type=Path))
@click.option("--unused-for", metavar="DURATION", help="Only stores that nobody used for so long.")
@options.quiet
def command(files: tuple[Path, ...], unused_for: str | None, quiet: bool) -> None:
    """Remove the finished runs that the user's cache keeps; of each SCENARIO, or all.

    What is removed is played again when it is asked for. Stores that you named yourself, with
    --store, are yours: they stay.
    """
    from simab.study.default_store import cached_stores
    from simab.study.held import size_bytes

    before_s = time.time() - (seconds(parse_duration(unused_for)) if unused_for else 0.0)
    stores = [path for path in _chosen(files) or cached_stores() if _used_s(path) <= before_s]
    freed = 0
    for path in stores:
        freed += size_bytes(path)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise InvalidInput(f"{path} cannot be removed: {error.strerror}") from None
        with suppress(OSError):
            path.with_name(f"{path.name}-journal").unlink()
    terminal.say(f"Removed {counted(len(stores), 'store')}, {size_text(freed)}.", quiet=quiet)


def _chosen(files: tuple[Path, ...]) -> list[Path]:
    from simab.scenario import load
    from simab.study.default_store import cached_store_path

    found = [cached_store_path(load(file)) for file in files]
    return [path for path in found if path is not None]


def _used_s(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
