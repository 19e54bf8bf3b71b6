# %% [markdown]
# # 00 · Start here
#
# In chapter 10 you will train a small translator from English to French on your own computer, in minutes. It sees pairs of
# sentences and nothing else; nobody tells it which word becomes which. Afterwards you can look inside:
#
# **Where did it look when it chose each French word?**
#
# Run each code cell with **Shift + Enter**. The first one loads what this lesson uses.

# %%
from itertools import permutations
from time import perf_counter

import numpy as np

from selfattention import check, progress
from selfattention.claims import claim, tally
from selfattention.plots import blocks, canvas, course_map, flow, heatmap, links, show

# %% [markdown]
# ## The idea in one picture
#
# The numbers in the next cell are the translator's own: attention weights from one training run of chapter 10, rounded, taken from the
# part that links words best. Each row belongs to a French word, each column to an English one.

# %%
english = "the strong horses do not follow them".split()
french = "les chevaux forts ne les suivent pas".split()
weights = np.array([[1, 0, 0, 0, 0, 0, 0],
                    [0, 0, 1, 0, 0, 0, 0],
                    [0, 1, 0, 0, 0, 0, 0],
                    [0, 0, 0, 0.98, 0, 0, 0.02],
                    [0, 0, 0, 0.01, 0, 0, 0.99],
                    [0, 0, 0, 0, 0, 1, 0],
                    [0, 0, 0, 0, 1, 0, 0]])
figure, axes = canvas(width=4.8, height=3.3)
links(axes, english, french, weights, headings=("English", "French"))
show(figure, "You will train this. Lines lead from each French word to what the translator "
             "looked at when it chose that word: the larger the weight, the thicker the line. "
             "Lines cross where the word order is different in French.")

# %% [markdown]
# That is **attention**, and it fits into one sentence: **every query is compared with every key; the comparisons become weights; the
# weights mix the values.** In the picture each French word asks (a query), each English word can be found (a key) and says
# something (a value), and the lines are the weights. Chapters 01 to 03 explain these words one
# after the other, so do not worry about them yet.
#
# ## Who this is for, and how long it takes
#
# You need Python with functions and loops, a first idea of NumPy arrays, and vectors as taught in school. Derivatives are used from
# chapter 02 on. PyTorch is introduced in the second part of chapter 03. You need no GPU and no network.
#
# All of it takes **about 40 hours**. That is an estimate, not a measurement: 45 minutes a lesson and 10 minutes an exercise.

# %%
show(course_map(0), "The course as one machine, the Transformer of 2017. Every lesson opens with "
                    "this map and marks what it builds. You start at the tokens, at the bottom; "
                    "chapter 10 is at the top.")

# %% [markdown]
# | chapter | what it is about | needs | exercises | hours, about |
# |---|---|---|---|---|
# | 00 Start here | shapes and axes | Python, NumPy | 3 | 1¼ |
# | [01 Dot products](01_dot_products.ipynb) | comparing a query with keys, mixing values | 00 | 4 | 1½ |
# | [02 Softmax](02_softmax.ipynb) | from scores to weights | 01, exponentials, derivatives | 4 | 1½ |
# | [03 Scaled dot-product attention](03_scaled_dot_product_attention.ipynb) | the whole of attention in four lines | 01, 02 | 3 | 1¼ |
# | [03 From NumPy to torch](03_torch.ipynb) | tensors, gradients, a training loop | 03 | 1 | ¾ |
# | [04 Masks](04_masks.ipynb) | who may look at whom | 03 with torch | 5 | 1½ |
# | [05 Self-attention](05_self_attention.ipynb) | a text that asks itself, with learned matrices | 04 | 4 | 1½ |
# | [06 Multi-head attention](06_multi_head_attention.ipynb) | several questions at once | 05 | 5 | 1½ |
# | [07 Positions](07_positions.ipynb) | how order becomes visible | 05, 06 | 5 | 1½ |
# | [08 The Transformer block](08_transformer_block.ipynb) | norms, feed-forward, ways past (residual connections) | 06 | 6 | 1¾ |
# | [08 Depth](08_transformer_depth.ipynb) | what keeps many layers trainable | 08 | – | ¾ |
# | [09 Encoder and decoder](09_encoder_decoder.ipynb) | the whole machine of 2017 | 04 to 08 | 9 | 2¼ |
# | [10 Training a translator](10_training_a_translator.ipynb) | training it, and measuring what it knows | 09 | 9 | 2¼ |
# | [11 Recurrence, convolution, attention](11_recurrence_convolution_attention.ipynb) | what attention took the place of | 05, 08 | 7 | 2 |
# | [11 Side by side](11_side_by_side.ipynb) | five ways to mix, equally large, on one task | 11 | – | ¾ |
# | [12 BERT](12_bert.ipynb) | an encoder alone: filling gaps, then few labels | 08, 10 | 9 | 2¼ |
# | [13 GPT](13_gpt.ipynb) | a decoder alone: writing on, with a cache | 09, 10 | 7 | 2 |
# | [14 Efficient attention](14_efficient_attention.ipynb) | by blocks, by windows, linear: what is exact and what is lost | 04, 13 | 8 | 2 |
# | [15 Long context](15_long_context.ipynb) | Transformer-XL and BigBird | 07, 14 | 7 | 2 |
# | [16 Induction](16_induction.ipynb) | what two layers find out and one cannot | 08, 13 | – | ¾ |
# | [16 Interpretability](16_interpretability.ipynb) | what heads do, and whether maps explain it | 16 | 6 | 1¾ |
# | [17 Graph attention](17_graph_attention.ipynb) | a mask is a graph: GAT and GATv2 | 04, 06 | 6 | 1¾ |
# | [18 Spatial attention](18_spatial_attention.ipynb) | images as tokens: ViT | 08, 12 | 9 | 2¼ |
# | [18 Windows and scales](18_windows_and_scales.ipynb) | Swin, and summaries of what is far | 18 | – | ¾ |
# | [19 Debugging attention](19_debugging_attention.ipynb) | twelve bugs that no curve shows | all | 6 | 1¾ |
#
# ## How a lesson goes
#
# 1. A question, the map, and the idea as a picture.
# 2. An example small enough to follow by hand, then a loop, then one line on whole arrays, shown to be equal.
# 3. **Predict first:** you write down a guess, then a cell measures and `claim` shows a card: a statement, the numbers that
#    were measured, whether they support it, and how far off your guess was. A wrong guess costs nothing, and a surprise teaches.
# 4. Something is broken on purpose, to see what that looks like.
# 5. Five questions, and exercises that tell you at once what is right and, often, which mistake you made.
#
# Run the cells in order, from the top, and change anything you like. If a notebook gets into a muddle, choose *Kernel → Restart
# Kernel and Run All Cells*.
#
# The rest of this lesson is about one skill that everything else needs: knowing which axis of an array is which.
#
# ## Three tokens by hand
#
# A text is cut into **tokens**, say words. For each token a model holds a vector of numbers, its **features**. Three tokens with
# two features each make an array of shape (tokens 3, features 2). To take the mean over the tokens, we average each feature
# separately: 1/3 + 3/3 + 5/3 = 3, and 10/3 + 30/3 + 20/3 = 20.

# %%
x = np.array([[1.0, 10.0],
              [3.0, 30.0],
              [5.0, 20.0]])
names = ["token 0", "token 1", "token 2"]
show(flow(names, ("x", x), ("x / 3", x / 3, "÷ 3"), result=(x / 3).sum(axis=0)),
     "Three tokens, one in each row. A third of every row, summed down the columns, is the mean "
     "over the tokens.")

# %% [markdown]
# ## The loop, then one line
#
# The loop adds up the same thirds one number at a time. NumPy's `mean` does it in one line:

# %%
def mean_loop(x):
    tokens, features = x.shape
    result = np.zeros(features)
    for token in range(tokens):
        for feature in range(features):
            result[feature] += x[token, feature] / tokens
    return result


assert np.allclose(x.mean(axis=0), mean_loop(x))
print("over the tokens  ", x.mean(axis=0), "shape", x.mean(axis=0).shape)
print("over the features", x.mean(axis=1), "shape", x.mean(axis=1).shape)

# %% [markdown]
# **`axis` names the axis that disappears.** Here axis 0 holds the tokens; averaged over it, only the features are left. The course
# draws an array as a box. Its sides are labelled with the names and sizes of the axes; larger numbers are darker.

# %%
show(blocks(("x", x, "tokens features"), "mean(axis=0)", ("means", x.mean(axis=0), "features"),
            "\n", ("x", x, "tokens features"), "mean(axis=1)", ("means", x.mean(axis=1), "tokens")),
     "The axis that is named disappears; the other one stays.")

# %% [markdown]
# ## A batch: count axes from the end
#
# Models work on many sentences at once. A **batch** of 2 sentences with 3 tokens and 5 features has shape (2, 3, 5). Now axis 0
# holds the sentences, and `mean(axis=0)` would mix one sentence with another. Counted from the end, the tokens are axis −2,
# with a batch or without. (`default_rng(0)` makes random numbers. The 0 is its **seed**: the same seed gives the same numbers.)

# %%
rng = np.random.default_rng(0)
batch = rng.normal(size=(2, 3, 5))
means = batch.mean(axis=-2)
assert np.allclose(means[1], batch[1].mean(axis=-2))
show(blocks(("batch", batch, "sentences tokens features"), "mean(axis=-2)",
            ("means", means, "sentences features")),
     "A batch is drawn as a pile of sheets, one for each sentence. Axis −2, the tokens, disappears "
     "from every sheet: each sentence is left with one row of means.")

# %% [markdown]
# In the exercises, a function's first line names the axes. `x: Float[np.ndarray, "*batch tokens features"]` means: an array of
# decimal numbers whose last two axes are tokens and features, after any number of other axes, perhaps none (`*batch`). The
# arrow `-> Float[np.ndarray, "*batch features"]` says what comes back: here the tokens have disappeared.
#
# ## Shapes that stretch
#
# When two arrays meet, NumPy aligns their shapes **at the right end**. Where one has length 1 or no axis at all, it is
# stretched. This is called **broadcasting**. To divide each row by its own sum, each sum must stay beside its row: with
# `keepdims=True` the axis stays, with length 1. Indexing with `None` puts such an axis in afterwards, wherever you write it.

# %%
sums = x.sum(axis=-1)
kept = x.sum(axis=-1, keepdims=True)
assert np.allclose(x / kept, x / sums[:, None])
print("x", x.shape, " sums", sums.shape, " kept", kept.shape, " sums[:, None]", sums[:, None].shape)
try:
    x / sums
except ValueError as error:
    print("x / sums:", error)
show(blocks(("x", x, "tokens features"), "÷", ("kept", kept, "tokens features"), "=",
            ("x / kept", x / kept, "tokens features"), "\n",
            ("x", x, "tokens features"), "÷", ("sums", sums, "tokens", 1, "tokens"),
            "✗ shapes\ndo not fit"),
     "With keepdims the sums are a column, one number wide, and it is stretched across the "
     "features. Without, they are a row of 3 that meets rows of 2.")

# %% [markdown]
# An error is lucky: you see it at once. With as many tokens as features, `x / sums` runs and gives wrong numbers:

# %%
square = np.array([[1.0, 3.0],
                   [6.0, 2.0]])
right = square / square.sum(axis=-1, keepdims=True)
wrong = square / square.sum(axis=-1)
figure, (left_axes, right_axes) = canvas(2, height=2.4)
words = {"row_axis": "tokens", "column_axis": "features", "role": "tokens", "largest": 1.5}
heatmap(left_axes, right, title="with keepdims", good=True, **words)
heatmap(right_axes, wrong, title="without", good=False, wrong=~np.isclose(wrong, right), **words)
show(figure, "A 2 × 2 array divided by its row sums 4 and 8. With keepdims each row sums to 1. "
             "Without, the first column was divided by 4 and the second by 8: no error appears, "
             "and two numbers are wrong.")

# %% [markdown]
# ## Exchange two axes, and only two
#
# Soon there will be tables of numbers with **queries** down and **keys** across, one table for each sentence. Three ways to
# exchange rows and columns in each table come to mind. Only one is right. Follow the number 3: it is at query 0, key 2 of the
# first sentence, and belongs at key 2, query 0.

# %%
table = np.arange(1, 25).reshape(4, 2, 3)  # sentences, queries, keys
right, reshaped, turned = np.swapaxes(table, -1, -2), table.reshape(4, 3, 2), table.T
print("shapes:", table.shape, right.shape, reshaped.shape, turned.shape)
figure, panels = canvas(4, height=2.6)
look = {"role": "scores", "largest": 30}
exchanged = {"row_axis": "keys", "column_axis": "queries"}
heatmap(panels[0], table[0], title="table[0]", **look)
heatmap(panels[1], right[0], title="swapaxes", good=True, **look, **exchanged)
heatmap(panels[2], reshaped[0], title="reshape", good=False, wrong=reshaped[0] != right[0],
        **look, **exchanged)
heatmap(panels[3], turned[0], title=".T", good=False, wrong=turned[0] > 6, row_axis="queries",
        column_axis="sentences", **look)
show(figure, "The first part of a table of 4 sentences, 2 queries, 3 keys, and of three results. "
             "Numbers in the wrong place, or from other sentences, are crossed out.")

# %% [markdown]
# `swapaxes(-1, -2)` exchanges the last two axes. `reshape` gives the right shape, but leaves the numbers in reading order, so
# most of them end up with the wrong query and key. `.T` reverses the order of *all* axes, the batch included: its first part
# holds numbers from all four sentences.
#
# ## How many mistakes does a shape give away?
#
# Suppose we want the mean over the tokens of an array (batch, tokens, features). A confused programmer may put the three axes in
# any of 6 orders first, and then average over any of the 3: that makes 18 programs, of which 15 are wrong.
#
# **Predict first:** all three sizes are 4. How many of the 15 wrong programs can be recognised by the shape of their result?

# %%
guess_noticed = None  # your guess, from 0 to 15

# %% tags=["claim:distinct-sizes"]
def noticed(*sizes):
    """How many wrong programs there are, and how many of them return a wrong shape."""
    data = np.random.default_rng(1).normal(size=sizes)
    right = data.mean(axis=-2)
    ways = [(order, axis) for order in permutations(range(3)) for axis in range(3)]
    results = [data.transpose(order).mean(axis=axis) for order, axis in ways]
    wrong = [got for got in results if got.shape != right.shape or not np.allclose(got, right)]
    return len(wrong), sum(got.shape != right.shape for got in wrong)


(wrong, equal), (_, distinct) = noticed(4, 4, 4), noticed(2, 3, 5)
claim("00.distinct-sizes", guess_noticed, wrong=wrong, equal=equal, distinct=distinct)

# %% [markdown]
# A shape is a list of sizes without names. It can tell axes apart only where their sizes differ. That is why the examples and
# checks of this course prefer sizes such as 2, 3, 5 and 7. Do the same when you try things out.
#
# ## Why not simply loop?
#
# A loop says plainly what is meant, and so most lessons write one first. But Python handles the numbers one at a time, while NumPy
# hands the whole array to compiled code. Ratios differ from machine to machine; what counts is the order of magnitude.
#
# **Predict first:** for 300 tokens with 64 features, how many times faster is `mean(axis=0)` than `mean_loop`?

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
loop, whole = best_seconds(mean_loop, large), best_seconds(lambda array: array.mean(axis=0), large)
claim("00.array-speed", guess_speed, factor=loop / whole)

# %% [markdown]
# ## What a check tells you
#
# In an exercise notebook you write a function and run the check cell below it. Here is an answer that averages over the wrong axis:

# %%
def mean_over_tokens(x):
    return x.mean(axis=-1)


check("00.mean_over_tokens")

# %% [markdown]
# The card says which checks passed, names the mistake if it is a known one, and shows an input, what was expected and what your
# function gave. A hint asks or points; it never gives the answer away. `hint("00.mean_over_tokens")` gives more, one step at a time.
#
# `progress()` shows your points and what to do next, in any notebook. (In a terminal, *File → New → Terminal*, the same is
# `selfattention status`; `selfattention reset 00` gives you a fresh copy of the exercises and keeps yours.)

# %%
progress()

# %% [markdown]
# Every lesson ends with `tally()`, which shows your guesses beside what was measured:

# %%
tally()

# %% [markdown]
# ## What to take along
#
# - `axis` names the axis that disappears; count axes from the end, so that a batch may stand in front.
# - Shapes are aligned at the right end; `keepdims=True` keeps an axis in its place, `None` puts one in.
# - `swapaxes(-1, -2)` exchanges the last two axes; `.T` reverses the order of all of them, and `reshape` keeps the reading order.
# - Equal sizes hide mistakes. Use different ones.
#
# ## Five questions
#
# <details><summary>1. x has shape (2, 3, 5). What is the shape of <code>x.sum(axis=-1)</code>?</summary>
#
# (2, 3): the last axis, of length 5, has disappeared.
# </details>
# <details><summary>2. An array (2, 3, 5) meets one of shape (5,), and then one of shape (3,). Which of the two fits?</summary>
#
# (5,): shapes are aligned at the right end, where the first array has 5. The other fits as (3, 1), which `[:, None]` makes of it.
# </details>
# <details><summary>3. For which tables do <code>reshape</code> and <code>swapaxes</code> give the same result, whatever the numbers are?</summary>
#
# For those with a single row or a single column: then there is only one reading order.
# </details>
# <details><summary>4. A batch x has shape (7, 3, 5). Why is <code>x.mean(axis=0)</code> wrong for the mean over the tokens, though it is right for one sentence?</summary>
#
# In the batch, axis 0 holds the sentences. Axis −2 holds the tokens in both.
# </details>
# <details><summary>5. Your function passes its test at sizes (4, 4). What have you learned about its axes?</summary>
#
# If only the shape was tested, nothing. Test the numbers as well, and at sizes that differ.
# </details>
#
# ## Where to read on
#
# Harris and others, *Array programming with NumPy*: axes, broadcasting and views in a few pages. Rush, *Tensor Puzzles*: shapes as riddles
# ([bibliography](bibliography.ipynb)). If you do not know a word, look it up in the [glossary](glossary.ipynb).
#
# Now do the [exercises](../exercises/00_exercises_start_here.ipynb), then go on to [01 · Dot products](01_dot_products.ipynb).
