"""A task and its tests in, programs that were written, run, tested and repaired out."""
