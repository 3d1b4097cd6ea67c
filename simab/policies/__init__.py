"""Who decides: promotion policies, pure functions of what production would show."""

from simab.policies.actions import (
    Action,
    AddVariant,
    Conclude,
    Deploy,
    Hold,
    HoldReason,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SessionAffinity,
    SetInstances,
    SetWeights,
)
from simab.policies.answers import Answers
from simab.policies.catalogue import PolicyDescription
from simab.policies.next_look import NextLook
from simab.policies.observation import (
    Assignments,
    EndpointStatus,
    MetricsView,
    Observation,
    Refusal,
)
from simab.policies.policy import Policy

__all__ = [
    "Action",
    "AddVariant",
    "Answers",
    "Assignments",
    "Conclude",
    "Deploy",
    "EndpointStatus",
    "Hold",
    "HoldReason",
    "MetricsView",
    "Mirror",
    "NextLook",
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
