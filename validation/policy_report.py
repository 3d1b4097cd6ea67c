"""The page of all policies, put together of its sections: reports/policies.

README.md, rates.csv and power.svg are made of verdicts.csv, guardrails.csv, sample_ratio.csv and
naive.csv.
"""

from __future__ import annotations

from pathlib import Path

from validation.naive.rules import naive_section, read_naive_rules
from validation.places import made_or_committed
from validation.played_rules import read_cells
from validation.policies.guardrails import guardrail_section, read_guardrail_rates
from validation.policies.page import policy_page, rates_csv
from validation.policies.power_figure import power_figure
from validation.policies.studies import PLACE, load_studies
from validation.sample_ratio.rates import ratio_section, read_ratio_rates

__all__ = ["write_policies"]


def write_policies(folder: Path) -> None:
    """Write the page, the rates and the figure below a folder, from what has been played."""
    scenarios = load_studies()
    verdicts, guardrails, ratios, naive = (
        made_or_committed(folder, f"{PLACE}/{name}.csv")
        for name in ("verdicts", "guardrails", "sample_ratio", "naive")
    )
    cells = read_cells(verdicts)
    page = policy_page(scenarios, cells)
    page += guardrail_section(read_guardrail_rates(guardrails))
    page += ratio_section(read_ratio_rates(ratios))
    page += naive_section(read_naive_rules(naive))
    target = folder / PLACE
    target.mkdir(parents=True, exist_ok=True)
    (target / "rates.csv").write_text(rates_csv(scenarios, cells), encoding="utf-8")
    (target / "power.svg").write_text(power_figure(scenarios, cells), encoding="utf-8")
    (target / "README.md").write_text(page, encoding="utf-8")
