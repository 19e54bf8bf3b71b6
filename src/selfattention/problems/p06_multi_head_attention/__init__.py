r"""# Exercises 06: multi-head attention

One layer, several attentions side by side. Nearly all of it is putting axes in the right place, and a wrong place often
keeps the shapes. Read lesson [06](../notebooks/06_multi_head_attention.ipynb) first.
"""
