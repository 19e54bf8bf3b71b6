# %% [markdown]
# # 01 · Dot products
#
# A memory holds many items. Someone asks a blurred question: a picture seen through rain, a word half understood. **Which
# item is meant?**
#
# Attention answers by comparing. Each item has a **key**, a vector that says what it can be found by, and a **value**, a vector
# that says what it holds. The question is a **query**, a vector like the keys. This chapter measures how far a comparison as
# simple as the dot product gets.

# %%
import inspect

import numpy as np

from selfattention import arrays
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, lines, show

np.set_printoptions(precision=2, suppress=True)

# %% [markdown]
# ## Three keys by hand
#
# Three items, described by four features: has fur, barks, has wheels, is loud. The query has fur and barks a little.

# %%
names = ["cat", "dog", "car"]
keys = np.array([[1.0, 0.0, 0.0, 0.0],
                 [1.0, 1.0, 0.0, 1.0],
                 [0.0, 0.0, 1.0, 1.0]])
query = np.array([0.9, 0.4, 0.1, 0.2])

# %% [markdown]
# The **dot product** multiplies number by number and adds up: $q \cdot k = \sum_i q_i k_i$. For the dog:
# 0.9 · 1 + 0.4 · 1 + 0.1 · 0 + 0.2 · 1 = 1.5. For the cat 0.9, for the car 0.3. The larger this **score**, the better the match.
#
# ## The loop, then the array

# %%
def scores_loop(queries, keys):
    result = np.zeros((len(queries), len(keys)))
    for i, query in enumerate(queries):
        for j, key in enumerate(keys):
            for a, b in zip(query, key):
                result[i, j] += a * b
    return result


queries = np.array([query, [0.5, 0.5, 0.5, 0.5]])
print(scores_loop(queries, keys))

# %% [markdown]
# Queries have shape (queries, d), keys (keys, d); d is the **width**, how many numbers a vector has. Row $i$, column $j$ of the
# scores belongs to query $i$ and key $j$, so the scores have shape (queries, keys). That is a product of matrices, with the
# keys transposed: $S = QK^\top$. `@` sums over the last axis of the left side and the last but one of the right.

# %%
assert np.allclose(queries @ keys.T, scores_loop(queries, keys))
print("queries", queries.shape, "keys", keys.shape, "scores", (queries @ keys.T).shape)

# %% [markdown]
# With a batch in front, `.T` would turn *all* axes round. The course's own function exchanges only the last two, and says
# clearly when the widths do not fit:

# %%
print(inspect.getsource(arrays.scores))
batch_of_queries, batch_of_keys = np.stack([queries, 2 * queries]), np.stack([keys, keys[::-1]])
assert np.allclose(arrays.scores(batch_of_queries, batch_of_keys)[1], scores_loop(2 * queries, keys[::-1]))

# %% [markdown]
# ## What is mixed: the values
#
# Scores say who matches. What comes *out* is made of values. Suppose each item's value is what it eats, in (milk, meat), and
# the scores of a query have been turned into **weights** that sum to 1 (how: next chapter). Then it reads the **weighted mean** of
# the values:

# %%
values = np.array([[0.8, 0.2],
                   [0.1, 0.9],
                   [0.0, 0.0]])
weights = np.array([[0.35, 0.60, 0.05]])
by_hand = 0.35 * values[0] + 0.60 * values[1] + 0.05 * values[2]
assert np.allclose(weights @ values, by_hand)
print("weights", weights.shape, "@ values", values.shape, "→", (weights @ values).shape, by_hand)

# %% [markdown]
# You may read elsewhere that *the keys are the weights and the values are what we predict*. Neither is so. Queries are matched
# **with** keys, the match becomes the weight, and values are what is mixed. What a model should predict, the target, appears in
# none of the three: it comes in only when a loss compares the output with it.
#
# Below, one query takes the value of its best key. Other values change what is read, not who is found; other keys change who is
# found, not what is stored:

# %%
def found_and_read(keys, values):
    place = arrays.scores(queries[:1], keys).argmax()
    return f"found at place {place}, reads {values[place]}"


print("as stored:                  ", found_and_read(keys, values))
print("other values, the same keys:", found_and_read(keys, values[[2, 0, 1]]))
print("other keys, the same values:", found_and_read(keys[[1, 2, 0]], values))

# %% [markdown]
# ## Strangers are almost orthogonal
#
# A key is easy to find if no other key looks like it by accident. The **cosine** is the dot product divided by both lengths:
# 1 for equal directions, 0 for a right angle, −1 for opposite ones. **Predict first:** two random vectors with 512 numbers each:
# what is the size of their cosine, sign left out, on average?

# %%
guess_cosine = None  # your guess, between 0 and 1

# %% tags=["claim:almost-orthogonal"]
def mean_cosine(d, rng):
    one, other = rng.normal(size=(2, 10_000, d))
    cosines = (one * other).sum(axis=-1) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1)
    return np.abs(cosines).mean()


rng = np.random.default_rng(0)
cosines = {d: mean_cosine(d, rng) for d in (8, 128, 512)}
narrow, middle = Measured(cosines[8], digits=1, above=0.2), Measured(cosines[128], digits=2)
fall = Measured(cosines[128] / cosines[512], digits=1, above=1.8, below=2.2)
guessed(guess_cosine, Measured(cosines[512], digits=3))
claim("random vectors are almost orthogonal: four times as many numbers, half the cosine",
      f"mean size of the cosine: {narrow} at d = 8, {middle} at 128, {fall} times smaller at 512", narrow, middle, fall)

# %% [markdown]
# It falls like $1/\sqrt d$. So there is room for many keys that do not disturb each other.
#
# ## Finding through noise
#
# Now the measurement this chapter is about. A memory holds 100 random keys. A query is one of them **plus noise**: to each of
# its numbers a random one is added that is as large as the number itself, on average. Signal and noise are equally strong. We
# take the key with the largest dot product. Picking blindly would be right once in 100.
#
# **Predict first:** how often is it right when the vectors have 64 numbers?

# %%
guess_accuracy = None  # your guess, between 0 and 1

# %%
def accuracy(d, noise, rng, items=100, trials=40):
    """The share of queries, each a key plus noise, that find their own key among `items`."""
    keys = rng.normal(size=(trials, items, d))
    queries = keys + noise * rng.normal(size=keys.shape)
    found = arrays.scores(queries, keys).argmax(axis=-1)
    return (found == np.arange(items)).mean()


# %% tags=["claim:width-beats-noise"]
rng = np.random.default_rng(2)
at_4 = Measured(accuracy(4, 1.0, rng), digits=1, below=0.35)
at_64 = Measured(accuracy(64, 1.0, rng), digits=2, above=0.95)
guessed(guess_accuracy, at_64)
claim("the wider the vectors, the more noise the dot product sees through",
      f"with noise as strong as the signal, found among 100: {at_4} at d = 4, {at_64} at d = 64", at_4, at_64)

# %% [markdown]
# The reason: in the score with its own key the signal adds up like $d$, because a number times itself is never negative. What
# disturbs, the noise and the strangers, adds up only like $\sqrt d$, because its signs are random and largely cancel.
# The whole curve, for three strengths of noise:

# %%
widths = [1, 2, 4, 8, 16, 32, 64, 128, 256]
rng = np.random.default_rng(3)
curves = {f"noise {noise:g} × signal": [accuracy(d, noise, rng, trials=12) for d in widths]
          for noise in (0.5, 1, 3)}
figure, axes = canvas(height=3.2)
lines(axes, widths, curves, xlabel="numbers in each vector, d", ylabel="share found among 100", log_x=True)
axes.set_xticks(widths, widths)
axes.minorticks_off()
axes.axhline(0.01, color="0.4", linewidth=1, linestyle=":")
axes.text(40, 0.03, "blind guess: 0.01", color="0.3")
show(figure, "Share of queries that find their own key among 100, against the width of the vectors, for three strengths of "
             "noise. All curves rise from almost nothing at d = 1 towards 1, the one with the most noise last.")

# %% [markdown]
# The third curve looks like the second one, moved to the right. **Predict:** with three times the noise, how many times as wide must the
# vectors be to be found as often as before?

# %%
guess_wider = None  # your guess, a factor

# %% tags=["claim:width-pays-for-noise"]
rng = np.random.default_rng(5)
before = accuracy(16, 1.0, rng)
noisy = {factor: accuracy(factor * 16, 3.0, rng) for factor in range(1, 13)}
needed = min(noisy, key=lambda factor: abs(noisy[factor] - before))
factor = Measured(needed, exactly=5)
found = Measured(before, digits=1), Measured(noisy[1], digits=1, below=0.2), Measured(noisy[needed], digits=1)
guessed(guess_wider, factor, "times")
claim("three times the noise is made up for by five times the width",
      f"found: {found[0]} at d = 16; with three times the noise {found[1]}, and {found[2]} at d = {needed * 16}",
      factor, *found)

# %% [markdown]
# Why five? A stranger's score is the key times the *whole* query, signal and noise. Independent parts add by their squares: $1^2 + 1^2 = 2$
# before, $1^2 + 3^2 = 10$ after, five times as much. And what counts is $d$ against that sum.

# %% [markdown]
# ## Break it on purpose: long keys win
#
# $q \cdot k = |q|\,|k| \cos\alpha$, where $\alpha$ is the angle between them: a dot product rewards the length $|k|$ of the key
# as well as its direction. Make some keys longer than others, and ask with random queries that mean none of them. If only
# directions counted, the longest tenth of the keys would win one time in ten.
#
# **Predict first:** what share of the queries do they win, if lengths are spread evenly between 0.5 and 2?

# %%
guess_long = None  # your guess, between 0 and 1

# %% tags=["claim:long-keys-win"]
rng = np.random.default_rng(4)
directions = rng.normal(size=(50, 100, 16))  # 50 memories of 100 keys
directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
lengths = np.sort(rng.uniform(0.5, 2.0, size=(50, 100, 1)), axis=1)  # the longest ten come last
random_queries = rng.normal(size=(50, 200, 16))
won = (arrays.scores(random_queries, directions * lengths).argmax(axis=-1) >= 90).mean()
won_fairly = (arrays.scores(random_queries, directions).argmax(axis=-1) >= 90).mean()
share, fair = Measured(won, digits=1, above=0.2), Measured(won_fairly, digits=1, below=0.15)
guessed(guess_long, share)
claim("a dot product prefers long keys, whatever is asked",
      f"the longest tenth of the keys wins {share} of random queries, and {fair} once all have length 1", share, fair)

# %% [markdown]
# That is not always a fault: a model can *learn* to give an important key more length. But when nothing was meant by the
# length, it is a bias.
#
# ## A picture of scores
#
# Queries go down, keys go across. The course draws all its matrices this way.

# %%
figure, axes = canvas(width=4.6, height=2.2)
heatmap(axes, arrays.scores(queries, keys), queries=["furry, barks a bit", "a bit of all"], keys=names)
show(figure, "Scores of two queries (down) against the keys cat, dog and car (across). The first query scores highest, 1.5, "
             "with the dog, and so does the undecided second one.")

# %% [markdown]
# Look at the second row: the query that means nothing in particular scores highest with the dog, whose key is the longest.
#
# ## What to take along
#
# - A dot product compares a query with a key; $QK^\top$ compares all with all and has shape (queries, keys).
# - Values are mixed by weights; they have no say in who is found.
# - Wide random vectors hardly disturb each other: the wider, the more noise is seen through.
# - Long keys win. And scores are not yet weights: they can be negative, and they sum to anything.
#
# Now do the [exercises](../exercises/01_dot_products.ipynb), then go on to [02 · Softmax](02_softmax.ipynb).
