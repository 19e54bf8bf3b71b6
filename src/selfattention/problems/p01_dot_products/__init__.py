r"""# Exercises 01: dot products

A query looks for its match among keys. Read lesson [01](../notebooks/01_dot_products.ipynb) first.
"""
