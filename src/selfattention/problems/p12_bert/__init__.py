r"""# Exercises 12: BERT

Tokens are hidden and guessed from both sides; then the same encoder sorts texts and finds answers. Five numbers are
signs: padding is token 0, [CLS] 1, [SEP] 2, an unknown word 3, [MASK] 4. Words are numbers from 5 on. Read lesson
[12](../notebooks/12_bert.ipynb) first.
"""
