"""How simab writes: numbers, durations, lists and names, for sentences and pages.

Each has one writer. What reads text back as numbers is `simab.units`.
"""
