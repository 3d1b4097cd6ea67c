"""Rollout configurations of other tools, read as policies; never executed, never guessed at.

An importer is a module named for its tool, with one function: `imported(files, table)` reads its
files and the user's table of metrics, and returns an `Imported` or raises `InvalidFiles`. Its line
in `tools.TOOLS` makes it known to the command line.
"""
