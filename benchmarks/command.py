"""What `python -m benchmarks` does: plays the rows, prints each figure as it comes in."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.against_rivals import load_cimba_first
from benchmarks.catalogue import ROWS, question
from benchmarks.figures import Effort, Figure
from benchmarks.machine import facts, load_average
from benchmarks.page import line, page, summary

__all__ = ["main"]

RESULTS = Path(__file__).with_name("results.md")


def main(arguments: list[str] | None = None) -> None:
    """Parse, play, print, perhaps write."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        for name, row in ROWS.items():
            print(f"{name:<14} {question(row)}")
        return
    if options.write and options.only:
        parser.error("results.md holds one whole run; leave out --only or --write")
    load_cimba_first()
    effort = Effort(options.repeats, options.scale)
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    before = load_average()
    print(f"load average {before}", flush=True)
    results = {name: _play(name, effort) for name in options.only or ROWS}
    after = load_average()
    print(f"\n{summary(results)}; load average {after}")
    if options.write:
        RESULTS.write_text(page(results, effort, (before, after)), encoding="utf-8")
        print(f"written: {RESULTS.name}")


def _play(name: str, effort: Effort) -> list[Figure]:
    print(f"\n{name}: {question(ROWS[name])}", flush=True)
    before_s = time.perf_counter()
    figures = []
    for figure in ROWS[name](effort):
        figures.append(figure)
        print(line(figure), flush=True)
    print(f"  took {time.perf_counter() - before_s:.0f} s", flush=True)
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help="play these rows")
    parser.add_argument("--list", action="store_true", help="list the rows and stop")
    parser.add_argument("--repeats", type=int, default=7, help="of every pair")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the requests")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results.md")
    return parser
