"""What the machine lacks, read from the errors of whoever asked for it, with the remedy."""

from __future__ import annotations

import errno
from typing import Final

__all__ = ["what_is_lacking"]

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


def what_is_lacking(error: BaseException) -> str:
    """A sentence, or nothing where the error does not come of a lack of memory, files, threads."""
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
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    if not isinstance(error, ImportError | RuntimeError | OSError):
        return ""
    text = str(error).lower()
    return next((sentence for words, sentence in _BY_WORDS.items() if words in text), "")
