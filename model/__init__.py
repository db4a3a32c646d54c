"""A chat in, typed events out: models, engines, and the runs that record what they wrote."""
