"""Programs that train: traces, supervised fine-tuning, held-out pass rates."""
