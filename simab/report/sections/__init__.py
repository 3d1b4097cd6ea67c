"""The sections of the page, in the order in which it shows them."""

from typing import Final

from simab.report.sections import (
    answer,
    convergence,
    costs,
    environment,
    examples,
    figures,
    health,
    methods,
    policies,
    reproduce,
    rules,
    split,
    timeline,
    worlds,
)
from simab.report.sections.section import Section

__all__ = ["SECTIONS", "Section"]

SECTIONS: Final = (
    answer.SECTION,
    worlds.SECTION,
    timeline.SECTION,
    policies.SECTION,
    figures.SECTION,
    costs.SECTION,
    split.SECTION,
    convergence.SECTION,
    rules.SECTION,
    examples.SECTION,
    health.SECTION,
    methods.SECTION,
    reproduce.SECTION,
    environment.SECTION,
)
