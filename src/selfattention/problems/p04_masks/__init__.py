r"""# Exercises 04: masks

Who may see whom. Read lesson [04](../notebooks/04_masks.ipynb) first. A mask is boolean, and `True` means *may attend*,
always.
"""
