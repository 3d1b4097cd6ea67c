"""Make the reports of the shipped scenarios again, and what README shows of them.

Run it with: python -m validation [--pages] [FOLDER [PART ...]]. Written into the repository by
default, all parts in about twenty minutes on two cores; the same code and versions give the same
bytes, so that `git diff` then shows what a change changed. With --pages nothing is played: pages
are written anew from the committed rows, but for the report of twelve_policies, whose rows are too
many to keep. Parts are churn, founding_studies, twelve_policies, intervals, gate, plan, and the
four of one page: policies, guardrails, sample_ratio, naive_rules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from validation.places import REPOSITORY
from validation.remaking import PARTS, remake

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--pages"]
    folder = Path(words[0]) if words else REPOSITORY
    remake(folder, words[1:] or PARTS, play="--pages" not in sys.argv)
