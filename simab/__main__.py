"""`python -m simab` is the command line."""

from simab.cli.main import main

main()
