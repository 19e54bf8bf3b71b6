r"""# Exercises 07: positions

By itself, attention does not see order. Here are ways to tell it where tokens are. Read lesson
[07](../notebooks/07_positions.ipynb) first.
"""
