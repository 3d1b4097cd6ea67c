"""Closed forms that the simulator is held against; they know nothing of how it works.

Seconds, and rates per second, throughout: the truths are published in real numbers. Import from
the modules, each of which says in its first line what it owns.
"""
