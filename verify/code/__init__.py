"""A program that a model has written and the tests of its task in, what each test says out."""
