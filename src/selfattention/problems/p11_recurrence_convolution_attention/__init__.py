r"""# Exercises 11: recurrence, convolution, attention

Three ways in which a token learns of the others: a state that is carried along, a window that slides, a look at all
of them at once. The first two by hand, then what each costs, and how far it reaches. Read lessons
[11](../notebooks/11_recurrence_convolution_attention.ipynb) and
[11 · Side by side](../notebooks/11_side_by_side.ipynb) first.
"""
