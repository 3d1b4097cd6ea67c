"""What simab claims of itself, tried by playing: the studies behind the pages in reports/.

Run it with `python -m validation`; it plays through simab's public functions, and nothing in simab
imports it.
"""
