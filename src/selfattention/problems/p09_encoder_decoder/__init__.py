r"""# Exercises 09: encoder and decoder

One sentence in, another out: what the decoder reads, what it may see, what it is scored on, and how it writes. Padding
is token 0, the begin sign is 1, the end sign is 2. Read lesson [09](../notebooks/09_encoder_decoder.ipynb) first.
"""
