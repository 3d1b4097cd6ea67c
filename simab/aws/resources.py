"""What an account holds: models, endpoint configurations and endpoints, as they were created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["ACCOUNT_ID", "REGION", "EndpointConfig", "Model", "ProductionVariant", "arn"]

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


def arn(kind: str, name: str) -> str:
    """The name of a resource as the service returns it: in lower case."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:{kind}/{name.lower()}"


@dataclass(frozen=True, slots=True)
class Model:
    """A model as it was created; `given` are the parameters of CreateModel."""

    name: str
    created: datetime
    given: Mapping[str, Any]

    @property
    def image(self) -> str:
        """Its container image, that of the first container where there are several."""
        containers = self.given.get("Containers") or [self.given.get("PrimaryContainer") or {}]
        return str(containers[0].get("Image", ""))


@dataclass(frozen=True, slots=True)
class ProductionVariant:
    """A variant of a configuration; `given` is its part of the parameters."""

    name: str
    model: str
    weight: float
    instances: int
    given: Mapping[str, Any]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ProductionVariant:
        """From a ProductionVariant of CreateEndpointConfig; the weight is 1 unless given."""
        return cls(
            given["VariantName"],
            given.get("ModelName", ""),
            float(given.get("InitialVariantWeight", 1.0)),
            int(given.get("InitialInstanceCount", 1)),
            given,
        )


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """An endpoint configuration as it was created."""

    name: str
    created: datetime
    variants: tuple[ProductionVariant, ...]
    shadows: tuple[ProductionVariant, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
