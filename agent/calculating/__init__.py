"""A calculation as people and models write it in, its exact result with a decimal out. Nothing of it goes to `eval`.

In the order of their work: `phrases` and `spelling` (text to text), `tokens` and `grammar` (text to tree), `evaluating`
with `functions`, `limits`, `units`, `equations` (tree to values), `showing` (values to text); all of it in `child`, a
process that can be killed.
"""
