"""Who decides: promotion policies, pure functions of what production would show."""

from simab.policies.actions import (
    Action,
    AddVariant,
    Conclude,
    Promote,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.policies.catalogue import PolicyDescription
from simab.policies.observation import EndpointStatus, MetricsView, Observation, Refusal
from simab.policies.policy import Policy

__all__ = [
    "Action",
    "AddVariant",
    "Conclude",
    "EndpointStatus",
    "MetricsView",
    "Observation",
    "Policy",
    "PolicyDescription",
    "Promote",
    "Refusal",
    "RemoveVariant",
    "RollBack",
    "SetInstances",
    "SetWeights",
]
