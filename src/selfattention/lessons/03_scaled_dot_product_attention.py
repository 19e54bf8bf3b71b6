# %% [markdown]
# # 03 · Scaled dot-product attention
#
# Chapter 01 compared, chapter 02 turned scores into weights. Put together they are attention:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right) V \qquad \text{(Vaswani et al. 2017, eq. 1)}$$
#
# $Q$ holds the queries, $K$ the keys, $V$ the values, one a row; $d_k$ is the width of queries and keys. Everything in it is known but one
# thing. **Why divide by $\sqrt{d_k}$?**

# %%
import inspect
import math

import numpy as np

from selfattention import arrays
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, lines, show

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## Three tokens by hand
#
# One query, three keys with two numbers each, three values with one number each. The scores are 2, 0 and 1. Divided by $\sqrt 2$ they
# are 1.414, 0 and 0.707; their exponentials are 4.113, 1 and 2.028 with the sum 7.141. So the weights are 0.576, 0.140 and 0.284, and the
# output is 0.576 · 10 + 0.140 · 20 + 0.284 · 30 = 17.08.

# %%
query = np.array([[1.0, 1.0]])
keys = np.array([[2.0, 0.0], [-1.0, 1.0], [0.0, 1.0]])
values = np.array([[10.0], [20.0], [30.0]])
scores = arrays.scores(query, keys)
weights = arrays.softmax(scores / math.sqrt(2))
print("scores", scores, " weights", weights, " output", weights @ values)

# %% [markdown]
# ## The loop, then four lines

# %%
def attention_loop(queries, keys, values):
    outputs = []
    for query in queries:
        scaled = [sum(a * b for a, b in zip(query, key)) / math.sqrt(len(query)) for key in keys]
        powers = [math.exp(score) for score in scaled]
        outputs.append(sum(power / sum(powers) * value for power, value in zip(powers, values)))
    return np.array(outputs)


def attention(queries, keys, values):
    scores = queries @ keys.T                            # (queries, keys)
    scaled = scores / np.sqrt(keys.shape[-1])            # (queries, keys)
    weights = arrays.softmax(scaled)                     # (queries, keys), each row sums to 1
    return weights @ values                              # (queries, d_v)

# %%
rng = np.random.default_rng(3)
Q, K, V = rng.normal(size=(3, 7)), rng.normal(size=(5, 7)), rng.normal(size=(5, 11))
assert np.allclose(attention(Q, K, V), attention_loop(Q, K, V))
assert np.allclose(attention(Q, K, V), arrays.attention(Q, K, V))
print("queries", Q.shape, "keys", K.shape, "values", V.shape, "→", attention(Q, K, V).shape)

# %% [markdown]
# As many outputs as queries, as wide as the values. The number of keys has disappeared: it was summed over.
#
# ## Why scores grow
#
# Let the numbers of queries and keys be independent, with mean 0 and standard deviation 1. A product of two of them has the variance 1. A dot
# product adds $d$ such products, and variances of independent numbers add up: the variance of a score is $d$, its standard deviation $\sqrt d$.
#
# **Predict first:** the standard deviation of the scores at $d = 512$, without the division?

# %%
guess_std = None  # your guess

# %% tags=["claim:score-spread"]
def score_std(d, scaled, rng):
    scores = arrays.scores(rng.normal(size=(300, d)), rng.normal(size=(300, d)))
    return (scores / np.sqrt(d) if scaled else scores).std()


rng = np.random.default_rng(4)
raw = Measured(score_std(512, False, rng), digits=1, above=0.95 * math.sqrt(512), below=1.05 * math.sqrt(512))
scaled = Measured(score_std(512, True, rng), digits=2, above=0.95, below=1.05)
guessed(guess_std, raw)
claim("scores spread like √d; divided by √d they spread by 1, whatever the width",
      f"standard deviation at d = 512: {raw} before, {scaled} after (√512 = {math.sqrt(512):.1f})", raw, scaled)

# %% [markdown]
# ## What large scores do to the weights
#
# Differences of scores become *ratios* of weights: 22 points are a factor of $e^{22}$, three thousand millions. Almost every query then gives all its
# weight to one key, before anything was learned. The same random queries and keys, 64 wide:

# %%
rng = np.random.default_rng(5)
Q, K = rng.normal(size=(6, 64)), rng.normal(size=(8, 64))
figure, (left_axes, right_axes) = canvas(2, width=7.6, height=2.8)
heatmap(left_axes, arrays.softmax(arrays.scores(Q, K)), title="unscaled", largest=1.0)
heatmap(right_axes, arrays.softmax(arrays.scores(Q, K) / 8), title="divided by √64 = 8", largest=1.0)
show(figure, "Attention weights of six random queries over eight random keys, 64 numbers wide. Unscaled (left), each row has nearly all its weight "
             "on one key. Scaled (right), the weight is spread over several keys.")

# %% [markdown]
# ## The gradient that saturation kills
#
# Chapter 02 showed that a peaked softmax hardly moves when its scores move. So its scores hardly learn. Measure it: the derivatives
# $\partial w_i / \partial s_j$ of the weights by the scores that enter the softmax, as one size (the root of the sum of squares), for 10 keys.
#
# **Predict first:** at $d = 512$, how many times larger is this derivative with scaling than without, for a typical (median) query?

# %%
guess_gradient = None  # your guess, a factor

# %% tags=["claim:saturation-kills-gradient"]
def typical_derivative(d, scale, rng, queries=2000, keys=10):
    """The median size of the softmax's Jacobian over random queries."""
    scores = (rng.normal(size=(queries, 1, d)) * rng.normal(size=(queries, keys, d))).sum(axis=-1) * scale
    weights = arrays.softmax(scores)
    jacobians = weights[:, :, None] * (np.eye(keys) - weights[:, None, :])
    return np.median(np.sqrt((jacobians**2).sum(axis=(1, 2))))


rng = np.random.default_rng(6)
unscaled, scaled = typical_derivative(512, 1.0, rng), typical_derivative(512, 512**-0.5, rng)
median, factor = Measured(scaled, digits=2, above=0.2), Measured(scaled / unscaled, above=500)
guessed(guess_gradient, factor, "times")
claim("without the scale a typical query of width 512 learns next to nothing",
      f"median derivative {median} scaled; unscaled it is {factor} times smaller", median, factor)

# %%
widths = [2, 8, 32, 128, 512]
rng = np.random.default_rng(7)
curves = {"scaled by 1/√d": [typical_derivative(d, d**-0.5, rng) for d in widths],
          "unscaled": [typical_derivative(d, 1.0, rng) for d in widths],
          "scaled by 1/d": [typical_derivative(d, 1 / d, rng) for d in widths]}
figure, axes = canvas(height=3.2)
lines(axes, widths, curves, xlabel="width of queries and keys, d", ylabel="median size of ∂weights/∂scores", log_x=True, log_y=True)
show(figure, "Median size of the derivatives of the weights by the scores, against the width, both axes logarithmic. Scaled by 1/√d it stays near 0.35 "
             "for every width, scaled by 1/d near 0.3; unscaled it falls from d = 8 on, to below 0.001 at d = 512.")

# %% [markdown]
# ## Break it on purpose: divide by d
#
# If some is good, is more better? Dividing by $d$ also keeps the derivative alive. But now the scores are squeezed together, and all keys look
# alike: the weights are almost equal, and attention is a plain mean.

# %% tags=["claim:dividing-by-d"]
rng = np.random.default_rng(8)
Q, K = rng.normal(size=(500, 512)), rng.normal(size=(10, 512))
largest = {}
for name, scale in {"1": 1.0, "1/√d": 512**-0.5, "1/d": 1 / 512}.items():
    weights = arrays.softmax(arrays.scores(Q, K) * scale)
    largest[name] = weights.max(axis=-1).mean()
    print(f"scale {name:5} largest weight {largest[name]:.2f}   entropy {arrays.entropy(weights).mean():.2f} nats")
print(f"equal weights over 10 keys: 0.10, entropy log 10 = {math.log(10):.2f} nats")
unscaled, by_d = Measured(largest["1"], digits=2, above=0.9), Measured(largest["1/d"], digits=2, below=0.12)
scaled = Measured(largest["1/√d"], digits=2, above=0.2, below=0.6)
claim("dividing by d instead of √d makes all keys look alike",
      f"mean largest of 10 weights at d = 512: {unscaled} unscaled, {scaled} with √d, {by_d} with d",
      unscaled, scaled, by_d)

# %% [markdown]
# ## What scaling does not do
#
# One reads that the scale makes attention *cheaper by reducing dimensions*. Look: the scores keep their shape and their rank, and one division for
# each of them is added. It keeps the softmax from saturating, no more and no less. Nor is $d$ the width of the model: it is the width of
# the keys that are compared, in **one head** (chapter 06).

# %% tags=["claim:scaling-reduces-nothing"]
scores = arrays.scores(rng.normal(size=(61, 32)), rng.normal(size=(67, 32)))
scaled = scores / np.sqrt(32)
before = np.linalg.matrix_rank(scores)
size, rank = Measured(scaled.size, exactly=scores.size), Measured(np.linalg.matrix_rank(scaled), exactly=before)
extra = Measured(100 * scores.size / (scores.size * 32), digits=0)
claim("scaling reduces no dimension and saves no work",
      f"shape {scores.shape} and rank {before} before, {scaled.shape} and {rank} after; {extra} % more multiplications",
      size, rank, extra)

# %% [markdown]
# ## The same in torch
#
# From here on the course uses torch, because it computes gradients. A tensor behaves much like an array; `axis` is called `dim`. The course's function is
# the same formula, for any batch axes, and with a mask, which is the subject of the next chapter:

# %%
import torch
from torch.nn.functional import scaled_dot_product_attention

import selfattention.attention as course

print(inspect.getsource(course.attention_weights).split('"""')[2])

# %%
generator = torch.Generator().manual_seed(9)
queries, keys, values = (torch.randn(2, *size, generator=generator, dtype=torch.float64) for size in ((3, 7), (5, 7), (5, 11)))
ours = course.attention(queries, keys, values)
torch.testing.assert_close(ours, scaled_dot_product_attention(queries, keys, values))
np.testing.assert_allclose(ours.numpy(), arrays.attention(queries.numpy(), keys.numpy(), values.numpy()))
print("equal to NumPy and to torch's own, shape", tuple(ours.shape))

# %% [markdown]
# ## What to take along
#
# - Attention is four steps: score, scale, softmax, mix. Out come as many vectors as there are queries, as wide as the values.
# - Scores of unit-sized vectors spread like $\sqrt d$. Divided by $\sqrt d$ they spread by 1.
# - Unscaled, the softmax saturates and its scores stop learning. Divided by $d$, all keys look alike.
# - Scaling changes no shape and saves no work.
#
# Now do the [exercises](../exercises/03_scaled_dot_product_attention.ipynb), then go on to [04 · Masks](04_masks.ipynb).
