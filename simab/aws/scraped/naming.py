"""What the families are called, and their labels: simab's own, and those of meshes and an ingress.

A variant is what a mesh calls a workload and a service, and what an ingress controller calls an
ingress. Buckets are those that each of them has by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simab.prometheus.expressions import number_text

__all__ = ["BOUND", "CODES", "NAMINGS", "Histogram", "Naming", "bound_text"]

BOUND: Final = "le"
CODES: Final = ("200", "500", "503")
"""Answered, an error of the model, a full queue."""

_OWN_STEPS: Final = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_OWN_S: Final = (*(step * ten for ten in (1e-3, 1e-2, 0.1, 1, 10) for step in _OWN_STEPS), 100)
_ENVOY_MS: Final = (
    *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000),
    *(300_000, 600_000, 1_800_000, 3_600_000),
)
_LINKERD_MS: Final = (
    *(1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500),
    *(1_000, 2_000, 3_000, 4_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000),
)
_CLIENT_LIBRARIES_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Histogram:
    """A family of latencies: `name`_bucket, _sum and _count, in units of `unit_ns`.

    Without `bounds` it is a summary: `name`_sum and _count.
    """

    name: str
    unit_ns: int
    bounds: tuple[float, ...] = ()

    @property
    def bounds_ns(self) -> tuple[int, ...]:
        """The bounds in ns."""
        return tuple(round(each * self.unit_ns) for each in self.bounds)


@dataclass(frozen=True, slots=True)
class Naming:
    """The families of one exporter.

    `templates` are the label sets that a variant has, with {endpoint}, {variant}, {namespace} and
    {canary} to fill in, and what is empty is left out; `coded` gives the further labels of
    `requests` by the code of the response.
    """

    requests: str
    templates: tuple[Mapping[str, str], ...]
    coded: Callable[[str], Mapping[str, str]]
    histograms: tuple[Histogram, ...]

    def places(
        self, endpoint: str, variant: str, namespace: str, *, is_control: bool
    ) -> Iterator[Mapping[str, str]]:
        """The label sets of a variant; of the control no ingress is a canary."""
        canary = "" if is_control else f"{namespace}-{variant}-80"
        filled = {
            "endpoint": endpoint,
            "variant": variant,
            "namespace": namespace,
            "canary": canary,
        }
        for template in self.templates:
            labels = {label: value.format(**filled) for label, value in template.items()}
            yield {label: value for label, value in labels.items() if value}


def bound_text(bound: float) -> str:
    """A bound as the label `le` has it."""
    return number_text(float(f"{bound:.12g}"))


_SERVICE: Final = {
    "destination_workload": "{variant}",
    "destination_workload_namespace": "{namespace}",
    "destination_service": "{variant}.{namespace}.svc.cluster.local",
    "destination_service_name": "{variant}",
    "destination_service_namespace": "{namespace}",
}


def _classified(code: str) -> Mapping[str, str]:
    return {"status_code": code, "classification": "success" if code < "500" else "failure"}


_MS: Final = 10**6
_S: Final = 10**9
_NGINX: Final = "nginx_ingress_controller"
NAMINGS: Final = (
    Naming(
        "simab_requests_total",
        ({"endpoint": "{endpoint}", "variant": "{variant}"},),
        lambda code: {"code": code},
        (Histogram("simab_request_duration_seconds", _S, _OWN_S),),
    ),
    Naming(
        "istio_requests_total",
        ({"reporter": "destination", **_SERVICE}, {"reporter": "source", **_SERVICE}),
        lambda code: {"response_code": code},
        (Histogram("istio_request_duration_milliseconds", _MS, _ENVOY_MS),),
    ),
    Naming(
        "response_total",
        ({"direction": "inbound", "namespace": "{namespace}", "deployment": "{variant}"},),
        _classified,
        (Histogram("response_latency_ms", _MS, _LINKERD_MS),),
    ),
    Naming(
        f"{_NGINX}_requests",
        (
            {
                "namespace": "{namespace}",
                "ingress": "{variant}",
                "service": "{variant}",
                "canary": "{canary}",
            },
        ),
        lambda code: {"status": code},
        (
            Histogram(
                "nginx_ingress_controller_response_duration_seconds", _S, _CLIENT_LIBRARIES_S
            ),
            Histogram("nginx_ingress_controller_ingress_upstream_latency_seconds", _S),
        ),
    ),
)
