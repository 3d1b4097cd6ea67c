"""Prometheus's interface of a server, as curl and controllers ask it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from simab.aws import Account
from simab.cli.main import main
from tests.aws.server.asking import Server

QUERY = "sum by (endpoint) (simab_requests_total)"


def test_a_form_and_a_query_string_are_answered(serve: Callable[..., Server]) -> None:
    server = serve()
    server.advance(60)
    asked = server.ask("GET", f"/api/v1/query?query={quote(QUERY)}")
    posted = server.ask("POST", "/api/v1/query", urlencode({"query": QUERY}).encode())
    assert asked.status == posted.status == 200
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-content-type-options"] == "nosniff"
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
    """In the shape of the interface, as for all that is refused below its path."""
    server, path = serve(), "/api/v1/query?query=time()"
    foreign = server.ask("GET", path, headers={"Host": "elsewhere.example"})
    long = server.ask("POST", path, b"x" * (9 << 20))
    for answer, status in ((foreign, 403), (long, 413)):
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
        assert answer.data.keys() == {"status", "errorType", "error"}
        assert answer.data["status"] == "error"


SCENARIO = Path(__file__).resolve().parents[3] / "scenarios" / "minimal.yaml"


def test_the_command_says_how_often_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `simab serve` would begin, but for the socket."""
    begun: list[Account] = []

    class Listening:
        url = "http://127.0.0.1:1"

        def __init__(self, account: Account, **_: object) -> None:
            begun.append(account)

        def run_until_signal(self) -> None:
            pass

    monkeypatch.setattr("simab.aws.server.listening.Listening", Listening)
    for words in ((), ("--scrape", "30", "--namespace", "test")):
        with pytest.raises(SystemExit):
            main(["serve", str(SCENARIO), "--quiet", *words])
    found = [(each.settings.scrape_ns, each.settings.namespace) for each in begun]
    assert found == [(15 * 10**9, "default"), (30 * 10**9, "test")]


@pytest.mark.parametrize(
    ("scrape", "why"),
    [("7", "--scrape 7: must be a multiple of 5"), ("0", "0 is not in the range")],
)
def test_scrapes_within_a_window_are_refused(
    capsys: pytest.CaptureFixture[str], scrape: str, why: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", str(SCENARIO), "--scrape", scrape])
    assert ended.value.code
    assert why in capsys.readouterr().err
