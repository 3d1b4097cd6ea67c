"""What results call the policy of measured runs under which nobody moves the weights."""

from typing import Final

__all__ = ["HELD"]

HELD: Final = "weights held"
