"""The Hodges-Lehmann estimate that Kayenta's tolerance is a quarter of keeps the correction."""

from __future__ import annotations

import pytest

from simab.policies.kayenta.classifier import Classification, classify


def test_the_estimate_is_the_published_one_to_all_digits() -> None:
    """Posted in spinnaker/spinnaker#6278 as Kayenta's own output; without the correction it is
    98.99992786.

    MannWhitney.scala finds the estimate and both ends of the interval by one function, which
    corrects for continuity; R leaves the correction out of the estimate.
    """
    verdict = classify([100.0] * 7 + [1.0] * 3, [1.0] * 10)
    assert verdict.estimate == pytest.approx(98.99992904170193, rel=1e-12)
    assert verdict.classification is Classification.PASS
