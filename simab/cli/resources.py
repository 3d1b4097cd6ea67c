"""What the machine lacks, read from the errors that it causes, with the remedy."""

from __future__ import annotations

import errno
import mmap
from typing import Final

__all__ = ["release_reserve", "what_is_lacking"]

# Address space that is given back when something fails: to say what failed takes memory as well.
# Its pages are never written, so holding it takes neither time nor memory.
_reserve = mmap.mmap(-1, 16 << 20)
_ROOM_TO_WORK: Final = 64 << 20

_MEMORY: Final = (
    "Memory has run out. Give more of it, fewer --workers, or a shorter horizon or longer windows "
    "in the scenario."
)
_FILES: Final = "No more files can be opened. Raise the limit (`ulimit -n 1024`)."
_BY_NUMBER: Final = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: "No more processes or threads can be started. Raise the limit (`ulimit -u`).",
}
# A library that is loaded repeats what the loader said, without a number.
_BY_WORDS: Final = {
    "too many open files": _FILES,
    "cannot allocate memory": _MEMORY,
    "failed to map segment": _MEMORY,
    "unable to allocate": _MEMORY,
    "can't start new thread": _BY_NUMBER[errno.EAGAIN],
    "cannot open shared object file: error 24": _FILES,
}


def release_reserve() -> None:
    """Make room for what says how the command failed."""
    _reserve.close()


def what_is_lacking(error: BaseException) -> str:
    """A sentence, or nothing where the error was not caused by a lack of memory, files, threads."""
    seen: set[int] = set()
    within: BaseException | None = error
    while within is not None and id(within) not in seen:
        if sentence := _of(within):
            return sentence
        seen.add(id(within))
        cause, context = within.__cause__, within.__context__
        within = context if cause is None else cause
    return ""


def _of(error: BaseException) -> str:
    if isinstance(error, MemoryError) or (isinstance(error, SystemError) and _memory_is_short()):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    if not isinstance(error, ImportError | RuntimeError | OSError):
        return ""
    text = str(error).lower()
    return next((sentence for words, sentence in _BY_WORDS.items() if words in text), "")


def _memory_is_short() -> bool:
    """C code that gets no memory may return without saying so, which Python reports as its own."""
    try:
        bytearray(_ROOM_TO_WORK)
    except MemoryError:
        return True
    return False
