r"""# Exercises 13: GPT

A decoder alone: what it is scored on, in which unit, how the next token is chosen, and what a cache keeps. Places are
counted from 0. Read lesson [13](../notebooks/13_gpt.ipynb) first.
"""
