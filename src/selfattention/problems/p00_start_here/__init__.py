r"""# Exercises 00: shapes and axes

Three warm-ups in NumPy. Read lesson [00](../notebooks/00_start_here.ipynb) first. Under each prompt stands a cell to
fill in: replace `raise NotImplementedError` with your code, run the cell, then run the check cell below it.
"""
