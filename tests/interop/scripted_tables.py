"""Rollouts by script, written down look by look as text: what the golden files hold.

To write them anew: UPDATE_GOLDEN=1 pytest tests/interop, then read what has changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.kayenta.canary import KayentaCanary, KayentaState
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import requests
from tests.policies.scripted_rollout import SECOND, Moment, Serve, play

GOLDEN = Path(__file__).parent / "golden"


def serving(failing: int | Callable[[int], int] = 0, slower: float = 1.0) -> Serve:
    """Forty requests a window and variant, `failing` of the candidate's, it perhaps slower."""

    def serve(variant: str, share: float, window: int) -> RequestTotals:
        if share == 0:
            return requests()
        new = variant == "new"
        latency_ms = (40.0 + (window * (3 if new else 7)) % 5) * (slower if new else 1.0)
        failed = failing if isinstance(failing, int) else failing(window)
        return requests([latency_ms] * 40, failed=failed if new else 0)

    return serve


HEALTHY = serving()


def flagger_table(policy: FlaggerAnalysis, serve: Serve, looks: int) -> str:
    """Phase, weight, failed checks and readings after each look; windows as long as a tick."""
    moments = play(
        policy, serve, looks=looks, interval_ns=policy.interval, period_ns=policy.interval
    )
    return _table(
        ("time", "phase", "weight", "failed", "measured"),
        (
            (
                _clock(moment),
                str(moment.state.phase),
                _weight(moment),
                str(moment.state.failed_checks),
                moment.state.measured,
            )
            for moment in moments
        ),
    )


def kayenta_table(policy: KayentaCanary, serve: Serve, looks: int) -> str:
    """The looks of one minute at which something happens, with the score and what was said."""
    minute = 60 * SECOND
    moments = play(
        policy,
        serve,
        looks=looks,
        interval_ns=minute,
        period_ns=minute,
        weights={"old": 1.0, "new": 1.0},
    )
    rows, judgements = [], 0
    for number, moment in enumerate(moments):
        state: KayentaState = moment.state
        if number and state.judgements == judgements:
            continue
        judgements = state.judgements
        score = "" if state.last is None else f"{state.last.score:g} {state.last.verdict}"
        said = "" if state.last is None else state.last.reason
        phase = "Finished" if state.finished else "Running"
        action = ", ".join(type(action).__name__ for action in moment.actions)
        windows = str(len(state.windows))
        rows.append((_clock(moment), phase, _weight(moment), windows, score, action, said))
    return _table(("time", "phase", "weight", "windows", "score", "action", "measured"), rows)


def assert_golden(name: str, table: str) -> None:
    """The table is the one written down under this name."""
    file = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        file.write_text(table, encoding="utf-8")
    assert table == file.read_text(encoding="utf-8")


def _clock(moment: Moment) -> str:
    minutes, seconds = divmod(moment.at_ns // SECOND, 60)
    return f"{minutes:02d}:{seconds:02d}"


def _weight(moment: Moment) -> str:
    return f"{100 * moment.weights['new'] / sum(moment.weights.values()):.6g}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )
