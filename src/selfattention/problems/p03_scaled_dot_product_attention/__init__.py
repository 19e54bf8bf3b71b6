r"""# Exercises 03: scaled dot-product attention

Scores, scale, softmax, mixture: now all in one. Read lesson
[03](../notebooks/03_scaled_dot_product_attention.ipynb) first. All is in NumPy but the last exercise, which is in
torch, where gradients must flow.
"""
