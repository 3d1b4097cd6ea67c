"""Tests of revenue where few buy, and some of these spend much."""
