r"""# Exercises 10: training a translator

What surrounds a model that translates: batches, pieces of words, a search, and two ways to mark the result. Read lesson
[10](../notebooks/10_training_a_translator.ipynb) first.
"""
