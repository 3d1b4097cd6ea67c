"""Boto3 clients in this process whose calls are answered by an account in simulated time.

A call is caught by botocore's own `before-call` event, before it is signed or sent: nothing leaves
the process, no credentials are needed, and no call is repeated.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from simab.aws.account import Account
from simab.aws.answering import answered
from simab.aws.errors import ServiceError
from simab.aws.resources import REGION
from simab.errors import InvalidInput

try:
    import boto3
    import botocore.handlers
    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from botocore.response import StreamingBody
except ImportError as missing:
    raise InvalidInput(
        f"simab.aws needs boto3, which is not installed ({missing}); `pip install 'simab[aws]'` "
        "brings it"
    ) from None

__all__ = ["answered_by", "session_of"]

_SERVICES: Final = {
    "sagemaker": "sagemaker",
    "sagemaker-runtime": "sagemaker-runtime",
    "cloudwatch": "cloudwatch",
    "application-auto-scaling": "application-autoscaling",
}
"""By the name that a service has in botocore's events."""
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "simulated",
    "AWS_SECRET_ACCESS_KEY": "simulated",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_GIVEN: Final = "simab_parameters"


def session_of(account: Account) -> boto3.Session:
    """A boto3 session whose clients an account answers; without credentials of its own."""
    session = boto3.Session(
        aws_access_key_id="simulated", aws_secret_access_key="simulated", region_name=REGION
    )
    for event, handler in _handlers(account):
        session.events.register(event, handler)
    return session


@contextmanager
def answered_by(account: Account) -> Iterator[None]:
    """Within, an account answers the clients of all sessions that are made, as scripts make them.

    Botocore registers its list of built-in handlers with each new session, and boto3 makes its
    default session anew. Where the environment names no region or credentials it does so within,
    since clients look for them, at last on the network.
    """
    before, handlers = boto3.DEFAULT_SESSION, _handlers(account)
    with ExitStack() as undoing:
        undoing.callback(setattr, boto3, "DEFAULT_SESSION", before)
        boto3.DEFAULT_SESSION = None
        for name in _ENVIRONMENT.keys() - os.environ.keys():
            os.environ[name] = _ENVIRONMENT[name]
            undoing.callback(os.environ.pop, name, None)
        botocore.handlers.BUILTIN_HANDLERS.extend(handlers)
        for handler in handlers:
            undoing.callback(botocore.handlers.BUILTIN_HANDLERS.remove, handler)
        yield


def _handlers(account: Account) -> list[tuple[str, Callable[..., Any]]]:
    """What botocore calls at its events, so that an account answers in place of the services."""
    return [
        handler
        for event, service in _SERVICES.items()
        for handler in (
            (f"before-parameter-build.{event}", _keep_parameters),
            (f"before-call.{event}", _answering(account, service)),
        )
    ]


def _keep_parameters(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    """As the caller gave them: a call itself has them as they would be sent."""
    context[_GIVEN] = dict(params)


def _answering(account: Account, service: str) -> Callable[..., tuple[AWSResponse, dict[str, Any]]]:
    """What botocore asks before a call of a service is made, and takes the answer of."""

    def answer(
        model: OperationModel, context: Mapping[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        try:
            status, parsed = 200, answered(account, service, model, context[_GIVEN])
        except ServiceError as error:
            status, parsed = error.status, _error(error)
        request = account.next_request_id()
        parsed["ResponseMetadata"] = {
            "RequestId": request,
            "HTTPStatusCode": status,
            "HTTPHeaders": {"x-amzn-requestid": request},
            "RetryAttempts": 0,
        }
        body = parsed.get("Body")
        if isinstance(body, bytes):
            parsed["Body"] = StreamingBody(io.BytesIO(body), len(body))
        return AWSResponse("", status, {}, None), parsed

    return answer


def _error(error: ServiceError) -> dict[str, Any]:
    """An error as botocore's parsers give it: its further members stand beside it."""
    return {"Error": {"Code": error.code, "Message": error.message}, **error.details}
