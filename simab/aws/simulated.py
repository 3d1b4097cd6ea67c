"""The one context that a script needs: its clients, its clock and its sleep are an account's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from simab.aws.account import Account
from simab.aws.in_process import answered_by
from simab.aws.scripts.simulated_time import simulated_time

__all__ = ["simulated"]


@contextmanager
def simulated(account: Account) -> Iterator[Account]:
    """Let code within live in an account: boto3's clients, `time` and `datetime` are its own.

    Clients have to be made within, by boto3's default session (`boto3.client`). The world that an
    endpoint of the account serves in ends with `RehearsalOver` at the scenario's horizon, which
    passes through `except Exception`.
    """
    with answered_by(account), simulated_time(account.timeline):
        yield account
