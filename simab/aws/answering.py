"""What an account answers to a call, however it came: checked as the platform does, then done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simab.aws.account import Account
from simab.aws.checks.constraints import check_input
from simab.aws.operations import respond

if TYPE_CHECKING:
    from botocore.model import OperationModel

__all__ = ["answered"]


def answered(
    account: Account, service: str, model: OperationModel, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The response to an operation, in the shape of its service model.

    Raises:
        ServiceError: the service refuses, or the operation is not simulated.
    """
    check_input(model, parameters)
    return respond(account, service, model.name, parameters)
