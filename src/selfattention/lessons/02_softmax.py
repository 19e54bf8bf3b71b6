# %% [markdown]
# # 02 · Softmax
#
# A query has been compared with every key, and there is one **score** per key: any number, positive or negative. Now the query must share out
# its attention. It needs **weights**: none negative, and together exactly 1.
#
# **How should scores become weights, and what can go wrong on the way?**

# %%
import numpy as np

from selfattention import arrays
from selfattention.claims import claim, tally
from selfattention.plots import bars, blocks, canvas, course_map, flow, heatmap, lines, show
from selfattention.source import show_source

show(course_map(2), "Where we are: the softmax stands between the scores and the mixing of the "
                    "values.")

# %% [markdown]
# ## The idea in one picture
#
# Three keys have the scores 2, 1 and −1. Raise $e = 2.718$ to the power of each score, then divide by the sum of the three:

# %%
names, row = ["key 0", "key 1", "key 2"], np.array([2.0, 1.0, -1.0])
powers = np.exp(row)
figure, panels = canvas(3, height=2.2)
bars(panels[0], dict(zip(names, row)), role="scores", title="scores")
bars(panels[1], dict(zip(names, powers)), role="scores", title="exponentials")
bars(panels[2], dict(zip(names, powers / powers.sum())), title="weights")
show(figure, "Scores may be negative. Their exponentials are positive and keep the order. Divided "
             "by their sum they are weights: every key gets something, the best one gets most.")

# %% [markdown]
# These two steps are the **softmax**. Why the detour through the exponential? Dividing the scores by their own sum, 2, would give 1, 0.5 and −0.5: a
# negative weight.
#
# ## Three keys by hand
#
# $e^2 = 7.389$, $e^1 = 2.718$ and $e^{-1} = 0.368$. Their sum is 10.475, so the weights are 7.389 / 10.475 = 0.705, 2.718 / 10.475 = 0.259 and
# 0.368 / 10.475 = 0.035.

# %%
show(flow(names, ("score", row), ("exp", powers, "e to it"),
          ("weight", powers / powers.sum(), "÷ sum")),
     "The softmax of one row of scores, step by step.")

# %% [markdown]
# One point of score is always worth a factor of $e$ in weight: the first two weights have the ratio 7.389 / 2.718 = 2.718. Two points are a factor of $e^2$. **Differences of scores become
# ratios of weights.**
#
# ## The loop, then the array
#
# Several queries make a matrix of scores with shape (queries, keys). Each row gets its own softmax: each query has one unit of attention to give.

# %%
def softmax_loop(scores):
    weights = np.empty_like(scores)
    for query in range(scores.shape[0]):
        total = sum(np.exp(score) for score in scores[query])
        for key in range(scores.shape[1]):
            weights[query, key] = np.exp(scores[query, key]) / total
    return weights


def softmax_naive(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)

# %% [markdown]
# The second function needs no loops: `keepdims=True` keeps the summed axis with length 1, and so each row is divided by its own sum.

# %%
scores = np.array([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0], [-1.0, 3.0, 0.5], [0.5, 0.0, 2.0]])
assert np.allclose(softmax_naive(scores), softmax_loop(scores))
exponentials = np.exp(scores)
sums = exponentials.sum(axis=-1, keepdims=True)
show(blocks(("exponentials", exponentials, "queries keys"), "÷",
            ("sums", sums, "queries keys", 1, "scores"), "=",
            ("weights", exponentials / sums, "queries keys")),
     "Each of the four rows is divided by its own sum. The sums keep an axis of length 1, so that "
     "they stand beside the right row.")

# %% [markdown]
# ## Large scores
#
# `softmax_naive` is right on paper. But a computer's numbers cannot grow for ever: NumPy's usual ones, of 64 bits (float64), hold nothing above
# about $1.8 \cdot 10^{308}$. Anything larger *overflows*: it becomes infinity.
#
# **Predict first:** what is the smallest whole score for which `np.exp` gives infinity?

# %%
guess_overflow = None  # your guess, a score

# %% tags=["claim:naive-overflow"]
def first_infinite(kind):
    """The smallest whole score whose exponential is infinite, in numbers of this kind."""
    return next(score for score in range(2000) if np.isinf(np.exp(kind(score))))


with np.errstate(all="ignore"):
    limits = {kind.__name__: first_infinite(kind) for kind in (np.float64, np.float32, np.float16)}
    broken = softmax_naive(np.array([[1000.0, 999.0, 0.0]]))
print("exp is infinite from:", limits)
claim("02.naive-overflow", guess_overflow, first=limits["float64"], nans=np.isnan(broken).sum())

# %% [markdown]
# Infinity divided by infinity is NaN, *not a number*, and a NaN spreads to everything computed from it. Numbers with fewer bits overflow much sooner, as
# the printed line shows: float32 is the usual kind in torch, and float16 is one of the two 16-bit kinds in which large models compute. The other,
# bfloat16, has as many bits for the exponent as float32, and overflows at about the same place.
#
# ## The cure: shift every row
#
# Add a constant $c$ to a whole row. A factor $e^c$ appears above and below the fraction bar, and cancels:
#
# $$\frac{e^{s_j + c}}{\sum_k e^{s_k + c}} = \frac{e^c\, e^{s_j}}{e^c \sum_k e^{s_k}} = \frac{e^{s_j}}{\sum_k e^{s_k}}$$
#
# So choose $c$ as minus the largest score of the row. Then the largest exponent is 0, nothing can overflow, and the sum is at least 1, so nothing is
# divided by zero. This is what the course's own function does:

# %%
show_source(arrays.softmax)
assert np.allclose(arrays.softmax(scores), softmax_loop(scores))
print("weights for 1000, 999, 0:", arrays.softmax(np.array([1000.0, 999.0, 0.0])).round(3))

# %% tags=["claim:shift-invariance"]
many = np.random.default_rng(2).normal(size=(500, 7))
shifted = [arrays.softmax(many + c) for c in (-1e6, -10.0, 3.0, 1e6)]
claim("02.shift-invariance", moved=max(np.abs(one - arrays.softmax(many)).max() for one in shifted))

# %% [markdown]
# The tiny changes come from rounding in `many + c`: next to a million, a float64 has only about ten digits left after the point.
#
# ## Break it on purpose
#
# The axis decides who competes with whom. Sum over `axis=0`, and the *queries* compete for each key: columns sum to 1, rows do not. Nothing crashes, and
# all shapes are right.

# %%
def softmax_wrong_axis(scores):
    exponentials = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exponentials / exponentials.sum(axis=0, keepdims=True)


right, wrong = arrays.softmax(scores), softmax_wrong_axis(scores)
figure, (left_axes, right_axes) = canvas(2, height=2.7)
heatmap(left_axes, right, title="over the keys: rows sum to 1", largest=1.0, good=True)
heatmap(right_axes, wrong, title="over the queries: columns do", largest=1.0, good=False)
show(figure, "The same scores, normalised over the keys and over the queries. Query 1 has three "
             "equal scores, so each of its weights must be 0.33. On the right they differ.")

# %% [markdown]
# A second way to break it is to subtract **one maximum for all rows**. It works until one row lies far below another.

# %%
far_apart = np.array([[1000.0, 999.0, 998.0], [0.0, 1.0, 2.0]])
with np.errstate(all="ignore"):
    one_for_all = softmax_naive(far_apart - far_apart.max())
figure, panels = canvas(3, height=2.0)
heatmap(panels[0], far_apart, title="scores", role="scores", row_axis="")
heatmap(panels[1], arrays.softmax(far_apart), title="own maximum", row_axis="", good=True)
heatmap(panels[2], one_for_all, title="one for all", row_axis="", good=False)
show(figure, "Two rows of scores that lie far apart, and their weights. If each row's own maximum "
             "is subtracted, both rows have weights. With one for all, the second row is lost.")

# %% [markdown]
# The exponentials of the second row are $e^{-1000}$, $e^{-999}$ and $e^{-998}$. They all round to zero, and 0 / 0 is NaN.
#
# ## Temperature
#
# Divide the scores by a **temperature** $T$ before the softmax. Below 1 the differences grow and the best key takes more; above 1 they shrink and the
# weights even out.

# %%
eight = np.random.default_rng(8).normal(size=8)
figure, panels = canvas(3, height=2.8)
for axes, t in zip(panels, (0.2, 1, 5)):
    bars(axes, dict(enumerate(arrays.softmax(eight / t))), title=f"T = {t}")
    axes.set_xlim(0, 1.2)
show(figure, "Weights of the same eight random scores at three temperatures. When cold, one key "
             "takes nearly everything. When hot, all keys get similar weights.")

# %% [markdown]
# How spread out are the weights? Their **entropy** measures it:
#
# $$H = -\sum_j w_j \log w_j,$$
#
# where $0 \log 0$ counts as 0. It is 0 when one key has everything, and largest when all weights are equal. With the natural logarithm (base $e$), which
# this course uses throughout, its unit is the **nat**. With the logarithm to base 2 its unit is the **bit**: one nat is $1 / \log 2 = 1.44$ bits.
#
# **Predict first:** what is the entropy of eight equal weights, in nats?

# %%
guess_entropy = None  # your guess, in nats

# %% tags=["claim:temperature-entropy"]
temperatures = np.logspace(-4, 3, 36)
entropies = np.array([arrays.entropy(arrays.softmax(eight / t)) for t in temperatures])
claim("02.temperature-entropy", guess_entropy, cold=entropies[0], hot=entropies[-1],
      smallest_rise=np.diff(entropies).min())

# %% [markdown]
# With $n$ equal weights, all $n$ terms of the sum are the same: $-\frac1n \log \frac1n$. Together they make $\log n$. In bits, eight equal weights have
# the entropy 3: three yes-or-no questions find one of eight keys. So $H$ tells over how many keys a query spreads its attention: as if over $e^H$ equal ones.

# %%
figure, axes = canvas(height=3.0)
lines(axes, temperatures, {"entropy of 8 weights": entropies}, xlabel="temperature",
      ylabel="entropy (nats)", log_x=True)
axes.axhline(np.log(8), color="0.4", linewidth=1, linestyle=":")
axes.text(0.0002, np.log(8) - 0.17, "log 8: equal weights", color="0.3")
show(figure, "Entropy of the weights of eight random scores against temperature, on a logarithmic "
             "axis. It rises from 0, where one key has everything, to log 8.")

# %% [markdown]
# ## What a peaked softmax costs
#
# A model is *trained* (chapter 03) by changing its numbers, and with them its scores, a little at a time, so that its outputs get better. Derivatives tell
# which changes help: how much does a weight change when a score changes a little? For a softmax the answer is
# as follows (∂ says: only this one score changes, the others stay):
#
# $$\frac{\partial w_i}{\partial s_j} = w_i (\delta_{ij} - w_j), \qquad \delta_{ij} = 1 \text{ if } i = j \text{, else } 0.$$
#
# It is the quotient rule for $w_i = e^{s_i} / \sum_k e^{s_k}$: what stands above gives $w_i\,\delta_{ij}$, the sum below gives $-w_i w_j$.
# For a weight and its own score that is $w_i (1 - w_i)$, largest at $w_i = 1/2$. A softmax whose weights are all near 0 or 1 is called **saturated**.
#
# One number, the **loss**, says how wrong a model is; training makes it smaller. The usual loss for a choice is the **cross-entropy** $-\log w_r$: it is
# small when the right key $r$ has nearly all the weight. The measuring cell takes its derivative as well, with a weight of 0.999 on the *wrong* key.
#
# **Predict first:** at a weight of 0.999, how many times smaller than its largest value is the derivative of a weight with respect to its own score?

# %%
guess_factor = None  # your guess, a factor

# %% tags=["claim:saturation"]
def slope(function, weight):
    """Of a function of two weights by the first score, where the first key has this weight."""
    score, step = np.log(weight / (1 - weight)), 1e-5
    above = arrays.softmax(np.array([score + step, 0.0]))
    below = arrays.softmax(np.array([score - step, 0.0]))
    return (function(above) - function(below)) / (2 * step)


best = max(slope(lambda weights: weights[0], weight) for weight in np.linspace(0.05, 0.95, 19))
peaked = slope(lambda weights: weights[0], 0.999)
cross_entropy = slope(lambda weights: -np.log(weights[1]), 0.999)
claim("02.saturation", guess_factor, best=best, factor=best / peaked, wrong=cross_entropy)

# %% [markdown]
# The weight near 1 cannot grow, and the others have nothing left to lose. The derivatives of a loss together are its **gradient**; on its way back through
# such weights, hardly anything of it reaches the scores. The cross-entropy escapes, because its logarithm divides by the small weight by which the softmax
# multiplies. With $y$, which is 1 for the right key and 0 for the others,
#
# $$\frac{\partial (-\log w_r)}{\partial s_j} = -\frac{1}{w_r}\, w_r (\delta_{rj} - w_j) = w_j - y_j.$$
#
# In books this is $p - y$: prediction minus target. For the wrong key it is near 1 where a model is sure and wrong. In a loss without such a logarithm,
# for instance the squared error of the weights, nothing cancels the small factor:

# %%
losses = {"cross-entropy": lambda weights: -np.log(weights[1]),
          "squared error": lambda weights: weights[0]**2 + (weights[1] - 1)**2}
wrong_weight = np.array([0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97, 0.99, 0.999])
curves = {name: [slope(loss, weight) for weight in wrong_weight] for name, loss in losses.items()}
figure, axes = canvas(height=3.0)
lines(axes, wrong_weight, curves, xlabel="weight on the wrong key", ylabel="gradient at its score")
show(figure, "Derivative of two losses with respect to the score of the wrong key. Cross-entropy "
             "gives the diagonal, p − y. At the right end the model is sure and wrong: there the "
             "cross-entropy pulls hardest, the squared error hardly at all.")
tally()

# %% [markdown]
# The weights of attention are *inside* a model: every loss reaches their scores through $\partial w_i / \partial s_j$ alone. If scores lie far apart, they
# saturate the softmax, and most queries hardly learn. Chapter 03 shows why scores grow with the width of the vectors, and what one division does about it.
#
# ## What to take along
#
# - Softmax turns scores into weights that are positive and sum to 1, **over the keys, row by row**.
# - Differences of scores become ratios of weights; a constant added to a row changes nothing.
# - Subtract each row's own maximum first: in float64, `np.exp` is infinite from 710 on.
# - Temperature moves the entropy between 0 and $\log n$.
# - A saturated softmax passes on almost none of the gradient that reaches its weights. Cross-entropy on top of a softmax is the exception: $p - y$.
#
# ## Five questions
#
# <details><summary>1. Two keys have the scores 5 and 3. What is the ratio of their weights?</summary>
#
# $e^2 = 7.39$, whatever the other keys are.
# </details>
# <details><summary>2. Scores of shape (4, 7), queries and keys, become weights. Which sums are 1, and how many are there?</summary>
#
# The sums of the rows, over the seven keys: there are four.
# </details>
# <details><summary>3. Why subtract the largest score, and not the mean?</summary>
#
# Both leave the weights as they are. But only subtracting the largest makes sure that no exponent is above 0.
# </details>
# <details><summary>4. What does a temperature of 0.5 do to the ratio of two weights?</summary>
#
# It squares the ratio, because the difference of the scores doubles.
# </details>
# <details><summary>5. A classifier with a softmax at its end is sure and wrong. Does it learn under cross-entropy? And under the squared error of its probabilities?</summary>
#
# Under cross-entropy, yes: the gradient is $p - y$, near 1 in size. Under the squared error, hardly: the factor $w (1 - w)$ is near 0.
# </details>
#
# ## Where to read on
#
# Goodfellow, Bengio and Courville, *Deep Learning*, section 4.1 on overflow. MacKay, *Information Theory, Inference, and Learning Algorithms*, chapter 2 on
# entropy ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/02_exercises_softmax.ipynb): a stable softmax, temperature, the log-softmax, and the derivatives. Then go on to
# [03 · Scaled dot-product attention](03_scaled_dot_product_attention.ipynb).
