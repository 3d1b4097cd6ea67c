"""What is read of botocore's model of a service: the shapes of its operations.

The model itself is botocore's; these are the few members of it that simab looks at, so that the
modules that check a request or a response need not load botocore.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

__all__ = ["COLLECTIONS", "OperationModel", "ServiceModel", "Shape"]

COLLECTIONS = frozenset({"structure", "list", "map"})


class Shape(Protocol):
    """A type of the model, as `botocore.model.Shape` and its subclasses describe it.

    `members` and `required_members` are there for a structure, `member` for a list, `key` and
    `value` for a map.
    """

    @property
    def type_name(self) -> str:
        """`structure`, `list`, `map`, or the name of a type without members."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its constraints: `min`, `max`, `pattern`, `enum`, `sensitive`."""

    @property
    def members(self) -> Mapping[str, Shape]:
        """The members of a structure by name."""

    @property
    def required_members(self) -> Sequence[str]:
        """Those that have to be given."""

    @property
    def member(self) -> Shape:
        """What a list holds."""

    @property
    def key(self) -> Shape:
        """What the keys of a map are."""

    @property
    def value(self) -> Shape:
        """What a map holds."""


class ServiceModel(Protocol):
    """As `botocore.model.ServiceModel`."""

    @property
    def service_name(self) -> str:
        """The name that a client is made by, such as `sagemaker-runtime`."""


class OperationModel(Protocol):
    """As `botocore.model.OperationModel`."""

    @property
    def name(self) -> str:
        """Such as `CreateEndpoint`."""

    @property
    def service_model(self) -> ServiceModel:
        """The service it belongs to."""

    @property
    def input_shape(self) -> Shape | None:
        """What a request holds; nothing for some operations."""

    @property
    def output_shape(self) -> Shape | None:
        """What a response holds; nothing for some operations."""
