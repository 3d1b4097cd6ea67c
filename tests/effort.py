"""How many examples Hypothesis tries for a slow test: a share of what the profile asks for."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]


def examples(share: float) -> settings:
    """So many times the examples of the profile: a thorough one tries more of every test.

    A number in `@settings(max_examples=...)` would be the same under each profile.
    """
    return settings(max_examples=max(round(share * settings.default.max_examples), 1))
