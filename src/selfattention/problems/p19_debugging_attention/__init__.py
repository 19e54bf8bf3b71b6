r"""# Exercises 19: debugging attention

Your own box of probes: each of them is given a model, whatever is inside of it, and tells whether one kind of bug is
there. Read lesson [19](../notebooks/19_debugging_attention.ipynb) first.
"""
