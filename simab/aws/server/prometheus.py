"""Prometheus's interface for queries, over HTTP, of a served account."""

from __future__ import annotations

import json
import logging
from typing import Final
from urllib.parse import parse_qsl

from simab.aws.scraped.source import ScrapedAccount
from simab.aws.server.clock import ServedAccount
from simab.aws.server.responses import HttpResponse
from simab.errors import InvalidInput
from simab.prometheus.queries import Answer, answer_query, refused_answer
from simab.prometheus.refusals import QueryRefused, bad_data, not_executed

__all__ = ["PREFIX", "Queries"]

PREFIX: Final = "/api/v1/"
_MOST_FIELDS: Final = 100
_HEADERS: Final = {"content-type": "application/json", "cache-control": "no-store"}


class Queries:
    """Answers queries about an account as it is at the time of each."""

    def __init__(self, served: ServedAccount) -> None:
        self._served = served
        self._source: ScrapedAccount | None = None

    async def respond(self, method: str, path: str, query_string: str, body: bytes) -> HttpResponse:
        """The response to a request for a path that begins with `PREFIX`."""
        async with self._served.alone:
            self._served.catch_up()
            answer = self.answer(method, path, query_string, body)
        text = json.dumps(answer.body, allow_nan=False)
        return HttpResponse(answer.status, dict(_HEADERS), text.encode())

    def answer(self, method: str, path: str, query_string: str, body: bytes) -> Answer:
        """The same, before it is written; of a form's fields and the path's, the form's count."""
        try:
            if method not in ("GET", "POST"):
                raise QueryRefused("use GET or POST", status=405, kind="bad_data")
            parameters = _fields(query_string.encode())
            if method == "POST":
                parameters |= _fields(body)
            self._source = self._source or ScrapedAccount(self._served.account)
            return answer_query(self._source, f"/{path.removeprefix(PREFIX)}", parameters)
        except QueryRefused as refused:
            return refused_answer(refused)
        except InvalidInput as invalid:
            return refused_answer(not_executed(str(invalid)))
        except Exception:
            logging.getLogger(__name__).exception("A query could not be answered.")
            bug = "this is a bug in simab; its log says where it is"
            return refused_answer(QueryRefused(bug, status=500, kind="internal"))


def _fields(form: bytes) -> dict[str, str]:
    """Of fields that come twice the first counts."""
    try:
        pairs = parse_qsl(
            form.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise bad_data("the form cannot be read") from None
    return dict(reversed(pairs))
