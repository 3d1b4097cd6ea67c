"""The reference data plane: one SimPy process a request, written to be read."""
