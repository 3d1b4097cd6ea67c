"""What a program prints, of which the beginning and the end are kept, however much it is."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["KEPT_BYTES", "Printed"]

KEPT_BYTES: Final = 64 * 1024


class Printed(io.RawIOBase):
    """A file to write to that keeps the first and the last 64 KiB, and counts all the bytes.

    Args:
        onward: the descriptor of a file that everything is written to as well.
    """

    def __init__(self, onward: int | None = None) -> None:
        self._first, self._last = bytearray(), bytearray()
        self._onward = onward
        self.total = 0

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        added = bytes(data)
        self.total += len(added)
        if self._onward is not None:
            _write_all(self._onward, added)
        if room := KEPT_BYTES - len(self._first):
            self._first += added[:room]
            self._last += added[room:]
        else:
            self._last += added
        if len(self._last) > 2 * KEPT_BYTES:  # not at each write: it moves all that is kept
            del self._last[:-KEPT_BYTES]
        return len(added)

    def text(self) -> str:
        """Both ends, and between them how much was left out."""
        last = self._last[-KEPT_BYTES:]
        if not (left_out := self.total - len(self._first) - len(last)):
            return (self._first + last).decode(errors="replace")
        between = f"\n[{left_out} bytes left out]\n"
        return self._first.decode(errors="replace") + between + last.decode(errors="replace")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
