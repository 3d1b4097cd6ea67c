"""Who decides: promotion policies, pure functions of what production would show."""

from simab.policies.actions import (
    Action,
    AddVariant,
    Conclude,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SessionAffinity,
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
    "Mirror",
    "Observation",
    "Policy",
    "PolicyDescription",
    "Promote",
    "Refusal",
    "RemoveVariant",
    "RollBack",
    "SessionAffinity",
    "SetInstances",
    "SetWeights",
]
