r"""# Exercises 05: self-attention

One text asks, answers and is read: queries, keys and values are all made from the same tokens. Read lesson
[05](../notebooks/05_self_attention.ipynb) first.
"""
