"""Showing what a command found: on the screen, as files in a folder, or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from simab.cli.folders import writing_into
from simab.cli.terminal import print_document, say

__all__ = ["show_found"]


class _Found(Protocol):
    def report(self, path: Path) -> Path: ...


def show_found(
    found: _Found,
    out: Path | None,
    *,
    as_json: bool,
    quiet: bool,
    screen: Callable[[], None],
    document: Callable[[], str],
) -> None:
    """The files; then the screen, unless quiet or JSON is asked for; then the JSON.

    In this order, as a reader that takes the first lines alone ends the command by it. Whatever
    ends the files, the screen is printed.
    """
    page = None
    try:
        if out is not None:
            with writing_into(out):
                page = found.report(out)
    finally:
        if not as_json and not quiet:
            screen()
            sys.stdout.flush()
    if page is not None:
        say(f"The report is {page}.", quiet=quiet)
    if as_json:
        print_document(document())
