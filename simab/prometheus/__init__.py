"""A part of Prometheus: queries in its language, over samples that somebody else holds.

It knows nothing of endpoints: a `Source` hands over named families of series. What is not part of
the subset is refused by its name.
"""
