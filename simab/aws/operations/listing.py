"""Lists of resources: filtered by name, sorted, and cut into pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simab.aws.errors import ServiceError, not_implemented, validation_error

__all__ = ["listing", "page"]

_PAGE: Final = 100
_LONGEST_TOKEN: Final = 12
_READ: Final = ("NameContains", "SortBy", "SortOrder", "MaxResults", "NextToken", "StatusEquals")


def listing(
    rows: Sequence[dict[str, Any]], kind: str, name: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """A page of rows, whose names stand under `name`; the newest first unless told otherwise."""
    for asked in parameters:
        if asked not in _READ:
            raise not_implemented("sagemaker", f"List{kind} by {asked}")
    found = [row for row in rows if parameters.get("NameContains", "") in row[name]]
    status = parameters.get("StatusEquals")
    if status is not None:
        found = [row for row in found if row["EndpointStatus"] == status]
    by_name = parameters.get("SortBy") == "Name"
    found.sort(key=lambda row: row[name] if by_name else row["CreationTime"])
    if parameters.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    return page(found, kind, parameters, parameters.get("MaxResults", _PAGE))


def page(
    rows: Sequence[dict[str, Any]],
    kind: str,
    parameters: Mapping[str, Any],
    most: int,
    error: ServiceError | None = None,
) -> dict[str, Any]:
    """So many rows from where NextToken says, and the token of the next page where there is one.

    Raises:
        ServiceError: the token is none of these; `error` if one is given.
    """
    token = parameters.get("NextToken") or "0"
    if not (token.isdecimal() and len(token) <= _LONGEST_TOKEN):
        raise error or validation_error("Invalid next token")
    first = int(token)
    found = {kind: [*rows[first : first + most]]}
    return found | ({"NextToken": str(first + most)} if first + most < len(rows) else {})
