"""Pages without drawing: for tests of what is written, of how a command ends, and of sentences.

Matplotlib takes nine tenths of the time of a page. Its figures have tests of their own in
tests/report, where pages are drawn; tests/report/test_writing.py draws all that a study writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

__all__ = ["empty", "undrawn"]

NOTHING = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<svg width="1pt" height="1pt" viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg" version="1.1">
</svg>
"""


def empty(draw: Callable[[float], Any], width: float) -> str:
    """In the place of `simab.report.figure_block.rendered`."""
    return NOTHING


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """All pages of a module have empty figures, those that its fixtures make as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simab.report.figure_block.rendered", empty)
        yield
