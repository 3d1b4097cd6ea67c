"""What the services answer where they refuse."""

from __future__ import annotations

__all__ = [
    "NoProcess",
    "NotRehearsable",
    "RehearsalOver",
    "ServiceError",
    "not_implemented",
    "validation_error",
]


class ServiceError(Exception):
    """An error that a service returns: its code, its message, and its HTTP status.

    `details` are further members of the error's shape, such as `OriginalStatusCode`.
    """

    def __init__(self, code: str, message: str, status: int = 400, **details: object) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.details = code, message, status, details


class NotRehearsable(Exception):
    """A rehearsed script uses what has no meaning in simulated time; the text says what to do."""


class NoProcess(NotRehearsable, OSError):
    """It starts a program, which Python says by an `OSError` where there is none.

    So libraries that do without one, such as `platform` without `uname`, go on.
    """


class RehearsalOver(BaseException):
    """The simulated horizon has been reached: nothing can be asked for any more.

    No `Exception`, so that a script that catches whatever goes wrong does not go on for ever.
    """


def validation_error(message: str) -> ServiceError:
    """Input that a service does not accept, as `sagemaker` answers it."""
    return ServiceError("ValidationException", message)


def not_implemented(service: str, operation: str) -> ServiceError:
    """An operation that is not simulated: named, and never answered as if it were."""
    return ServiceError(
        "NotImplemented", f"simab does not simulate {operation} of {service}", status=501
    )
