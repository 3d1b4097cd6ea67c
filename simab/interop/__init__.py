"""Rollout configurations of other tools, read as policies; never executed, never guessed at.

An importer is a module named for its tool: `imported(files, table)` reads its files and the user's
table of metrics, and returns an `Imported` or raises `InvalidFiles`; `recognises` says whether a
document is of the tool, and `holds_policy` whether it is a policy. Its line in `tools.TOOLS` makes
it known to the command line.
"""
