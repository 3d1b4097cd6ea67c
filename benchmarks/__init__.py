"""The speed and memory of simab, measured as ratios against others in one run.

    pip install -e '.[benchmarks]' -c constraints.txt
    python -m benchmarks                      # every row; about half an hour on two cores
    python -m benchmarks --list               # the rows
    python -m benchmarks --only simpy tick    # some of them
    python -m benchmarks --scale 0.01         # a quick look with a hundredth of the requests
    python -m benchmarks --write              # every row, into benchmarks/results.md

All costs are CPU time unless a row says otherwise. The two sides of a ratio are played in turn,
several times, and the ratio is taken within each pair: a machine that slows down slows both.
Nothing here is a test: a shared machine would make it fail for reasons that are not ours.
"""
