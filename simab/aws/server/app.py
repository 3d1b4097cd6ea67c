"""The server: AWS's wire protocols, a control path, and a page that shows the endpoint live."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simab.aws.answering import answered
from simab.aws.errors import RehearsalOver, ServiceError
from simab.aws.server.bodies import body_of, drain
from simab.aws.server.clock import Interrupted, ServedAccount
from simab.aws.server.page import SAFE, page
from simab.aws.server.prometheus import PREFIX, Queries
from simab.aws.server.protocols import CONTROL, protocol_of
from simab.aws.server.requests import Call, call_of, operation_model
from simab.aws.server.responses import HttpResponse, error_response, response_of
from simab.aws.server.welcome import Welcome
from simab.errors import InvalidInput
from simab.prometheus.queries import refused_answer
from simab.prometheus.refusals import QueryRefused
from simab.units import seconds

__all__ = ["application", "respond"]

_LONGEST_ADVANCE_S: Final = 366 * 86_400
_READS: Final = ("Describe", "Get", "List")
_READING: Final = ("GET", "HEAD")
_UNREAD: Final = (403, 408, 413)  # statuses of requests that may not have been read to their end
_HEADER: Final = re.compile("[\t\x20-\x7e\x80-\xff]*")


def application(served: ServedAccount, welcome: Welcome) -> Starlette:
    """The ASGI application that answers for an account to whoever is welcome."""
    queries = Queries(served)

    @asynccontextmanager
    async def keeping_time(_: Starlette) -> AsyncIterator[None]:
        keeping = asyncio.create_task(served.keep_time())
        yield
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    class Everything:
        """All paths and methods; a class, so that Starlette asks it for any method."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            with suppress(ClientDisconnect):
                response = await _answered(served, welcome, queries, Request(scope, receive))
                await response(scope, receive, send)

    return Starlette(routes=[Route("/{path:path}", Everything())], lifespan=keeping_time)


async def _answered(
    served: ServedAccount, welcome: Welcome, queries: Queries, request: Request
) -> Response:
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    path, headers = raw.decode("latin-1"), dict(request.headers)
    within = welcome.path_within(path)
    try:
        await _admit(welcome, within, request)
        body = await body_of(request)
        return _written(await _answer(served, queries, request, within or "", body))
    except ServiceError as error:
        refused = error
    except ClientDisconnect:
        raise
    except Exception:  # noqa: BLE001  # whatever goes wrong while time passes
        refused = _bug()
    request_id = served.account.next_request_id()
    return _written(_refusal(within or path, headers, refused, request_id))


async def _admit(welcome: Welcome, within: str | None, request: Request) -> None:
    """Refuse whoever may not ask, before anything of the request's body is kept."""
    try:
        welcome.require(request.headers, page=_asks_for_page(request, within))
        if within is None:
            raise ServiceError(
                "UnrecognizedClientException",
                "The path does not begin with the token of this server.",
                403,
            )
    except ServiceError:
        await drain(request)
        raise


async def _answer(
    served: ServedAccount, queries: Queries, request: Request, path: str, body: bytes
) -> HttpResponse:
    """The answer to a request that may ask; `path` is within the server, percent-encoded."""
    headers, method = dict(request.headers), request.method
    if _asks_for_page(request, path):
        return HttpResponse(200, SAFE | {"content-type": "text/html; charset=utf-8"}, page())
    if path.startswith(CONTROL):
        return await _controlled(served, request, path, body)
    if path.startswith(PREFIX):
        return await queries.respond(method, path, request.url.query, body)
    async with served.alone:
        response = respond(served, method, path, headers, body)
        await served.until_real_time_catches_up()
    return response


def _asks_for_page(request: Request, path: str | None) -> bool:
    """Clients of AWS sign what they ask, such as S3 for its buckets; a browser does not."""
    signed = "authorization" in request.headers
    return path == "/" and not signed and request.method in _READING


def _refusal(
    path: str, headers: Mapping[str, str], error: ServiceError, request_id: str
) -> HttpResponse:
    """An error in the shape that whoever asks for this path reads."""
    if path.startswith(PREFIX):
        kind = "internal" if error.status == 500 else "bad_data"
        said = refused_answer(QueryRefused(error.message, status=error.status, kind=kind))
        content = json.dumps(said.body).encode()
        response = HttpResponse(said.status, {"content-type": "application/json"}, content)
    else:
        response = error_response(protocol_of(path, headers), error, request_id)
    if error.status in _UNREAD:
        response.headers["connection"] = "close"
    return response


def _written(response: HttpResponse) -> Response:
    """As it is sent; no browser takes it for a page that is not said to be one.

    Raises:
        ValueError: a header holds what HTTP has no way to write.
    """
    headers = {"x-content-type-options": "nosniff"} | response.headers
    for name, value in headers.items():
        if not _HEADER.fullmatch(value):
            raise ValueError(f"header {name} cannot be written: {value!r:.80}")
    return Response(response.body, response.status, headers)


def respond(
    served: ServedAccount, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> HttpResponse:
    """What the account answers to a request of one of AWS's clients.

    `path` is percent-encoded, and the names of headers are in lower case.
    """
    protocol, request_id = protocol_of(path, headers), served.account.next_request_id()
    try:
        call = call_of(protocol, method, path, headers, body)
        return response_of(protocol, call, _done(served, call), request_id)
    except ServiceError as error:
        refused = error
    except Exception:  # noqa: BLE001  # it is logged, and the server goes on
        refused = _bug()
    query_mode = headers.get("x-amzn-query-mode") == "true"
    return error_response(protocol, refused, request_id, query_mode=query_mode)


def _bug() -> ServiceError:
    """What a client gets where an exception came up that is not meant; the log has it whole."""
    logging.getLogger(__name__).exception("A request could not be answered.")
    return ServiceError(
        "InternalFailure", "This is a bug in simab; the log of the server says where it is.", 500
    )


def _done(served: ServedAccount, call: Call) -> dict[str, Any]:
    """What the account answers to a call, which is kept if it wants to change something.

    Raises:
        ServiceError: it refuses, or simulated time is over.
    """
    served.catch_up()
    at_s, refusal = seconds(served.account.timeline.now_ns), ""
    try:
        if served.over and not call.operation.startswith(_READS):
            raise RehearsalOver(served.over)
        model = operation_model(call.service, call.operation)
        return answered(served.account, call.service, model, call.parameters)
    except (ServiceError, InvalidInput) as error:
        refusal = str(error)
        if isinstance(error, ServiceError):
            raise
        raise ServiceError("ValidationException", refusal) from None
    except RehearsalOver as over:
        refusal = str(over)
        served.stop(refusal)
        raise _over(served) from None
    finally:
        served.calls.note(at_s, call.operation, call.parameters, refusal)


def _over(served: ServedAccount) -> ServiceError:
    return ServiceError(
        "ServiceUnavailable",
        f"{served.over[:1].upper()}{served.over[1:]}: no time passes any more, and only what "
        "reads is answered. Start the server again, with a later horizon if need be.",
        503,
    )


async def _controlled(
    served: ServedAccount, request: Request, path: str, body: bytes
) -> HttpResponse:
    """The control path: the truth, and simulated time."""
    match path.removeprefix(CONTROL), request.method:
        case "state", "GET" | "HEAD":
            if not served.alone.locked():
                served.catch_up()
            return _json(served.state())
        case "advance", "POST":
            await _advance(served, _seconds(body), request)
            now = served.account.timeline.now.isoformat()
            return _json({"now": now, "seconds": seconds(served.account.timeline.now_ns)})
        case "state" | "advance", _:
            raise ServiceError("MethodNotAllowed", "GET state, and POST advance.", 405)
    raise ServiceError(
        "UnknownOperationException", "There are GET /_simab/state and POST /_simab/advance.", 404
    )


def _seconds(body: bytes) -> float:
    """How long time is asked to pass."""
    try:
        given = json.loads(body)
        asked_s = given["seconds"] if set(given) == {"seconds"} else None
    except (ValueError, TypeError, RecursionError):
        asked_s = None
    if (
        isinstance(asked_s, bool)
        or not isinstance(asked_s, int | float)
        or not 0 <= asked_s <= _LONGEST_ADVANCE_S
    ):
        rule = f'Write {{"seconds": 60}}, a number from 0 to {_LONGEST_ADVANCE_S}.'
        raise ServiceError("ValidationException", rule)
    return float(asked_s)


async def _advance(served: ServedAccount, length_s: float, request: Request) -> None:
    """Let time pass for as long as the client is there, as all others wait meanwhile."""

    async def require_client() -> None:
        if await request.is_disconnected():
            raise ClientDisconnect

    async with served.alone:
        served.catch_up()
        try:
            await served.advance(length_s, require_client)
        except Interrupted:
            raise ServiceError("ServiceUnavailable", "The server ends.", 503) from None
    if served.over:
        raise _over(served)


def _json(data: Mapping[str, Any]) -> HttpResponse:
    body = json.dumps(data, allow_nan=False).encode()
    return HttpResponse(200, SAFE | {"content-type": "application/json"}, body)
