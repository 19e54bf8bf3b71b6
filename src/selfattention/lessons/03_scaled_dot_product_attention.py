# %% [markdown]
# # 03 · Scaled dot-product attention
#
# Chapter 01 compared a query with keys. Chapter 02 turned the scores into weights. Put together, they are attention, except for one
# step between them: a single division, which the Transformer of 2017 makes in every attention.
#
# **Why divide the scores by a number?**

# %%
import math

import numpy as np

from selfattention import arrays
from selfattention.claims import claim, tally
from selfattention.plots import bars, blocks, canvas, course_map, flow, heatmap, lines, show
from selfattention.source import show_source

np.set_printoptions(precision=3, suppress=True)
show(course_map(3), "Where we are: the scale stands between the scores and the softmax.")

# %% [markdown]
# ## The idea in one picture
#
# Take eight random keys and one random query, first 4 numbers wide, then 512. Nothing was learned, so no key deserves more weight
# than the others. These are the weights that the softmax of chapter 02 makes from the bare dot products:

# %%
rng = np.random.default_rng(2)
figure, panels = canvas(2, height=2.9)
for axes, d in zip(panels, (4, 512)):
    weights = arrays.softmax(rng.normal(size=d) @ rng.normal(size=(8, d)).T)
    bars(axes, weights, title=f"vectors {d} numbers wide", xlabel="weight")
show(figure, "Weights of eight random keys for one random query. With narrow vectors several "
             "keys share the weight. With wide ones a single key takes it all, by accident.")

# %% [markdown]
# With wide vectors, the choice is made before the model has learned anything. This chapter finds out why, what it costs, and what one
# division does about it:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right) V \qquad \text{(Vaswani et al. 2017, eq. 1)}$$
#
# $Q$ holds the queries, $K$ the keys, $V$ the values, one in each row; $d_k$ is the width of queries and keys.
#
# ## Three tokens by hand
#
# One query, three keys with two numbers each, three values with one number each. The scores are 2, 0 and 1. Divided by $\sqrt 2$ they
# are 1.41, 0 and 0.71; their exponentials are 4.11, 1 and 2.03, with the sum 7.14. So the weights are 0.58, 0.14 and 0.28, and the
# output is 0.58 · 10 + 0.14 · 20 + 0.28 · 30 = 17.08 (rounded only at the end).

# %%
query = np.array([1.0, 1.0])
keys = np.array([[2.0, 0.0], [-1.0, 1.0], [0.0, 1.0]])
values = np.array([[10.0], [20.0], [30.0]])
scores = keys @ query
scaled = scores / math.sqrt(2)
weights = arrays.softmax(scaled)
output = weights @ values
show(flow(["token 0", "token 1", "token 2"], ("key", keys), ("score", scores, "· query"),
          ("scaled", scaled, "÷ √2"), ("weight", weights, "softmax"), ("value", values),
          ("w · v", weights[:, None] * values, "×"), query=query, result=output),
     "One query goes through all four steps: score, scale, softmax, mix. Each row is a token.")

# %% [markdown]
# ## The loop, then four lines
#
# The loop does what the picture shows, for every query in turn:

# %%
def attention_loop(queries, keys, values):
    outputs = []
    for query in queries:
        scores = [sum(a * b for a, b in zip(query, key)) for key in keys]
        scaled = [score / math.sqrt(len(query)) for score in scores]
        powers = [math.exp(score) for score in scaled]
        weights = [power / sum(powers) for power in powers]
        outputs.append(sum(weight * value for weight, value in zip(weights, values)))
    return np.array(outputs)


def attention(queries, keys, values):
    scores = queries @ keys.T                            # (queries, keys)
    scaled = scores / np.sqrt(keys.shape[-1])            # (queries, keys)
    weights = arrays.softmax(scaled)                     # (queries, keys), each row sums to 1
    return weights @ values                              # (queries, d_v)

# %%
rng = np.random.default_rng(3)
Q, K, V = rng.normal(size=(3, 7)), rng.normal(size=(5, 7)), rng.normal(size=(5, 11))
W = arrays.attention_weights(Q, K)
assert np.allclose(attention(Q, K, V), attention_loop(Q, K, V))
assert np.allclose(attention(Q, K, V), arrays.attention(Q, K, V))
show(blocks(("queries", Q, "queries d_k"), "@", ("keysᵀ", K.T, "d_k keys"), "=",
            ("scores", Q @ K.T, "queries keys"), "\n", ("weights", W, "queries keys"), "@",
            ("values", V, "keys d_v"), "=", ("outputs", W @ V, "queries d_v")),
     "The shapes of attention. Scores and weights have a row for each query and a column for "
     "each key; the keys disappear in the second product.")

# %% [markdown]
# There are as many outputs as queries, as wide as the values. The axis of the keys has disappeared: it was summed over.
#
# ## Why scores grow with the width
#
# Let the numbers of queries and keys be independent, with mean 0 and variance 1: their squares are 1 on average (chapter 01). A
# product of two of them has variance 1 as well: the mean of $q^2 k^2$ is the product of the means, $1 \cdot 1$. A dot product adds up $d$ such products, and variances of independent numbers add
# up. The root of the variance is the **standard deviation**: how far a number typically lies from its mean.
#
# **Predict first:** what is the standard deviation of the scores at $d = 512$, before any division?

# %%
guess_std = None  # your guess

# %% tags=["claim:score-spread"]
def score_std(d, scale):
    rng = np.random.default_rng(4)
    scores = arrays.scores(rng.normal(size=(300, d)), rng.normal(size=(300, d)))
    return (scores * scale).std()


claim("03.score-spread", guess_std, raw=score_std(512, 1), scaled=score_std(512, 512**-0.5))

# %% [markdown]
# So the variance of a score is $d$, and its standard deviation $\sqrt d$.
#
# ## What large scores do to the weights
#
# Differences of scores become *ratios* of weights: already 10 points are a factor of $e^{10}$, which is 22,026. Where scores spread so
# far, most queries give nearly all their weight to one key. Here are random queries and keys, 64 numbers wide, with and without the
# division:

# %%
rng = np.random.default_rng(5)
Q, K = rng.normal(size=(6, 64)), rng.normal(size=(7, 64))
figure, (left, right) = canvas(2, height=2.7)
unscaled, scaled = arrays.softmax(arrays.scores(Q, K)), arrays.softmax(arrays.scores(Q, K) / 8)
heatmap(left, scaled, title="divided by √64 = 8", largest=1.0, good=True)
heatmap(right, unscaled, title="unscaled", largest=1.0, good=False)
show(figure, "Attention weights of six random queries over seven random keys; blank is zero or "
             "nearly so. Scaled, several keys share a row. Unscaled, one key has nearly all.")

# %% [markdown]
# ## What it costs: most scores stop learning
#
# Chapter 02 showed that a peaked softmax hardly moves when its scores move. Inside a model, every gradient that reaches the scores has
# passed through these derivatives, $\partial w_i / \partial s_j$. Where they are almost 0, a query learns almost nothing. (A
# cross-entropy directly after the softmax is another case: chapter 02 says why.)
#
# For 10 keys the derivatives form a table of 10 × 10, the **Jacobian**. We take its size, the root of the sum of the squares, for 2,000
# queries, and of these sizes the **median**, the middle one in order. (Not the mean: where two keys nearly tie, the derivatives stay
# large, and without the scale these few queries make up most of the mean.) We differentiate by what the softmax is given, with scaling
# the scaled scores.
#
# **Predict first:** at $d = 512$, how many times larger is this median with scaling than without?

# %%
guess_gradient = None  # your guess, a factor

# %% tags=["claim:gradient-of-the-scores"]
def typical_derivative(d, scale, queries=2000, keys=10):
    """The median size of the softmax's Jacobian over random queries."""
    rng = np.random.default_rng(6)
    scores = (rng.normal(size=(queries, 1, d)) * rng.normal(size=(queries, keys, d))).sum(axis=-1)
    weights = arrays.softmax(scores * scale)
    jacobians = weights[:, :, None] * (np.eye(keys) - weights[:, None, :])
    return np.median(np.sqrt((jacobians**2).sum(axis=(1, 2))))


unscaled, scaled = typical_derivative(512, 1.0), typical_derivative(512, 512**-0.5)
claim("03.gradient-of-the-scores", guess_gradient, scaled=scaled, factor=scaled / unscaled)

# %%
widths = [2, 8, 32, 128, 512]
curves = {"scaled by 1/√d": [typical_derivative(d, d**-0.5) for d in widths],
          "unscaled": [typical_derivative(d, 1.0) for d in widths]}
figure, axes = canvas(height=3.2)
lines(axes, widths, curves, xlabel="width of queries and keys, d",
      ylabel="median size of ∂w/∂s", log_x=True, log_y=True)
show(figure, "Size of the derivatives of weights with respect to what the softmax is given, "
             "against the width. Scaled, it hardly changes; unscaled, it falls faster and faster.")

# %% [markdown]
# On the way back to $QK^\top$ the division makes the scaled gradient smaller once more, at $d = 512$ by $\sqrt{512} = 22.6$. Of the factor
# some 70 are left.
#
# ## Break it on purpose: divide by d
#
# If dividing by $\sqrt d$ is good, is dividing by $d$ better? Then the standard deviation of the scores is only $1/\sqrt d$.
#
# **Predict first:** 10 keys, $d = 512$, scores divided by $d$. How large is the largest of the ten weights on average? (Equal weights
# would be 0.10 each.)

# %%
guess_largest = None  # your guess, between 0.1 and 1

# %% tags=["claim:dividing-by-d"]
rng = np.random.default_rng(8)
Q, K = rng.normal(size=(500, 512)), rng.normal(size=(10, 512))
weights = {name: arrays.softmax(arrays.scores(Q, K) * scale)
           for name, scale in {"unscaled": 1.0, "scaled": 512**-0.5, "by_d": 1 / 512}.items()}
largest = {name: each.max(axis=-1).mean() for name, each in weights.items()}
claim("03.dividing-by-d", guess_largest, **largest)

# %%
figure, panels = canvas(3, height=2.8)
titles = {"unscaled": "unscaled", "scaled": "divided by √d", "by_d": "divided by d"}
for axes, (name, title) in zip(panels, titles.items()):
    bars(axes, weights[name][0], numbers=False, title=title, xlabel="weight")
show(figure, "The ten weights of the first query. Unscaled: one key has all. Divided by √d: the "
             "keys differ. Divided by d: they are nearly equal, and attention is a plain mean.")

# %% [markdown]
# ## What scaling does not do
#
# You may read that the scale makes attention *cheaper by reducing dimensions*. It does not: the scores keep their shape and their
# **rank** (the smallest number of rows from which all the others can be combined), and one division is added for each of them. Nor is $d$ the
# width of the model: it is the width of the keys that are compared, in **one head** (chapter 06).

# %% tags=["claim:shape-and-work"]
scores = arrays.scores(rng.normal(size=(61, 32)), rng.normal(size=(67, 32)))
scaled = scores / np.sqrt(32)
claim("03.shape-and-work", size=scaled.size, rank_before=np.linalg.matrix_rank(scores),
      rank=np.linalg.matrix_rank(scaled), extra=100 * scores.size / (scores.size * 32))

# %% [markdown]
# ## The course's own
#
# The four lines above are also what the package's own functions do; these take batches as well:

# %%
show_source(arrays.attention_weights)
batch = rng.normal(size=(2, 3, 7)), rng.normal(size=(2, 5, 7)), rng.normal(size=(2, 5, 11))
ours = arrays.attention(*batch)
assert np.allclose(ours[1], attention(*(part[1] for part in batch)))
print("batch of 2, 3 queries, 5 keys, values 11 wide →", ours.shape)
tally()

# %% [markdown]
# ## What to take along
#
# - Attention is four steps: score, scale, softmax, mix. It gives as many vectors as there are queries, as wide as the values.
# - If the numbers of random vectors have variance 1, their scores have standard deviation $\sqrt d$; divided by $\sqrt d$, it is 1.
# - With wide vectors and no scale, the softmax saturates: most queries hardly learn, and a few with near ties get large gradients. Divided
#   by $d$, random keys all look alike.
# - Scaling changes no shape and saves no work.
#
# ## Five questions
#
# <details><summary>1. Queries (3, 7), keys (5, 7), values (5, 11): what is the shape of the output?</summary>
#
# (3, 11): a row for each query, as wide as the values.
# </details>
# <details><summary>2. Your random vectors all have length 1; their numbers no longer have variance 1. How do their scores spread?</summary>
#
# Like $1/\sqrt d$: the numbers then have variance $1/d$, so a product has variance $1/d^2$, and $d$ of them add up to $1/d$.
# </details>
# <details><summary>3. All scores of a row grow by 100. What happens to the weights?</summary>
#
# Nothing: a constant added to a row changes no weight (chapter 02).
# </details>
# <details><summary>4. All scores of a row are multiplied by 100. And now?</summary>
#
# The largest takes nearly all the weight, unless another was almost equal: differences of scores become ratios of weights.
# </details>
# <details><summary>5. Why is the scale √d, and not the standard deviation measured in each batch?</summary>
#
# With a fixed number, each score depends on its own query and key alone. With a measured one, it would depend on all the others too.
# </details>
#
# ## Where to read on
#
# Vaswani et al. 2017, section 3.2.1 with footnote 4, which works out the variance ([bibliography](bibliography.ipynb)).
#
# Now do the first three of the [exercises](../exercises/03_exercises_scaled_dot_product_attention.ipynb); the fourth is in torch. Then
# [03 · From NumPy to torch](03_torch.ipynb) brings gradients, which it and the next chapters need.
