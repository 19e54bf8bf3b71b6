# %% [markdown]
# # 00 · Start here
#
# This course builds self-attention from the dot product up to a working Transformer, and then takes it apart again. You need
# Python, a little NumPy and vectors as taught in school. You need no GPU and no network.
#
# What attention does fits into one sentence: **every query is compared with every key; the comparisons become weights; the
# weights mix the values.** Each of these words gets its own chapter, so do not worry about them yet.
#
# ## How a lesson goes
#
# 1. A question, and an example small enough to follow by hand.
# 2. The same as a loop, then as one line on whole arrays, shown to be equal.
# 3. **Predict first:** you commit a guess, then a cell measures.
# 4. Something is broken on purpose, to see what that looks like.
# 5. Exercises, which tell you at once what holds and which mistake was made.
#
# Run a cell with **Shift + Enter**. Run them in order, from the top; change anything you like. If a notebook gets into a muddle,
# choose *Kernel → Restart Kernel and Run All Cells*.

# %%
from itertools import permutations
from time import perf_counter

import numpy as np

from selfattention import check
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, show

# %% [markdown]
# ## Three tokens by hand
#
# A text is cut into **tokens**, say words. For each token a model holds a vector of numbers, its **features**. Three tokens with two
# features each make an array of shape (tokens 3, features 2):

# %%
x = np.array([[1.0, 10.0],
              [3.0, 30.0],
              [5.0, 20.0]])
print(x.shape)

# %% [markdown]
# The mean over the tokens takes each feature for itself: (1 + 3 + 5) / 3 = 3 and (10 + 30 + 20) / 3 = 20. As a loop:

# %%
def mean_loop(x):
    tokens, features = x.shape
    result = np.zeros(features)
    for token in range(tokens):
        for feature in range(features):
            result[feature] += x[token, feature] / tokens
    return result


print(mean_loop(x))

# %% [markdown]
# As one line. **`axis` names the axis that disappears.** Axis 0 are the tokens here, so the features are left:

# %%
assert np.allclose(x.mean(axis=0), mean_loop(x))
print("over the tokens  ", x.mean(axis=0), "shape", x.mean(axis=0).shape)
print("over the features", x.mean(axis=1), "shape", x.mean(axis=1).shape)

# %% [markdown]
# ## A batch: count axes from the end
#
# Models work on many sentences at once. A **batch** of 2 sentences with 3 tokens and 5 features has shape (2, 3, 5). Now axis 0
# are the sentences, and `mean(axis=0)` would mix one sentence with another. Counted from the end, the tokens are axis −2 with
# a batch and without:

# %%
rng = np.random.default_rng(0)
batch = rng.normal(size=(2, 3, 5))
assert np.allclose(batch.mean(axis=-2)[1], batch[1].mean(axis=-2))
print("batch", batch.shape, "→", batch.mean(axis=-2).shape, "  one sentence", batch[1].shape, "→", batch[1].mean(axis=-2).shape)

# %% [markdown]
# ## Shapes that stretch
#
# When two arrays meet, NumPy aligns their shapes **at the right end**. Where one has length 1 or no axis at all, it is
# stretched. This is called broadcasting. To divide each row by its own sum, the sums must keep their place: with
# `keepdims=True` the axis stays, with length 1. Indexing with `None` puts such an axis in afterwards, wherever you write it:

# %%
sums = x.sum(axis=-1)
kept = x.sum(axis=-1, keepdims=True)
print("x", x.shape, " sums", sums.shape, " with keepdims", kept.shape, " sums[:, None]", sums[:, None].shape)
assert np.allclose(x / kept, x / sums[:, None])
print((x / kept).round(3))
try:
    x / sums
except ValueError as error:
    print("without keepdims:", error)

# %% [markdown]
# An error is good luck: it is seen at once. Had there been as many tokens as features, `x / sums` would have run and given
# wrong numbers:

# %%
square = np.array([[1.0, 3.0], [6.0, 2.0]])
right = square / square.sum(axis=-1, keepdims=True)
wrong = square / square.sum(axis=-1)
figure, (left_axes, right_axes) = canvas(2, height=2.3)
words = {"row_axis": "tokens", "column_axis": "features", "largest": 1.0}
heatmap(left_axes, right, title="keepdims: every row sums to 1", **words)
heatmap(right_axes, wrong, title="without: nobody complains", **words)
show(figure, "A 2 × 2 array divided by its row sums 4 and 8. With keepdims (left) each row sums to 1. Without (right) the first "
             "column is divided by 4 and the second by 8, and the rows sum to 0.625 and 1.75.")

# %% [markdown]
# ## Exchange two axes, and only two
#
# Soon there will be tables of numbers with **queries** down and **keys** across, one table for each sentence. To exchange rows
# and columns in each table, three ways come to mind. Only one of them is right: follow the number at sentence 0, query 0, key 2.

# %%
table = np.arange(12).reshape(2, 2, 3)  # sentences, queries, keys
print("the first table", table[0].tolist(), " sentence 0, query 0, key 2 holds", table[0, 0, 2])
for name, result in (("np.swapaxes(table, -1, -2)", np.swapaxes(table, -1, -2)),
                     ("table.reshape(2, 3, 2)", table.reshape(2, 3, 2)),
                     ("table.T", table.T)):
    print(f"{name:27} shape {result.shape}  first part {result[0].tolist()}")

# %% [markdown]
# The 2 belongs at sentence 0, key 2, query 0. `swapaxes` puts it there. `reshape` gives the right shape, but leaves the numbers in
# reading order, so they end up with the wrong query and key. `.T` turns *all* axes round, the batch included.
#
# ## Predict first
#
# How many mistakes does a shape give away? Take the mean over the tokens of an array (batch, tokens, features). A confused
# programmer may first permute the three axes in any of 6 ways and then average over any of 3: 18 programs, of which 15 are wrong.
#
# All three sizes are 4. **How many of the 15 wrong programs can be told by the shape of their result?**

# %%
guess_noticed = None  # your guess, from 0 to 15

# %% tags=["claim:distinct-sizes"]
def noticed(*sizes):
    """How many wrong programs there are, and how many of them return another shape than the right one."""
    data = np.random.default_rng(1).normal(size=sizes)
    right = data.mean(axis=-2)
    results = [data.transpose(order).mean(axis=axis) for order in permutations(range(3)) for axis in range(3)]
    wrong = [got for got in results if got.shape != right.shape or not np.allclose(got, right)]
    return len(wrong), sum(got.shape != right.shape for got in wrong)


(wrong, equal_sizes), (_, primes) = noticed(4, 4, 4), noticed(2, 3, 5)
at_4, at_primes = Measured(equal_sizes, exactly=0), Measured(primes, exactly=wrong)
guessed(guess_noticed, at_4)
claim("equal sizes hide every mix-up of axes, distinct ones reveal them all",
      f"of {wrong} wrong programs, {at_4} change the shape at sizes 4, 4, 4 and {at_primes} at 2, 3, 5",
      at_4, at_primes)

# %% [markdown]
# That is why the examples and checks of this course use sizes such as 2, 3, 5 and 7. Do the same when you try things out.
#
# ## Why not simply loop?
#
# The loop says what is meant, and every lesson starts with it. **How many times faster is the array form**, for 300 tokens with 64
# features? Ratios differ from machine to machine; what counts is the order of magnitude.

# %%
guess_speed = None  # your guess, a factor

# %% tags=["claim:array-speed"]
def best_seconds(function, *inputs):
    """The shortest of seven runs, in seconds."""
    times = []
    for _ in range(7):
        started = perf_counter()
        function(*inputs)
        times.append(perf_counter() - started)
    return min(times)


large = rng.normal(size=(300, 64))
speed = Measured(best_seconds(mean_loop, large) / best_seconds(lambda array: array.mean(axis=0), large), above=20)
guessed(guess_speed, speed, "times")
claim("one operation on a whole array beats a Python loop", f"{speed} times as fast", speed)

# %% [markdown]
# ## What a check tells you
#
# In an exercise notebook you write a function and run the check cell below it. Here is an answer that averages over the wrong axis:

# %%
def mean_over_tokens(x):
    return x.mean(axis=-1)


check("00.mean_over_tokens")

# %% [markdown]
# The card says which claims hold, names the mistake, and shows an input together with what was expected and what your function gave. A
# hint asks a question; it never gives the answer away. `hint("00.mean_over_tokens")` gives more, one step at a time.
#
# The same checks run in a terminal (*File → New → Terminal*): `selfattention status` shows your points and what to do next, `selfattention
# check 00 --watch` checks whenever you save, `selfattention reset 00` gives you a fresh copy and keeps yours.
#
# ## What to take along
#
# - `axis` names the axis that disappears; count axes from the end, so that a batch may stand in front.
# - Shapes are aligned at the right end; `keepdims=True` keeps an axis in its place, `None` puts one in.
# - `swapaxes(-1, -2)` exchanges the last two axes; `.T` turns all of them round, and `reshape` moves no number.
# - Equal sizes hide mistakes. Use different ones.
#
# Now do the [exercises](../exercises/00_start_here.ipynb), then go on to [01 · Dot products](01_dot_products.ipynb).
