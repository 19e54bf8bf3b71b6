r"""# Exercises 02: softmax

Scores become weights. Read lesson [02](../notebooks/02_softmax.ipynb) first.
"""
