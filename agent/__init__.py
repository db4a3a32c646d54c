"""A question and tools in, a run in which the model thinks, calls them, and answers from what came back."""
