r"""# Exercises 07: positions

Attention does not see order. Here are ways to tell it. Read lesson [07](../notebooks/07_positions.ipynb) first.
"""
