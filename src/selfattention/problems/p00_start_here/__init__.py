r"""# Exercises 00: shapes and axes

Three warm-ups in NumPy. Read lesson [00](../notebooks/00_start_here.ipynb) first.

In the first line of each cell, `Float[np.ndarray, "*batch tokens features"]` says what an argument is: an array of
floats whose last two axes are tokens and features, with any number of axes before them, or none. So the shapes (3, 2),
(7, 3, 2) and (4, 7, 3, 2) are all possible.
"""
