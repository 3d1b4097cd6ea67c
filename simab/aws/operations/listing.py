"""Lists of resources: filtered by name, sorted, and cut into pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simab.aws.errors import not_implemented, validation_error

__all__ = ["listing"]

_PAGE: Final = 100
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
    token = parameters.get("NextToken", "0")
    if not token.isdecimal():
        raise validation_error("Invalid next token")
    first, count = int(token), parameters.get("MaxResults", _PAGE)
    page = {kind: found[first : first + count]}
    more = first + count < len(found)
    return page | ({"NextToken": str(first + count)} if more else {})
