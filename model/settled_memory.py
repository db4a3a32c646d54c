"""A process that has loaded what stays in; the same with little for Python's garbage collector to look at out.

The page, Gradio and torch are a million objects that stay. Python looks through all of them again and again, with every
thread held up meanwhile: under 200 readers that was a quarter of the server's time, and half a second at a stretch.
"""

import gc

# New objects before the youngest are looked at, and so on; Python's own 700 make a look of every few requests.
_THRESHOLDS = (20_000, 20, 20)


def settle_memory() -> None:
    """Take what is there now out of the collector's way. It takes up to a second: call it when much was loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
