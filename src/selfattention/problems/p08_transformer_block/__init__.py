r"""# Exercises 08: the Transformer block

What surrounds attention: a norm, a feed-forward layer, ways past both sublayers, and dropout. Read lesson
[08](../notebooks/08_transformer_block.ipynb) first.
"""
