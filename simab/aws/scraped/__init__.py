"""The endpoints of an account as Prometheus would scrape them: counters, histograms and gauges.

Each name that a family has is mapped in `naming`; the counts are those of the world.
"""
