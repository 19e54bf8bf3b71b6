r"""# Exercises 03: scaled dot-product attention

Score, scale, softmax, mix: now all in one function. Read lesson
[03](../notebooks/03_scaled_dot_product_attention.ipynb) first. Everything is in NumPy except the last exercise: it is
in torch, because gradients must flow.
"""
