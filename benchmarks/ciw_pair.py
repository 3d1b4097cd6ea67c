"""The pair of M/M/4 stations in Ciw: two nodes, each fed by half of the stream."""

from __future__ import annotations

import ciw

__all__ = ["play_ciw"]

MEAN_SERVICE = 0.01
WORKERS = 4
RATE = 0.7 * WORKERS / MEAN_SERVICE


def play_ciw(requests: int) -> int:
    """Play about so many requests; returns how many were answered."""
    network = ciw.create_network(
        # An even random split of a Poisson stream is two Poisson streams of half the rate.
        arrival_distributions=[ciw.dists.Exponential(rate=RATE)] * 2,
        service_distributions=[ciw.dists.Exponential(rate=1 / MEAN_SERVICE)] * 2,
        number_of_servers=[WORKERS, WORKERS],
        routing=[[0.0, 0.0], [0.0, 0.0]],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(requests / (2 * RATE))
    records = simulation.get_all_records()
    latencies = [record.exit_date - record.arrival_date for record in records]
    assert sum(latencies) > 0
    return len(latencies)
