"""What theory says of a rule in a scenario before it is played: how often it promotes.

Nothing is said of a rule or a scenario for which the theory at hand does not hold.
"""

from simab.expected.promotion import Expected, expected_promotion

__all__ = ["Expected", "expected_promotion"]
