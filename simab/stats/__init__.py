"""Statistics as plain functions of numbers and arrays, with frozen results; no scenario in sight.

Import from the modules, each of which says in its first line what it owns: this file stays empty,
so that a policy loads only what it uses.
"""
