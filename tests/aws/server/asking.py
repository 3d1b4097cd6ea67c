"""What asks a served account: boto3's clients over HTTP, requests by hand, bytes on a socket."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import ExitStack, closing
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.model import OperationModel

from simab.aws import Account
from simab.aws.checks.constraints import check_output
from simab.aws.errors import RehearsalOver
from simab.aws.server.listening import served
from tests.aws.conftest import Platform
from tests.aws.test_endpoints import served as three_models

__all__ = ["Answer", "HttpPlatform", "OverQuery", "Server", "client_of"]

JSON = "application/x-amz-json-1.1"


class Answer(NamedTuple):
    """What came back: status, headers by lower-case name, and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        return self.headers.get("x-amzn-errortype", "")


class Server:
    """An account that is served, and requests to it by hand."""

    def __init__(self, stack: ExitStack, account: Account | None = None, **named: Any) -> None:
        self.account = account or Account(three_models())
        if account is None:
            self.account.put_in_service("e")
        self.url = stack.enter_context(served(self.account, **named))
        self.port = urlsplit(self.url).port or 0

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def call(self, target: str, body: bytes | dict[str, Any], **headers: str) -> Answer:
        """A call in JSON; `target` is SERVICE.Operation as X-Amz-Target has it."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(
            "POST", "/", content, {"Content-Type": JSON, "X-Amz-Target": target, **named}
        )

    def form(self, body: bytes) -> Answer:
        """A call by the query protocol."""
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self.ask("POST", "/", body, {"Content-Type": kind})

    def invoke(self, body: bytes = b"1,2", path: str = "e", **headers: str) -> Answer:
        """InvokeEndpoint."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", f"/endpoints/{path}/invocations", body, named)

    def advance(self, seconds: Any) -> Answer:
        """Let simulated time pass."""
        return self.ask("POST", "/_simab/advance", json.dumps({"seconds": seconds}).encode())

    def state(self) -> Any:
        """The truth."""
        return self.ask("GET", "/_simab/state").data

    def raw(self, sent: bytes) -> bytes:
        """What comes back to some bytes, after which nothing more is sent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65_536), b""))
            except OSError:  # it was closed while there was still something to send
                return b""


@cache
def _session(query: bool) -> boto3.Session:
    """One for all clients, since it takes long to make; it reads service models once."""
    session = botocore.session.Session()
    if query:
        loader = session.get_component("data_loader")
        load = loader.load_service_model

        def older(name: str, *given: Any, **named: Any) -> Any:
            model = load(name, *given, **named)
            if name == "cloudwatch" and "metadata" in model:
                metadata = {**model["metadata"], "protocol": "query", "protocols": ["query"]}
                metadata.pop("awsQueryCompatible", None)
                model = {**model, "metadata": metadata}
            return model

        loader.load_service_model = older
    return boto3.Session(
        aws_access_key_id="simulated",
        aws_secret_access_key="simulated",
        region_name="us-east-1",
        botocore_session=session,
    )


def client_of(service: str, url: str, *, query: bool = False) -> Any:
    """A client of boto3 that asks an address, and whose answers have to fit the service model.

    With `query` it speaks as botocore did up to 1.41, whose CloudWatch had no other protocol.
    """
    config = Config(retries={"total_max_attempts": 1})
    client = _session(query).client(service, endpoint_url=url, config=config)
    client.meta.events.register("after-call", _fits)
    return client


def _fits(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
    if http_response.status_code < 300:
        check_output(model, parsed)


class HttpPlatform(Platform):
    """A platform whose clients ask over HTTP, and whose time is moved by the control path."""

    query = False

    def __init__(self, stack: ExitStack, scenario: Any, **arguments: Any) -> None:
        self.account = Account(scenario, **arguments)
        self.server = Server(stack, self.account)
        self.sagemaker, self.runtime, self.cloudwatch, self.scaling = (
            stack.enter_context(closing(client_of(service, self.server.url, query=self.query)))
            for service in (
                "sagemaker",
                "sagemaker-runtime",
                "cloudwatch",
                "application-autoscaling",
            )
        )

    def sleep(self, seconds: float) -> None:
        answer = self.server.advance(seconds)
        if answer.status == 503:
            raise RehearsalOver(answer.data["message"])
        assert answer.status == 200, answer.body


class OverQuery(HttpPlatform):
    """As clients up to botocore 1.41 ask CloudWatch."""

    query = True
