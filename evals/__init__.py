"""Measurements: each file is one, `python -m evals.NAME` runs it and writes `evals/results/`."""
