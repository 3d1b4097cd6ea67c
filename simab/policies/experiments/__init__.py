"""Experiments: rules that test what the labels say of two variants, and then decide."""
