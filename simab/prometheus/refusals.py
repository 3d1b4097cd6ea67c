"""Queries that are not answered: why, in the words and codes of Prometheus's HTTP interface."""

from __future__ import annotations

from simab.errors import SimabError

__all__ = ["QueryRefused", "bad_data", "not_executed", "timed_out"]


class QueryRefused(SimabError):
    """A query that is not answered, with its HTTP status and Prometheus's kind of error."""

    def __init__(self, message: str, *, status: int, kind: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def bad_data(message: str) -> QueryRefused:
    """A parameter or an expression cannot be read, or is not part of the subset."""
    return QueryRefused(message, status=400, kind="bad_data")


def not_executed(message: str) -> QueryRefused:
    """An expression can be read, and has no result here."""
    return QueryRefused(message, status=422, kind="execution")


def timed_out(message: str) -> QueryRefused:
    """An expression takes too long."""
    return QueryRefused(message, status=503, kind="timeout")
