r"""# Exercises 15: long context

A text longer than what attention can pay for: remember what was read, and measure distances (Transformer-XL), or let
blocks see only some others (BigBird). Read lesson [15](../notebooks/15_long_context.ipynb) first.
"""
