"""A saved split whose rules have phases, quantiles and names that belong together."""

from __future__ import annotations

from simab.result.reader import Reader
from simab.result.studied_split import PhaseFairness, RuleFairness, StudiedSplit
from simab.result.whole import require_length, require_names

__all__ = ["require_whole_split"]

_QUANTILES = 5


def require_whole_split(split: StudiedSplit, reader: Reader) -> None:
    """What pages and tables take for granted.

    Raises:
        InvalidInput: a rule, a quantile or a variant is missing, with the place.
    """
    if not split.rules:
        raise reader.child("rules").invalid("holds no rule")
    for rule, at in zip(split.rules, reader.child("rules").items(), strict=True):
        _rule(rule, at)


def _rule(rule: RuleFairness, reader: Reader) -> None:
    if rule.runs < 1:
        raise reader.child("runs").invalid("must be 1 or more")
    for phase, at in zip(rule.phases, reader.optional("phases").items(), strict=True):
        _phase(phase, at)
    for point, at in zip(rule.fan, reader.optional("fan").items(), strict=True):
        require_length(at, "window", point.window, _QUANTILES)
        require_length(at, "until_then", point.until_then, _QUANTILES)


def _phase(phase: PhaseFairness, reader: Reader) -> None:
    if len(phase.shares) < 2:
        raise reader.child("shares").invalid("a split has two variants at least")
    require_names(reader, "realised", phase.realised, phase.shares)
    require_names(reader, "realised_users", phase.realised_users, phase.shares)
    if phase.changed and not phase.settling:
        raise reader.child("settling").invalid("a change of weights has a time since")
    at_s = [point.since_s for point in phase.settling]
    rises = all(early < late for early, late in zip([0.0, *at_s], at_s, strict=False))
    if not rises:
        raise reader.child("settling").invalid("the times must be above 0, and rise")
