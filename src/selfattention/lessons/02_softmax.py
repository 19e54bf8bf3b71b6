# %% [markdown]
# # 02 · Softmax
#
# A query has compared itself with every key and holds one **score** per key: any numbers, positive or
# negative. Now it must share out its attention. It needs **weights**: none negative, together exactly 1.
#
# How should scores become weights, and what can go wrong on the way?

# %%
import inspect

import numpy as np

from selfattention import arrays
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, lines, show

np.set_printoptions(precision=3, suppress=True)

# %% [markdown]
# ## Three keys by hand
#
# One query, three keys, scores 2, 1 and 0. Dividing by the sum would give 2/3, 1/3 and 0. That breaks as soon
# as a score is negative, and a key with score 0 could never be seen.
#
# The exponential makes every score positive and keeps the order: $e^2 = 7.389$, $e^1 = 2.718$, $e^0 = 1$. Their sum
# is 11.107, so the weights are 7.389/11.107, 2.718/11.107 and 1/11.107:

# %%
e = np.e
np.array([e**2, e**1, e**0]) / (e**2 + e**1 + e**0)

# %% [markdown]
# One point of score is always worth a factor of $e$ in weight: 0.665 / 0.245 = 0.245 / 0.090 = 2.718. **Differences of
# scores become ratios of weights.**
#
# ## The loop, then the array
#
# Several queries make a matrix of scores with shape (queries, keys). Each row is shared out on its own: each query
# has one unit of attention to give.

# %%
def softmax_loop(scores):
    weights = np.empty_like(scores)
    for query in range(scores.shape[0]):
        total = sum(np.exp(score) for score in scores[query])
        for key in range(scores.shape[1]):
            weights[query, key] = np.exp(scores[query, key]) / total
    return weights


scores = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 3.0, 0.5]])
softmax_loop(scores)

# %% [markdown]
# Without loops: `keepdims=True` keeps the summed axis with length 1. The sums have shape (queries, 1) and divide each
# row by its own sum.

# %%
def softmax_naive(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


assert np.allclose(softmax_naive(scores), softmax_loop(scores))
print("scores", scores.shape, "sums", np.exp(scores).sum(axis=-1, keepdims=True).shape)

# %% [markdown]
# ## Predict first
#
# `softmax_naive` is right on paper. A float64 cannot hold numbers above about $1.8 \cdot 10^{308}$. **From which score
# on does `np.exp` overflow to infinity?** Write your guess into the next cell before you run the one after it.

# %%
guess_overflow = None  # your guess, a score

# %% tags=["claim:naive-overflow"]
with np.errstate(all="ignore"):
    fits = [score for score in range(2000) if np.isfinite(np.exp(float(score)))]
    broken = softmax_naive(np.array([[1000.0, 999.0, 0.0]]))
first, nans = Measured(fits[-1] + 1, digits=0, below=1000), Measured(np.isnan(broken).sum(), digits=0, above=0)
guessed(guess_overflow, first)
print("naive weights for 1000, 999, 0:", broken)
claim("the textbook formula breaks on scores that are not even large",
      f"np.exp overflows from a score of {first}; {nans} of 3 weights are NaN", first, nans)

# %% [markdown]
# Infinity divided by infinity is NaN, *not a number*, and a NaN spreads to everything it touches. Scores of that size do
# occur: in half precision, which large models use, `exp` overflows at 12.

# %%
with np.errstate(over="ignore"):
    for kind in (np.float64, np.float32, np.float16):
        largest = next(score for score in range(2000) if np.isinf(np.exp(kind(score))))
        print(f"{kind.__name__}: exp overflows from {largest}")

# %% [markdown]
# ## The cure: shift every row
#
# Add a constant $c$ to a whole row. Above and below the fraction bar a factor $e^c$ appears, and cancels:
#
# $$\frac{e^{s_j + c}}{\sum_k e^{s_k + c}} = \frac{e^c\, e^{s_j}}{e^c \sum_k e^{s_k}} = \frac{e^{s_j}}{\sum_k e^{s_k}}$$
#
# So choose $c$ as minus the largest score of the row. Then the largest exponent is 0, nothing can overflow, and the sum
# is at least 1, so nothing is divided by zero. This is what the course's own function does:

# %%
print(inspect.getsource(arrays.softmax))

# %% tags=["claim:shift-invariance"]
assert np.allclose(arrays.softmax(scores), softmax_loop(scores))
rng = np.random.default_rng(2)
many = rng.normal(size=(500, 7))
changes = [np.abs(arrays.softmax(many + c) - arrays.softmax(many)).max() for c in (-1e6, -10.0, 3.0, 1e6)]
moved = Measured(max(changes), below=1e-9)
print("shifted weights for 1000, 999, 0:", arrays.softmax(np.array([[1000.0, 999.0, 0.0]])))
claim("a constant added to a row of scores changes no weight",
      f"largest change over 500 rows and shifts up to a million: {moved}", moved)

# %% [markdown]
# What is left is the rounding of `many + c`: next to a million, a float64 has ten digits after the point, no more.
#
# ## Break it on purpose
#
# The axis decides who competes with whom. Sum over `axis=0` and the *keys* share out attention among the queries:
# columns sum to one, rows do not. Nothing crashes, and for a square matrix even the shape is right.

# %%
def softmax_wrong_axis(scores):
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=0, keepdims=True)


right, wrong = arrays.softmax(scores), softmax_wrong_axis(scores)
print("row sums, right axis:", right.sum(axis=-1), " wrong axis:", wrong.sum(axis=-1))

# %%
figure, (left_axes, right_axes) = canvas(2, height=2.7)
names = {"queries": ["q0", "q1", "q2"], "keys": ["k0", "k1", "k2"]}
heatmap(left_axes, right, title="over the keys: rows sum to 1", largest=1.0, **names)
heatmap(right_axes, wrong, title="over the queries: columns do", largest=1.0, **names)
show(figure, "The same nine scores, normalised over the keys (left) and over the queries (right). Query q1 has three equal "
             "scores: its weights must be .33 each, but on the right they are .11, .04 and .27.")

# %% [markdown]
# A second way to break it: shift by **one maximum for all rows**. It works until one row lies far below another.

# %%
far_apart = np.array([[1000.0, 999.0], [0.0, 1.0]])
with np.errstate(all="ignore"):
    exponentials = np.exp(far_apart - far_apart.max())
    print(exponentials / exponentials.sum(axis=-1, keepdims=True))

# %% [markdown]
# The second row became 0/0: all its exponentials are $e^{-999}$, which rounds to zero.
#
# ## Temperature
#
# Divide the scores by a **temperature** $T$ before the softmax. Below 1 the differences grow and the best key takes
# more; above 1 they shrink and the weights even out.
#
# How spread out the weights are is measured by their **entropy** $H = -\sum_j w_j \log w_j$, in nats. It is 0 when one key has everything.
# **Predict first: with 8 keys, what is the entropy of equal weights, in nats?**

# %%
guess_entropy = None  # your guess, in nats

# %% tags=["claim:temperature-entropy"]
eight = np.random.default_rng(8).normal(size=8)
temperatures = np.logspace(-4, 3, 36)
entropies = np.array([arrays.entropy(arrays.softmax(eight / t)) for t in temperatures])
cold, hot = Measured(entropies[0], digits=3, below=1e-3), Measured(entropies[-1], digits=3, above=np.log(8) - 1e-3)
rises = Measured(np.diff(entropies).min(), above=-1e-12)
guessed(guess_entropy, hot, "nats")
claim("temperature moves the entropy of n weights from 0 to log n",
      f"{cold} nats at T = 0.0001, {hot} at T = 1000; log 8 = {np.log(8):.3f}", cold, hot, rises)

# %%
figure, axes = canvas(height=3.0)
lines(axes, temperatures, {"entropy of 8 weights": entropies}, xlabel="temperature", ylabel="entropy (nats)", log_x=True)
axes.axhline(np.log(8), color="0.4", linewidth=1, linestyle=":")
axes.text(0.012, np.log(8) - 0.17, "log 8: equal weights", color="0.3")
axes.text(0.8, 0.04, "0: one key has all the weight", color="0.3")
show(figure, "Entropy of the weights of eight random scores against temperature, on a logarithmic axis. It rises from 0 below "
             "T = 0.1 to log 8 = 2.08 nats above T = 100.")

# %% [markdown]
# ## What a peaked softmax costs
#
# Training moves scores along derivatives. For a softmax they are
#
# $$\frac{\partial w_i}{\partial s_j} = w_i (\delta_{ij} - w_j), \qquad \delta_{ij} = 1 \text{ if } i = j \text{, else } 0.$$
#
# On the diagonal that is $w_i (1 - w_i)$: at most 1/4, and almost nothing once $w_i$ is near 0 or near 1.
# **Predict first: at a weight of 0.999, how many times smaller is this derivative than at its best?**

# %%
guess_factor = None  # your guess, a factor

# %% tags=["claim:saturation"]
def derivative(weight):
    """Of the first of two weights by its own score, by a small step."""
    score, step = np.log(weight / (1 - weight)), 1e-5
    above, below = (arrays.softmax(np.array([score + shift, 0.0]))[0] for shift in (step, -step))
    return (above - below) / (2 * step)


largest = max(derivative(weight) for weight in np.linspace(0.05, 0.95, 19))
best = Measured(largest, digits=2, above=0.249, below=0.251)
factor = Measured(largest / derivative(0.999), digits=0, above=200)
guessed(guess_factor, factor)
claim("a saturated softmax hardly learns",
      f"at weight 0.5 the derivative is {best}, at 0.999 it is {factor} times smaller", best, factor)

# %% [markdown]
# Keep this in mind: scores that grow large make the softmax peaked, and a peaked softmax passes no gradient. Chapter 03 shows
# why scores grow with the width of the vectors, and what one division does about it.
#
# ## What to take along
#
# - Softmax turns scores into weights that are positive and sum to 1, **over the keys, row by row**.
# - Differences of scores become ratios of weights; a constant added to a row changes nothing.
# - Subtract each row's own maximum first: from 710 on, `np.exp` is infinite.
# - Temperature moves the entropy between 0 and $\log n$; a peaked softmax has almost no derivative.
#
# Now do the [exercises](../exercises/02_softmax.ipynb): a stable softmax, temperature, the log-softmax, and the derivatives. Then go
# on to [03 · Scaled dot-product attention](03_scaled_dot_product_attention.ipynb).
