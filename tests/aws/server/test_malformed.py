"""Requests that no client of AWS would send get an error in the shape of their protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.aws.server.asking import JSON, Answer, Server
from tests.aws.server.error_shapes import json_error, query_error, rest_error

DESCRIBE = "SageMaker.DescribeEndpoint"
READ = "GraniteServiceVersion20100801.GetMetricStatistics"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all, which has to answer rightly after each."""
    with ExitStack() as stack:
        yield Server(stack)


@pytest.fixture(autouse=True)
def goes_on(server: Server) -> Iterator[None]:
    """What was wrong changes nothing."""
    yield
    assert server.call(DESCRIBE, {"EndpointName": "e"}).data["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nothing",
        b'{"EndpointName": "e"} and more',
        b'{"EndpointName": NaN}',
        b'{"EndpointName": Infinity}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b'{"EndpointName": "\xc3\x28"}',
        b'{"EndpointName": "e',
        b"\x00",
        b'{"EndpointName": ' + b"9" * 5_000 + b"}",
        b"[]",
        b"null",
        b'"e"',
        b'{"EndpointName": {}}',
        b'{"EndpointName": 1e999}',
        b'{"EndpointName": true}',
        b'{"EndpointName": ["e"]}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_cannot_be_read_is_a_serialization_error(server: Server, body: bytes) -> None:
    status, code, message = json_error(server.call(DESCRIBE, body))
    assert (status, code) == (400, "SerializationException")
    assert message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "'endpointName' failed to satisfy constraint: Member must not be null"),
        (b'{"EndpointName": null}', "Member must not be null"),
        (b'{"EndpointName": "\\ud800"}', "regular expression pattern"),
        (b'{"EndpointName": "\\u0000"}', "regular expression pattern"),
        (b'{"EndpointName": ""}', "Member must"),
        (json.dumps({"EndpointName": "e" * 10_000}).encode(), "length less than or equal to 63"),
        (b'{"EndpointName": "another"}', "Could not find endpoint"),
    ],
    ids=lambda each: repr(each[:30]),
)
def test_what_breaks_a_constraint_is_refused_in_the_platforms_words(
    server: Server, body: bytes, expected: str
) -> None:
    status, code, message = json_error(server.call(DESCRIBE, body))
    assert (status, code) == (400, "ValidationException")
    assert expected in message


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("SageMaker.MakeCoffee", 400, "UnknownOperationException"),
        ("SageMaker.", 400, "UnknownOperationException"),
        ("SageMaker", 400, "UnknownOperationException"),
        ("", 400, "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", 400, "UnknownOperationException"),
        ("SageMaker.InvokeEndpoint", 400, "UnknownOperationException"),
        ("SageMaker.DescribeEndpoint.More", 400, "UnknownOperationException"),
        ("SageMaker.CreateTrainingJob", 400, "ValidationException"),
        ("SageMaker.ListTrainingJobs", 501, "NotImplemented"),
        ("\xe9\xff", 400, "UnknownOperationException"),
    ],
)
def test_an_operation_that_is_not_there_is_named(
    server: Server, target: str, status: int, code: str
) -> None:
    found = json_error(server.call(target, {}))
    assert found[:2] == (status, code)
    if code != "ValidationException":
        assert target.partition(".")[2].partition(".")[0][:4] in found[2]


def test_the_json_that_is_asked_is_the_json_that_answers(server: Server) -> None:
    """And no browser takes it for anything else."""
    for version in ("1.0", "1.1"):
        kind = f"application/x-amz-json-{version}"
        for target, body in ((READ, b"{"), (DESCRIBE, b'{"EndpointName": "e"}')):
            headers = server.call(target, body, Content_Type=kind).headers
            assert headers["content-type"] == kind
            assert headers["x-content-type-options"] == "nosniff"


def test_errors_of_cloudwatch_say_in_query_mode_what_the_query_protocol_would(
    server: Server,
) -> None:
    """By this header SDKs that moved from the query protocol keep the codes of its errors."""
    asked = {"Content_Type": "application/x-amz-json-1.0", "x_amzn_query_mode": "true"}
    answer = server.call(READ, {"Namespace": "AWS/SageMaker"}, **asked)
    assert answer.headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert "x-amzn-query-error" not in server.call(READ, {}).headers


@pytest.mark.parametrize("date", ["'yesterday'", "1e300", "-1e300", "{}", "true", "[]", "9" * 400])
def test_a_date_that_is_none_is_refused(server: Server, date: str) -> None:
    text = date.replace("'", '"')
    body = f'{{"Namespace": "N", "MetricName": "M", "StartTime": {text}, "EndTime": 0}}'
    assert json_error(server.call(READ, body.encode()))[:2] == (400, "SerializationException")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "MissingAction"),
        (b"Version=2010-08-01", 400, "MissingAction"),
        (b"Action=MakeCoffee&Version=2010-08-01", 400, "InvalidAction"),
        (b"Action=DescribeEndpoint&Version=2010-08-01", 400, "InvalidAction"),
        (b"Action=ListMetrics&Version=2006-01-01", 400, "InvalidAction"),
        (b"Action=GetCallerIdentity&Version=2011-06-15", 400, "InvalidAction"),
        (b"Action=ListDashboards&Version=2010-08-01", 501, "NotImplemented"),
        (b"Action=ListMetrics&Namespace=\xff", 400, "MalformedQueryString"),
        (b"Action=ListMetrics&Namespace=%ff", 400, "MalformedQueryString"),
        (b"&".join(b"a%d=1" % n for n in range(10_001)), 400, "MalformedQueryString"),
        (b"Action=ListMetrics&Dimensions=1", 400, "MalformedInput"),
        (b"Action=ListMetrics&Dimensions.1.Name=a", 400, "MalformedInput"),
        (b"Action=ListMetrics&Dimensions.member.x.Name=a", 400, "MalformedInput"),
        (b"Action=ListMetrics&Dimensions.member.1=a", 400, "MalformedInput"),
        (b"Action=ListMetrics&Namespace.member.1=a", 400, "MalformedInput"),
        (b"Action=ListMetrics&Namespace=a&Namespace.b=c", 400, "MalformedInput"),
        (b"Action=ListMetrics&a.b=c&a=1", 400, "MalformedInput"),
        (b"Action=ListMetrics&" + b"a." * 40 + b"a=1", 400, "MalformedInput"),
        (b"Action=ListMetrics&Namespace=%00%1b&Namespace=:", 400, "InvalidParameterValue"),
        (b"Action=GetMetricStatistics&Period=1_0", 400, "MalformedInput"),
        (b"Action=GetMetricStatistics&Period=" + b"9" * 30, 400, "MalformedInput"),
        (b"Action=GetMetricStatistics&StartTime=now", 400, "SerializationException"),
        (b"Action=PutMetricAlarm&Threshold=nan", 400, "MalformedInput"),
        (b"Action=PutMetricAlarm&Threshold=1e999", 400, "MalformedInput"),
        (b"Action=PutMetricAlarm&ActionsEnabled=yes", 400, "MalformedInput"),
        (b"Action=GetMetricStatistics", 400, "MissingParameter"),
    ],
    ids=lambda each: repr(each[:50]) if isinstance(each, bytes) else str(each),
)
def test_a_form_that_is_wrong_is_refused_in_xml(
    server: Server, body: bytes, status: int, code: str
) -> None:
    assert query_error(server.form(body))[:2] == (status, code)


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("z", {}, 400, "ValidationError"),
        ("a_b", {}, 400, "ValidationError"),
        ("%2F", {}, 400, "ValidationError"),
        ("%ff", {}, 400, "ValidationError"),
        ("e%00", {}, 400, "ValidationError"),
        ("e" * 5_000, {}, 400, "ValidationError"),
        ("e", {"X_Amzn_SageMaker_Target_Variant": "z"}, 400, "ValidationError"),
        ("e", {"X_Amzn_SageMaker_Target_Variant": "a b\xe9"}, 400, "ValidationError"),
        ("e", {"X_Amzn_SageMaker_Inference_Id": "x" * 65}, 400, "ValidationError"),
        ("e", {"X_Amzn_SageMaker_Custom_Attributes": "x" * 1_025}, 400, "ValidationError"),
    ],
)
def test_an_invocation_that_is_wrong_is_refused_by_rest(
    server: Server, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    assert rest_error(server.invoke(path=path, **headers))[:2] == (status, code)


def test_a_payload_has_a_limit(server: Server) -> None:
    """6 MiB are taken, a byte more is refused, and so is what is longer than any request."""
    assert server.invoke(b"x" * 6_291_456).status == 200
    assert rest_error(server.invoke(b"x" * 6_291_457))[:2] == (400, "ValidationError")
    assert rest_error(server.invoke(b"x" * (9 << 20)))[:2] == (413, "RequestEntityTooLarge")
    assert json_error(server.call(DESCRIBE, b" " * (9 << 20)))[0] == 413
    assert query_error(server.form(b"a=" + b"x" * (9 << 20)))[0] == 413


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/", 404, "UnknownOperationException"),
        ("PUT", "/", 404, "UnknownOperationException"),
        ("OPTIONS", "/", 404, "UnknownOperationException"),
        ("BREW", "/", 404, "UnknownOperationException"),
        ("GET", "/bucket/key", 404, "UnknownOperationException"),
        ("POST", "//", 404, "UnknownOperationException"),
        ("POST", "/_simab/", 404, "UnknownOperationException"),
        ("POST", "/_simab/state", 405, "MethodNotAllowed"),
        ("GET", "/_simab/advance", 405, "MethodNotAllowed"),
        ("GET", "/_simab/../_simab/state", 404, "UnknownOperationException"),
        ("GET", "/endpoints/e/invocations", 405, "MethodNotAllowed"),
        ("POST", "/endpoints/e", 404, "UnknownOperationException"),
        ("POST", "/endpoints//invocations", 404, "UnknownOperationException"),
        ("POST", "/endpoints/e/invocations/", 404, "UnknownOperationException"),
        ("POST", "/endpoints/e/async-invocations", 501, "NotImplemented"),
        ("POST", "/endpoints/e/invocations-response-stream", 501, "NotImplemented"),
    ],
)
def test_where_nothing_is_served_json_says_so_and_rest_beside_invocations(
    server: Server, method: str, path: str, status: int, code: str
) -> None:
    shape = rest_error if path.startswith("/endpoints/") else json_error
    assert shape(server.ask(method, path))[:2] == (status, code)


def test_the_control_path_answers_in_json_whatever_curl_calls_its_body(server: Server) -> None:
    """`curl -d` calls what it sends a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b'{"seconds": -1}', b"x" * (9 << 20)):
        answer = server.ask("POST", "/_simab/advance", body, form)
        assert json_error(answer)[0] in (400, 413)
    foreign = form | {"Origin": "http://evil.example"}
    assert json_error(server.ask("POST", "/_simab/advance", b"{}", foreign))[0] == 403


def test_cbor_is_refused_in_cbor(server: Server) -> None:
    """A map of two texts, by RFC 8949: 0xa2, and texts of less than 24 or less than 64 KiB."""
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    answer = server.ask("POST", path, b"\xa0", {"smithy-protocol": "rpc-v2-cbor"})
    assert (answer.status, answer.headers["smithy-protocol"]) == (501, "rpc-v2-cbor")
    assert answer.body.startswith(b"\xa2\x66__type\x6eNotImplemented\x67message\x79\x00")
    assert answer.body.endswith(b"in JSON or by the query protocol.")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:4599"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Host": "127.0.0.1:port"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "https://127.0.0.1:{port}"},
    ],
    ids=str,
)
def test_another_host_or_origin_is_not_answered(server: Server, headers: dict[str, str]) -> None:
    """A page of somebody else's cannot read or move the world, whatever name it comes by."""
    before = server.state()["now"]
    given = {name: value.format(port=server.port) for name, value in headers.items()}
    for method, path in (("GET", "/"), ("GET", "/_simab/state"), ("POST", "/_simab/advance")):
        answer = server.ask(method, path, b'{"seconds": 60}', given)
        assert json_error(answer)[:2] == (403, "AccessDeniedException")
    kind = {"Content-Type": JSON, "X-Amz-Target": DESCRIBE}
    assert server.ask("POST", "/", b"{}", kind | given).status == 403
    assert server.state()["now"] == before


def test_the_own_page_may_ask(server: Server) -> None:
    for host in ("127.0.0.1", "localhost"):
        place = f"{host}:{server.port}"
        asked = {"Host": place, "Origin": f"http://{place}", "Sec-Fetch-Site": "same-origin"}
        assert server.ask("GET", "/_simab/state", headers=asked).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nothing_is_loaded_for_another_site(server: Server, site: str) -> None:
    """Such as an image of which the address is a query: it comes without an Origin."""
    query = "/api/v1/query?query=time()"
    for path in (query, "/_simab/state", "/", "/bucket/key"):
        loaded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert server.ask("GET", path, headers=loaded).status == 403
    followed = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask("GET", query, headers=followed).status == 403
    framed = followed | {"Sec-Fetch-Dest": "iframe"}
    assert server.ask("GET", "/", headers=framed).status == 403
    assert server.ask("GET", "/", headers=followed).status == 200  # a link to the live page
    typed = {"Sec-Fetch-Site": "none"}
    assert server.ask("GET", query, headers=typed).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"60",
        b"[60]",
        b'{"seconds": "60"}',
        b'{"seconds": -1}',
        b'{"seconds": true}',
        b'{"seconds": null}',
        b'{"seconds": NaN}',
        b'{"seconds": 1e999}',
        b'{"seconds": 1' + b"0" * 400 + b"}",
        b'{"seconds": 60, "minutes": 1}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_time_passes_by_a_number_of_seconds_alone(server: Server, body: bytes) -> None:
    before = server.state()["seconds"]
    status, code, message = json_error(server.ask("POST", "/_simab/advance", body))
    assert (status, code) == (400, "ValidationException")
    assert '{"seconds": 60}' in message
    assert server.state()["seconds"] == before


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET \xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda sent: repr(sent[:40]),
)
def test_what_is_not_http_is_a_bad_request(server: Server, sent: bytes) -> None:
    """The protocol's own 400, since no client of AWS is there that could read another."""
    received = server.raw(sent)
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    assert b"Traceback" not in received


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST / HT",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_a_client_that_goes_in_the_middle_is_not_missed(server: Server, sent: bytes) -> None:
    assert server.raw(sent) in (b"",) or b"400" in server.raw(sent)


def test_a_bug_is_named_as_one_and_shows_nothing_of_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 in the shape of each protocol; the traceback is in the log alone."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a secret of the code")

    with monkeypatch.context() as patch:
        patch.setattr("simab.aws.answering.respond", broken)
        patch.setattr("simab.aws.server.clock.state_of", broken)
        answers = {
            json_error: server.call(DESCRIBE, {"EndpointName": "e"}),
            query_error: server.form(b"Action=ListMetrics"),
            rest_error: server.invoke(),
        }
        found = [shape(answer) for shape, answer in answers.items()]
        found.append(json_error(server.ask("GET", "/_simab/state")))
    message = "This is a bug in simab; the log of the server says where it is."
    assert found == [(500, "InternalFailure", message)] * 4
    assert caplog.text.count("KeyError: 'a secret of the code'") == 4


def test_a_header_that_cannot_be_written_is_a_bug_in_the_shape_of_the_protocol(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No bare 500 and no header of somebody else's, whatever a response holds."""
    from simab.aws.server import app

    for value in ("模型", "a\r\nSet-Cookie: b=c", "a\x00b"):
        with monkeypatch.context() as patch:
            found = app.HttpResponse(200, {"x-odd": value}, b"")
            patch.setattr(app, "response_of", lambda *_, found=found: found)
            answer = server.invoke()
        assert rest_error(answer)[:2] == (500, "InternalFailure")
        assert "set-cookie" not in answer.headers
        assert "header x-odd cannot be written" in caplog.text
        caplog.clear()


def test_with_a_token_nothing_is_answered_without_it(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the shape of the protocol, and at no path but its own."""
    from simab.aws.server import app
    from simab.aws.server.welcome import Welcome

    application = app.application
    welcome = Welcome(frozenset({"127.0.0.1"}), "secret")
    monkeypatch.setattr(
        "simab.aws.server.listening.application", lambda served, _: application(served, welcome)
    )
    server = serve()
    headers = {"Content-Type": JSON, "X-Amz-Target": DESCRIBE}
    body = b'{"EndpointName": "e"}'

    def ask(path: str) -> Answer:
        return server.ask("POST", path, body, headers)

    assert ask("/secret/").data["EndpointName"] == "e"
    assert ask("/secret").data["EndpointName"] == "e"
    for path in ("/", "/secret2/", "/secre/", "//secret/", "/x/secret/", "/%73ecret/", "/%ff/"):
        assert json_error(ask(path))[:2] == (403, "UnrecognizedClientException")
    for path in ("/_simab/state", "/"):
        assert json_error(server.ask("GET", path))[0] == 403
        assert server.ask("GET", f"/secret{path}").status == 200
    assert rest_error(server.invoke())[0] == 403
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert query_error(server.ask("POST", "/", b"Action=ListMetrics", form))[0] == 403
    assert b"secret" not in server.ask("GET", "/secret/_simab/state").body
