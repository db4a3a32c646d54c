"""The page: runs in, components out. gradio is imported here and in app.py only."""

import os

# After every event of its queue Gradio would make a table of all events before it (its default is 1).
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
