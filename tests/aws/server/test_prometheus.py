"""Prometheus's interface of a server, as curl and controllers ask it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from tests.aws.server.asking import Server

QUERY = "sum by (endpoint) (simab_requests_total)"


def test_a_form_and_a_query_string_are_answered(serve: Callable[..., Server]) -> None:
    server = serve()
    server.advance(60)
    asked = server.ask("GET", f"/api/v1/query?query={quote(QUERY)}")
    posted = server.ask("POST", "/api/v1/query", urlencode({"query": QUERY}).encode())
    assert asked.status == posted.status == 200
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == posted.body
    (row,) = asked.data["data"]["result"]
    assert row["metric"] == {"endpoint": "e"}
    counted = server.account.endpoints["e"].serving.run_counts.requests[:12, :, 0].sum()
    assert row["value"] == [server.account.timeline.now.timestamp(), str(counted)]


def test_errors_are_those_of_the_interface(serve: Callable[..., Server]) -> None:
    server = serve()
    found = server.ask("GET", "/api/v1/query?query=unheard_of")
    assert (found.status, found.data["errorType"]) == (422, "execution")
    assert server.ask("GET", "/api/v1/query?query=1%20%2B").status == 400
    assert server.ask("DELETE", "/api/v1/query").status == 405
    assert server.ask("GET", "/api/v1/targets").status == 404


def test_who_is_not_welcome_learns_nothing(serve: Callable[..., Server]) -> None:
    path = "/api/v1/query?query=time()"
    assert serve().ask("GET", path, headers={"Host": "elsewhere.example"}).status == 403
