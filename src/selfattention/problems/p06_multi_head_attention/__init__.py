r"""# Exercises 06: multi-head attention

One layer, several attentions side by side. Nearly all the work is putting axes in the right place, and in a wrong place
they often give the same shapes. Read lesson [06](../notebooks/06_multi_head_attention.ipynb) first.
"""
