"""Bodies of requests: read up to a limit of bytes and of time, and those of no use not kept."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request

from simab.aws.errors import ServiceError

__all__ = ["body_of", "drain"]

_MOST_BYTES: Final = 8 << 20  # a payload of 6 MiB, and what is around it
_MOST_DRAINED_BYTES: Final = 64 << 20  # read and dropped, so that the client gets an answer
_LONGEST_S: Final = 60.0


async def body_of(request: Request) -> bytes:
    """The body of a request that is going to be answered.

    Raises:
        ServiceError: it is too long, or takes too long to come.
        ClientDisconnect: the client has gone.
    """
    found, length = await _read(request, kept=_MOST_BYTES)
    if length > _MOST_BYTES:
        raise ServiceError("RequestEntityTooLarge", f"A request may have {_MOST_BYTES} bytes.", 413)
    return found


async def drain(request: Request) -> None:
    """Read the body of a request that is refused, and keep none of it.

    A client that still sends would not see the answer otherwise.

    Raises:
        ServiceError: it takes too long to come.
        ClientDisconnect: the client has gone.
    """
    await _read(request, kept=0)


async def _read(request: Request, *, kept: int) -> tuple[bytes, int]:
    """The body and its length; no body where it is longer than what may be kept.

    It is read to its end all the same, or to where it becomes absurd.
    """
    found, length = bytearray(), 0
    try:
        async with asyncio.timeout(_LONGEST_S):
            async for chunk in request.stream():
                length += len(chunk)
                if length <= kept:
                    found += chunk
                else:
                    found.clear()
                if length > _MOST_DRAINED_BYTES:
                    break
    except TimeoutError:
        late = f"The body of a request has to come within {_LONGEST_S:g} s."
        raise ServiceError("RequestTimeout", late, 408) from None
    return bytes(found), length
