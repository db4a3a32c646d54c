"""The page: runs in, components out. gradio is imported here and in app.py only."""
