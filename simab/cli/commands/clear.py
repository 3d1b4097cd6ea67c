"""`simab clear`: remove the stores of the user's cache."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import click

from simab.cli import options, terminal
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.stores import require_no_policies, size_text, store_of_scenario
from simab.errors import InvalidInput
from simab.text.numbers import counted
from simab.units import parse_duration, seconds

__all__ = ["command"]


@click.command("clear")
@click.argument("files", nargs=-1, metavar="[SCENARIO]...", type=click.Path(path_type=Path))
@policy_file_options
@click.option("--unused-for", metavar="DURATION", help="Only stores that nobody used for so long.")
@options.quiet
def command(
    files: tuple[Path, ...], source: PolicySource, unused_for: str | None, quiet: bool
) -> None:
    """Remove the finished runs that the user's cache keeps; of each SCENARIO, or all.

    What is removed is played again when it is asked for. Stores that you named yourself, with
    --store, are yours: they stay.
    """
    from simab.study.default_store import cached_stores
    from simab.study.held import size_bytes

    before_s = time.time() - (seconds(parse_duration(unused_for)) if unused_for else 0.0)
    chosen = _chosen(files, source) or cached_stores()
    stores = [path for path in chosen if _used_s(path) <= before_s]
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


def _chosen(files: tuple[Path, ...], source: PolicySource) -> list[Path]:
    if not files:
        require_no_policies(None, source)
    found = [store_of_scenario(file, source) for file in files]
    return [path for path in found if path is not None]


def _used_s(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
