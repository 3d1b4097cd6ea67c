"""The compiled data plane: machine code, made by Numba, that gives the bits of the reference."""
