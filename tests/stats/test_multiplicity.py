"""Adjusted p-values: statsmodels, a published example, NaN, the error rate they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from simab.errors import InvalidInput
from simab.stats.multiplicity import holm


@given(p_values=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_statsmodels_agrees(p_values: list[float]) -> None:
    """Value by value with multipletests, ties and zeros included."""
    with pytest.MonkeyPatch.context() as patch:
        # It collects garbage at each call, which takes a second among all that the tests hold.
        patch.setattr("gc.collect", lambda: 0)
        expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_the_example_of_the_paper() -> None:
    """Benjamini and Hochberg 1995, section 3.2: of 15 tests Holm rejects 3 at .05."""
    p_values = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    assert (holm(p_values) <= 0.05).sum() == 3


def test_an_undefined_test_counts_but_never_rejects() -> None:
    """NaN stays NaN; the others are adjusted as if it had p = 1."""
    adjusted = holm([0.01, np.nan, 0.04, 0.02])
    assert np.isnan(adjusted[1])
    assert adjusted[[0, 2, 3]] == pytest.approx(holm([0.01, 1.0, 0.04, 0.02])[[0, 2, 3]])


def test_nothing_gives_nothing() -> None:
    """No tests, no p-values."""
    assert holm([]).size == 0


def test_the_family_error_is_held() -> None:
    """20,000 families of 6 tests that depend on each other: any rejection in at most 5 %.

    4 standard errors are allowed; without adjustment it would be some 20 %.
    """
    random = np.random.default_rng(4)
    z = 0.6 * random.normal(size=(20_000, 1)) + 0.8 * random.normal(size=(20_000, 6))
    from scipy.stats import norm

    p_values = 2 * norm.sf(np.abs(z))
    rejected = np.mean([(holm(row) <= 0.05).any() for row in p_values])
    assert rejected <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 20_000)
    assert (p_values <= 0.05).any(axis=1).mean() > 0.15


def test_bad_p_values_are_refused() -> None:
    """What is not a probability, or has another shape."""
    with pytest.raises(InvalidInput, match=r"p_values\[1\] = 1\.2"):
        holm([0.1, 1.2])
    with pytest.raises(InvalidInput, match=r"p_values has shape \(1, 2\)"):
        holm([[0.1, 0.2]])
