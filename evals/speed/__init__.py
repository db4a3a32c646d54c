"""How fast a model writes here: on its own, through the page's endpoint, and beside other ways of running it."""
