"""How fast metrics converge: a run to a record at checkpoints, records of runs to answers."""
