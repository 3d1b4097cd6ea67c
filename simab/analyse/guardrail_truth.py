"""Which variants cannot keep the objective's guardrails, by what they are."""

from __future__ import annotations

from simab.policies.limits import ErrorRateLimit
from simab.scenario.capacity import load_at_all_traffic
from simab.scenario.models import Scenario
from simab.scenario.wording import name_text, percent_text

__all__ = ["broken_guardrails"]


def broken_guardrails(scenario: Scenario) -> dict[str, str]:
    """Why a variant cannot keep the guardrails, in words, for each that cannot."""
    told = {name: _broken_guardrail(scenario, name) for name in scenario.endpoint.variants}
    return {name: why for name, why in told.items() if why}


def _broken_guardrail(scenario: Scenario, name: str) -> str:
    """Why a variant cannot keep the guardrails, if it cannot; empty without guardrails."""
    guardrails = scenario.objective.guardrails
    if not guardrails:
        return ""
    errors = [limit.at_most for limit in guardrails if isinstance(limit, ErrorRateLimit)]
    error_rate = scenario.endpoint.variants[name].error_rate
    if errors and error_rate > min(errors):
        return (
            f"{name_text(name)} fails {percent_text(error_rate)} of its requests, over the "
            f"guardrail of {percent_text(min(errors))}"
        )
    # Waits that grow without end, or refusals: whichever the guardrail is on, it does not hold.
    load = load_at_all_traffic(scenario, name)
    if load >= 1:
        return (
            f"{name_text(name)} cannot carry all traffic as the scenario deploys it: its load "
            f"would be {load:.2f}"
        )
    return ""
