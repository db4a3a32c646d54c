"""Readers of scripted runs and callers of the embedded model against the real app: what is lost, late or mixed up."""
