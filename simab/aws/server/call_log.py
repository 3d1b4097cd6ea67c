"""The calls that wanted to change something, the newest of them, with what was answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["CallLog"]

_KEPT: Final = 100
_NAMES: Final = (
    "EndpointName",
    "AlarmName",
    "ResourceId",
    "EndpointConfigName",
    "ModelName",
)
_READS: Final = ("Describe", "Get", "List", "Invoke")


class CallLog:
    """The newest calls; those that only read, and invocations, are left out."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def note(
        self, at_s: float, operation: str, parameters: Mapping[str, Any], refusal: str
    ) -> None:
        """Keep a call at an instant; `refusal` is empty where it was answered as asked."""
        if not operation.startswith(_READS):
            self._calls.append(
                {
                    "seconds": at_s,
                    "operation": operation,
                    "about": _about(parameters),
                    "refusal": refusal,
                }
            )

    def newest(self) -> list[dict[str, Any]]:
        """All that are kept, the newest last."""
        return list(self._calls)


def _about(parameters: Mapping[str, Any]) -> str:
    """What a call is about, and the weights and counts or the configuration that it asks for."""
    names = [str(parameters[name]) for name in _NAMES if parameters.get(name)]
    desired = parameters.get("DesiredWeightsAndCapacities")
    wanted = [_wanted(each) for each in desired] if isinstance(desired, list) else names[1:]
    about, asked = "".join(names[:1]), ", ".join(each for each in wanted if each)
    return f"{about}: {asked}"[:200] if asked else about[:200]


def _wanted(desired: Any) -> str:
    """A variant with the weight and the number of instances that it is to have."""
    if not isinstance(desired, Mapping):
        return ""
    words = [str(desired.get("VariantName", ""))]
    if "DesiredWeight" in desired:
        words.append(f"{desired['DesiredWeight']}".removesuffix(".0"))
    if "DesiredInstanceCount" in desired:
        words.append(f"on {desired['DesiredInstanceCount']} instances")
    return " ".join(words)
