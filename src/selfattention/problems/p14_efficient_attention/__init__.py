r"""# Exercises 14: efficient attention

Attention in less memory, and attention with a memory of fixed size: first what changes nothing in the result, then what
does, then what has to be kept of the tokens so far. Read lesson [14](../notebooks/14_efficient_attention.ipynb) first.
"""
