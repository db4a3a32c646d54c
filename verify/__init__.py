"""Is it right? An answer with a gold, tests or neither in; verdicts with reasons, or evidence, out."""
