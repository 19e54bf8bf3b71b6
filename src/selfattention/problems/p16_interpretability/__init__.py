r"""# Exercises 16: interpretability

What a model looks at, and what makes a difference: roll weights out, score and ablate heads, patch a run, read a stream
before its end, and compare weights with effects. Read lessons [16 · Induction heads](../notebooks/16_induction.ipynb)
and [16 · Interpretability](../notebooks/16_interpretability.ipynb) first.
"""
