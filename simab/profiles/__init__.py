"""What a variant is like: how long it takes (durations) and how good its answers are (quality)."""

from simab.profiles.by_size import BySize
from simab.profiles.durations import Distribution, DurationProfile
from simab.profiles.quality import OutcomeTable, QualityProfile
from simab.profiles.quantile_table import QuantileTable
from simab.profiles.truth import Truth, truth_of

__all__ = [
    "BySize",
    "Distribution",
    "DurationProfile",
    "OutcomeTable",
    "QualityProfile",
    "QuantileTable",
    "Truth",
    "truth_of",
]
