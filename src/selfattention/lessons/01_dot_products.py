# %% [markdown]
# # 01 · Dot products
#
# A memory holds many items. Someone asks a blurred question: a picture seen through rain, a word half understood.
#
# **Which item is meant?**
#
# Attention answers by comparing. Each item has a **key**, a vector by which it can be found, and a **value**, a vector
# that says what it holds. The question is a **query**, a vector like the keys.

# %%
import numpy as np

from selfattention import arrays
from selfattention.claims import claim, tally
from selfattention.plots import arrows, blocks, canvas, course_map, flow, heatmap, lines, show
from selfattention.source import show_source

np.set_printoptions(precision=2, suppress=True)
show(course_map(1), "Where we are: inside each attention, the scores and the mixing of the values.")

# %% [markdown]
# ## The idea in one picture
#
# Three items with two features each: how much fur it has, and how loud it is. Someone asks for something furry that is a bit loud.

# %%
names = ["cat", "dog", "car"]
keys = np.array([[1.0, 0.0],
                 [0.8, 0.8],
                 [0.0, 1.0]])
query = np.array([0.7, 0.5])
vectors = {"query": query} | dict(zip(names, keys))
roles = {"query": "queries"} | dict.fromkeys(names, "keys")
show(arrows(vectors, roles=roles, angles=[("query", "dog"), ("query", "cat"), ("query", "car")]),
     "Fur to the right, loudness up. The query points almost where the dog points, less towards "
     "the cat, and least towards the car. The smaller the angle, the better the match.")

# %% [markdown]
# Vectors that point the same way match. This chapter turns "the same way" into a number, and measures how much noise it can stand.
# (**Noise**: random numbers added to what is meant.)
#
# ## Three keys by hand
#
# The **dot product** multiplies number by number and adds up: $q \cdot k = \sum_i q_i k_i$. For the dog, 0.7 · 0.8 + 0.5 · 0.8 = 0.96.
# The larger this **score**, the better the match.

# %%
show(flow(names, ("key", keys), ("products", keys * query, "× query"),
          ("score", (keys * query).sum(axis=-1), "add up"), query=query),
     "The query against each key: multiply feature by feature, then add up. The dog has the "
     "largest score.")

# %% [markdown]
# What has that to do with angles? Two vectors of lengths $|q|$ and $|k|$ with the angle $\alpha$ between them have the dot product
#
# $$q \cdot k = |q|\,|k| \cos\alpha.$$
#
# The length $|q|$ is the root of the sum of the squares of the vector's numbers; for our query it is $\sqrt{0.7^2 + 0.5^2} = 0.86$.
#
# It is positive below 90°, zero at a right angle (such vectors are called **orthogonal**), and negative beyond. Divided by both lengths, it is
# $\cos\alpha$ alone, the **cosine**: 1 for equal directions, 0 for a right angle, −1 for opposite ones.
#
# ## The loop, then the array
#
# Four queries now meet the three keys. The loop computes one score at a time; the last line checks that one product of matrices gives the same:

# %%
def scores_loop(queries, keys):
    result = np.zeros((len(queries), len(keys)))
    for i, query in enumerate(queries):
        for j, key in enumerate(keys):
            for a, b in zip(query, key):
                result[i, j] += a * b
    return result


questions = ["rather furry", "loud", "a bit of both", "bald and quiet"]
queries = np.array([query, [0.0, 1.0], [0.5, 0.5], [-0.5, -0.5]])
assert np.allclose(queries @ keys.T, scores_loop(queries, keys))

# %% [markdown]
# Queries have shape (queries, d), keys (keys, d); $d$ is the **width**, how many numbers a vector has. The scores have a row for each
# query and a column for each key. That is a product of matrices, with the keys transposed: $S = QK^\top$. `@` sums over the last axis of
# the left side and the last but one of the right.

# %%
show(blocks(("queries", queries, "queries d"), "@", ("keysᵀ", keys.T, "d keys"), "=",
            ("scores", queries @ keys.T, "queries keys")),
     "All queries against all keys in one product: the width d disappears, queries and keys "
     "remain.")
figure, axes = canvas(width=4.8, height=2.6)
heatmap(axes, queries @ keys.T, queries=questions, keys=names, role="scores")
show(figure, "Scores of four queries (down) against three keys (across). The query for the "
             "opposite of furry and loud scores below zero everywhere.")

# %% [markdown]
# Queries go down, keys go across: the course draws all its matrices this way.
#
# ## What is mixed: the values
#
# Scores say which item matches. What comes *out* is made of values. Suppose each item's value says what it eats, as (milk, meat), and
# the scores of a query have been turned into **weights** that sum to 1 (the next chapter shows how). Then the query reads the
# **weighted mean** of the values: each value times its weight, added up.

# %%
values = np.array([[0.8, 0.2],
                   [0.1, 0.9],
                   [0.0, 0.0]])
weights = np.array([0.35, 0.60, 0.05])
assert np.allclose(weights @ values, 0.35 * values[0] + 0.60 * values[1] + 0.05 * values[2])
show(flow(names, ("weight", weights), ("value", values), ("w · v", weights[:, None] * values, "×"),
          result=weights @ values),
     "Each value counts as much as its weight. The sum is the output: mostly what the dog eats, "
     "and some of what the cat does.")

# %% [markdown]
# You may read elsewhere that *the keys are the weights and the values are what we predict*. Neither is true. Queries are matched **with**
# keys, the match becomes the weight, and values are what is mixed. What a model should predict, the *target*, is none of the three: it comes
# in only later, when a [loss](glossary.ipynb#loss), a number that says how wrong an output is, compares the output with it.
#
# Below, one query takes the value of its best key. Other values change what is read, not which item is found. Other keys change which item
# is found, not what is stored:

# %%
def found_and_read(keys, values):
    place = (keys @ queries[0]).argmax()
    return f"found at place {place}, reads {values[place]}"


print("as stored:                  ", found_and_read(keys, values))
print("other values, the same keys:", found_and_read(keys, values[[2, 0, 1]]))
print("other keys, the same values:", found_and_read(keys[[1, 2, 0]], values))

# %% [markdown]
# ## Strangers
#
# A key is easy to find if no other key, no *stranger*, looks like it by accident. In the plane, two random arrows often point in similar
# directions. What about wider vectors?
#
# **Predict first:** take two random vectors with 512 numbers each. How large is their cosine on average, if its sign is ignored?

# %%
guess_cosine = None  # your guess, between 0 and 1

# %% tags=["claim:almost-orthogonal"]
def mean_cosine(d, rng):
    one, other = rng.normal(size=(2, 10_000, d))
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.abs((one * other).sum(axis=-1) / lengths).mean()


rng = np.random.default_rng(0)
narrow, middle, wide = (mean_cosine(d, rng) for d in (8, 128, 512))
claim("01.almost-orthogonal", guess_cosine, narrow=narrow, middle=middle, wide=wide,
      fall=middle / wide)

# %% [markdown]
# A dot product of strangers adds up $d$ products with random signs. They largely cancel, so the sum grows only like $\sqrt d$. The product of
# the two lengths grows like $d$. So the cosine shrinks like $1/\sqrt d$: there is room for many keys that hardly disturb each other.
#
# ## Finding through noise
#
# Now the main measurement of this chapter. A memory holds 100 random keys. A query is one of them **plus noise**: to each of its numbers a
# random number of the same typical size is added. We call that noise 1. Then we take the key with the largest dot product. A blind guess
# would be right once in 100.
#
# **Predict first:** what share of the queries find their own key if the vectors have 64 numbers?

# %%
guess_accuracy = None  # your guess, between 0 and 1

# %% tags=["claim:width-against-noise"]
def accuracy(d, noise, rng, items=100, trials=40):
    """The share of queries, each a key plus noise, that find their own key among `items`."""
    keys = rng.normal(size=(trials, items, d))
    queries = keys + noise * rng.normal(size=keys.shape)
    found = arrays.scores(queries, keys).argmax(axis=-1)
    return (found == np.arange(items)).mean()


rng = np.random.default_rng(2)
narrow, wide = accuracy(4, 1.0, rng), accuracy(64, 1.0, rng)
claim("01.width-against-noise", guess_accuracy, narrow=narrow, wide=wide)

# %% [markdown]
# In the score with the query's own key, the signal adds up like $d$, because a number times itself is never negative. The disturbances, from
# noise and strangers, add up only like $\sqrt d$. So every additional number helps.
#
# Now make the noise three times as strong as the signal: noise 3. Fewer queries find their key. Wider vectors can make up for it.
#
# **Predict first:** how many times as wide must the vectors be so that as many queries find their key as with noise 1?

# %%
guess_wider = None  # your guess, a factor

# %% tags=["claim:noise-and-width"]
def times_wider(d, noise):
    """The share found before, then with tripled noise, and the factor that makes up for it."""
    rng = np.random.default_rng(5)
    before = accuracy(d, noise, rng)
    noisy = {factor: accuracy(factor * d, 3 * noise, rng) for factor in range(1, 13)}
    return before, noisy[1], min(noisy, key=lambda factor: abs(noisy[factor] - before))


before, narrow, factor = times_wider(16, noise=1)
weak = times_wider(16, noise=1 / 3)[-1]
claim("01.noise-and-width", guess_wider, before=before, narrow=narrow, factor=factor,
      weak=weak)

# %% [markdown]
# Why? A stranger's score is its key times the *whole* query, signal and noise. Its typical size is told by the **variance**: for numbers whose
# mean is 0, the mean of their squares. Variances of independent parts add up; the variance of a product of two independent numbers with mean 0
# is the product of their variances. Our random numbers have variance 1. So one number of the query has the variance $1 + \text{noise}^2$, its
# product with a stranger's number has the same, and the stranger's score, a sum of $d$ such products, has $d\,(1 + \text{noise}^2)$. The signal, $d$, has to stand out against the root of that. The ratio of the two is
#
# $$\frac{d}{\sqrt{d\,(1 + \text{noise}^2)}} = \sqrt{\frac{d}{1 + \text{noise}^2}}.$$
#
# So the width that is needed grows like $1 + \text{noise}^2$. From noise 1 to 3 that is a factor of 10 / 2. From 1/3 to 1 it is 2 / (10/9) = 1.8: where
# noise is weak, most of the disturbance comes from the strangers' products with the signal itself, and more noise does not make them larger. When noise
# is very strong, tripling it takes nearly nine times the width. If the formula is right, curves drawn against $d / (1 + \text{noise}^2)$ must nearly coincide
# (only nearly: it leaves out that the score with the query's own key varies too, and widths are whole numbers):

# %%
widths, ratios = [2, 4, 8, 16, 32, 64, 128, 256], [1, 2, 4, 8, 16, 32]
rng = np.random.default_rng(3)
by_width, by_ratio = {}, {}
for noise in (0.5, 1, 3):
    fitting = [round(ratio * (1 + noise**2)) for ratio in ratios]
    by_width[f"noise {noise:g}"] = [accuracy(d, noise, rng, trials=12) for d in widths]
    by_ratio[f"noise {noise:g}"] = [accuracy(d, noise, rng, trials=12) for d in fitting]
figure, (left, right) = canvas(2, height=3.2)
lines(left, widths, by_width, xlabel="width d", ylabel="share found among 100", log_x=True,
      below=True)
lines(right, ratios, by_ratio, xlabel="d / (1 + noise²)", ylabel="", log_x=True, below=True)
show(figure, "Share of queries that find their own key among 100, for three strengths of noise. "
             "Against the width (left) each noise has its own curve. Against the width divided by "
             "1 + noise² (right) the curves nearly coincide.")

# %% [markdown]
# ## Break it on purpose: long keys win
#
# A dot product rewards the length $|k|$ of a key as well as its direction. Here the dog is described by larger numbers, and someone asks for
# something furry and quiet:

# %%
loud_dog, quiet = 1.5 * keys[1], np.array([1.0, 0.3])
angles = [("query", "cat"), ("query", "dog")]
title = f"scores: cat {quiet @ keys[0]:.2f}, dog {quiet @ loud_dog:.2f}"
three = {"query": quiet, "cat": keys[0], "dog": loud_dog}
show(arrows(three, angles=angles, roles=roles, title=title),
     f"By its angle the query is nearer to the cat. But its dot product is {quiet @ keys[0]:.2f} "
     f"with the cat, and {quiet @ loud_dog:.2f} with the dog, whose key is longer.")

# %% [markdown]
# How much does that matter? Take 100 random keys with lengths spread evenly between 0.5 and 2, and ask with random queries that mean none
# of them. If only directions counted, the longest tenth of the keys would win about one time in ten.
#
# **Predict first:** what share of the queries does the longest tenth win?

# %%
guess_long = None  # your guess, between 0 and 1

# %% tags=["claim:long-keys"]
rng = np.random.default_rng(4)
directions = rng.normal(size=(50, 100, 16))  # 50 memories of 100 keys
directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
lengths = np.sort(rng.uniform(0.5, 2.0, size=(50, 100, 1)), axis=1)  # the longest ten come last
random_queries = rng.normal(size=(50, 200, 16))
won = arrays.scores(random_queries, directions * lengths).argmax(axis=-1) >= 90
won_fairly = arrays.scores(random_queries, directions).argmax(axis=-1) >= 90
claim("01.long-keys", guess_long, share=won.mean(), fair=won_fairly.mean())

# %% [markdown]
# Length multiplies all scores of a key. With 100 keys, the winning score is practically always positive, and there length only helps. Below zero it
# hurts, but a key with a negative score would not win anyway. That long keys win is not always a fault: a model can *learn* to make an important key longer. But if
# the length means nothing, it is an unfair advantage. The cosine is free of it: it divides the lengths out.

# %% [markdown]
# ## The course's own
#
# Above, $QK^\top$ was `queries @ keys.T`. With a batch in front, `.T` would reverse the order of *all* axes (chapter 00). The course's own function,
# used in the measurements above, exchanges only the last two, and says clearly when the widths do not fit:

# %%
show_source(arrays.scores)
batch = np.stack([queries, 2 * queries]), np.stack([keys, keys[::-1]])
assert np.allclose(arrays.scores(*batch)[1], scores_loop(2 * queries, keys[::-1]))
tally()

# %% [markdown]
# ## What to take along
#
# - A dot product compares a query with a key; $QK^\top$ compares all with all and has shape (queries, keys).
# - Values are mixed by weights; they have no say in which item is found.
# - Wide random vectors hardly disturb each other. To make up for noise, the width has to grow like $1 + \text{noise}^2$.
# - Long keys win, unless you divide by the lengths.
# - Scores are not yet weights: they can be negative, and their sum can be anything.
#
# ## Five questions
#
# <details><summary>1. Queries have shape (4, 7) and keys (5, 7). What is the shape of $QK^\top$, and what is in row 2, column 3?</summary>
#
# (4, 5). The dot product of query 2 with key 3.
# </details>
# <details><summary>2. Two vectors have the dot product 0. What is the angle between them?</summary>
#
# A right angle, unless one of them consists of zeros only: that one has no direction.
# </details>
# <details><summary>3. You double all keys. Which key is found? And which cosines change?</summary>
#
# The same key: all scores double. No cosine changes.
# </details>
# <details><summary>4. You exchange the values of two items. Is another item found?</summary>
#
# No. Only queries and keys are compared. What is read from these two items changes.
# </details>
# <details><summary>5. The noise grows from 2 to 4. How many times as wide must the vectors be to be found as often?</summary>
#
# (1 + 16) / (1 + 4) = 3.4 times.
# </details>
#
# ## Where to read on
#
# Boyd and Vandenberghe, *Introduction to Applied Linear Algebra*, chapters 1 and 3: inner products (dot products), lengths and angles. Kanerva,
# *Hyperdimensional Computing*, 2009: what can be built from wide random vectors, because they are nearly orthogonal ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/01_exercises_dot_products.ipynb), then go on to [02 · Softmax](02_softmax.ipynb).
