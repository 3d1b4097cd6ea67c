"""What a routing rule is and promises, as its summary needs to know it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RuleStudied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStudied:
    """What a rule is and promises: clients or requests, and whether it keeps clients on purpose.

    With `by_session` it assigns sessions, which stand in the place of clients.
    `independent`: each unit is drawn by itself, so that the law of chance holds; in turn it is not.
    """

    name: str
    title: str
    by_client: bool
    by_session: bool
    keeps: bool
    independent: bool
    variants: tuple[str, ...]
    candidate: str
    groups: tuple[str, ...]
    horizon_s: float
    tolerance: float
