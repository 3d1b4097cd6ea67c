"""Hypothesis strategies for what a policy may ask for, sensible or not."""

from __future__ import annotations

from hypothesis import strategies as st

from simab.policies import (
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

__all__ = ["ACTIONS", "BY_WEIGHT", "WEIGHTS"]

WEIGHTS = st.sampled_from([0.0, 0.0, 0.0, 1.0, 1.0, 3.0, 1e-9, 1e9]) | st.floats(0, 100)
WRONG_WEIGHTS = st.sampled_from([float("nan"), float("inf"), -1.0])
NAMES = st.sampled_from(["v0", "v0", "v0", "v1", "v1", "v1", "v2", "v2", "v3", "v9", "nobody"])
# From cookies that have run out by the next request to such that outlive the run.
AGES = st.sampled_from([1_000, 10**6, 10**9, 10**11, 10**16])
# The longest there is, and what is refused.
ODD_AGES = st.sampled_from([366 * 86_400 * 10**9, 0, 2**62 + 10**12, 2**63])
COOKIES = st.none() | st.builds(SessionAffinity, NAMES, AGES | ODD_AGES)
MIRRORS = st.none() | st.builds(Mirror, NAMES, st.sampled_from([1.0, 1.0, 0.5, 2.0]))
ROLES = st.sampled_from(["v0", "v1"])
BY_WEIGHT: st.SearchStrategy[Action] = st.one_of(
    st.builds(SetWeights, st.dictionaries(NAMES, WEIGHTS, max_size=4)),
    st.builds(SetWeights, st.fixed_dictionaries({"v0": WEIGHTS})),
    st.builds(SetInstances, NAMES, st.integers(-1, 6)),
    st.builds(SetInstances, NAMES, st.integers(1, 5)),
    st.builds(AddVariant, NAMES, WEIGHTS),
    st.builds(RemoveVariant, NAMES),
    st.builds(RemoveVariant, st.sampled_from(["v0", "v1"])),
    st.builds(Promote, NAMES),
    st.builds(Deploy, st.dictionaries(NAMES, WEIGHTS, min_size=1, max_size=3)),
    st.builds(
        Deploy, st.fixed_dictionaries({"v0": WEIGHTS, "v1": WEIGHTS}), st.just({"v1": 2, "v0": 1})
    ),
    st.sampled_from(
        [RollBack(), RollBack("v1"), Conclude(), Conclude(), Hold(HoldReason.GUARDRAIL)]
    ),
    st.builds(SetWeights, st.dictionaries(NAMES, WRONG_WEIGHTS, min_size=1, max_size=1)),
    st.builds(AddVariant, NAMES, WRONG_WEIGHTS),
)
"""Whatever a policy may ask of weights and fleets, sensible or not; a variant may be nobody's."""
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(SetWeights, st.dictionaries(NAMES, WEIGHTS, max_size=2), COOKIES, MIRRORS),
    st.builds(SetWeights, st.just({"v0": 1.0}), st.builds(SessionAffinity, ROLES, AGES)),
    st.builds(SetWeights, st.just({}), st.none(), st.builds(Mirror, ROLES, st.just(1.0))),
    BY_WEIGHT,
)
"""Cookies and copies as well."""
