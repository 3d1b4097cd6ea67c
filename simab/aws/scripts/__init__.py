"""Scripts in simulated time: their clocks, their processes, and their runs as those of policies."""
