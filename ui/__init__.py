"""The page: runs in, components out. gradio is imported here and in app.py only."""

import gc
import os

# After every event of its queue Gradio would make a table of all events before it (its default is 1).
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")

# Looking for garbage among what an import makes finds none, and is a tenth of the time to the first page.
gc.disable()
import gradio  # noqa: E402, F401

gc.enable()
