r"""# Exercises 18: spatial attention

An image as tokens: cut it into patches, tell them their places, look at what is looked at, and weigh channels in place
of places; then windows that are shifted, and scales. Read lessons [18](../notebooks/18_spatial_attention.ipynb) and
[18 · Windows and scales](../notebooks/18_windows_and_scales.ipynb) first.
"""
