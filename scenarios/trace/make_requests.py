"""Writes requests.csv: half an hour of a code assistant's traffic, made up, not a record of anyone.

    python scenarios/trace/make_requests.py

Programmers ask in sessions, a few requests with seconds between them, and now and then a tool sends
many at once. Prompts are long and answers short, as in published traces of code assistants: medians
of 1,500 and 15 tokens, with a few of thousands. The same file comes out each time.
"""

from __future__ import annotations

from pathlib import Path

import simab
from simab.draws import Draws, Purpose, stream_of
from simab.profiles.durations import Lognormal
from simab.scenario import loads

SCENARIO = """
title: A code assistant's users
endpoint:
  variants:
    current: {latency: {kind: constant, value: 1ms}, quality: {kind: success, probability: 50%}}
    new: {latency: {kind: constant, value: 1ms}, quality: {kind: success, probability: 50%}}
traffic:
  people:
    rate: 0.7/s
    sessions: {requests: 6, gap: {kind: lognormal, median: 12s, p99: 4min}}
    arrivals: {modulation: {states: [{times: 0.5, lasts: 6min}, {times: 2, lasts: 3min}]}}
  tools:
    rate: 0.3/s
    arrivals: {gaps: {kind: batches, mean_size: 12}}
objective: {control: current, candidate: new, metric: success_rate, smallest_effect: 1%}
horizon: 30min
policies: {wait: {kind: manual_schedule, steps: [{at: 1d, weights: {}}]}}
"""
PROMPT = Lognormal(median="1500ns", p99="9000ns").table()  # tokens stand in place of nanoseconds
ANSWER = Lognormal(median="15ns", p99="300ns").table()
SEED = 15


def main() -> None:
    """Draw the requests and write them beside this script."""
    run = simab.simulate(loads(SCENARIO), seed=SEED, record_requests=True)
    requests = run.requests
    words = Draws(SEED, 0).blocks(Purpose.SERVICE, stream_of("tokens"), 0, len(requests))
    lines = ["t_s,who,input_tokens,output_tokens"]
    for at_ns, segment, read, written in zip(
        requests["arrived_ns"],
        requests["segment"],
        PROMPT.draws(words[:, 0]),
        ANSWER.draws(words[:, 1]),
        strict=True,
    ):
        lines.append(f"{at_ns / 1e9:.3f},{segment},{max(read, 1)},{max(written, 1)}")
    target = Path(__file__).with_name("requests.csv")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
