# %% [markdown]
# # 08 · Depth
#
# One block moves information once and computes a little with it. The Transformer of 2017 has two stacks of six (chapter 09);
# later models have dozens of blocks. **What happens to a text on its way through so many layers, and why does such a stack train at all?**
#
# This is the second part of chapter 08. The [first](08_transformer_block.ipynb) built the norm, the way past (residual connection) and
# the two orders in which they can stand.

# %%
import math
from statistics import fmean, geometric_mean

import torch
from torch import nn

from selfattention.claims import claim, tally
from selfattention.data.steps import SYMBOLS, entropy, texts
from selfattention.layers import (
    EncoderLayer, FeedForward, LayerNorm, MultiHeadAttention, PostNorm, PreNorm)
from selfattention.masks import causal
from selfattention.plots import bars, canvas, course_map, heatmap, lines, show
from selfattention.positions import sinusoidal
from selfattention.training import next_token_loss, train, up_and_down

show(course_map(8, here=["encoder norm", "second encoder norm", "decoder norm",
                         "second decoder norm", "third decoder norm"]),
     "Where we are: 'add & norm', and the × N of each stack.")

# %% [markdown]
# ## The idea in one picture
#
# Seven random tokens go through six fresh layers, which have only their random start values (their *initialisation*): first without ways
# past, then with them. The norm stands before the sublayer both times.

# %%
class NormOnly(PreNorm):
    def forward(self, x, sublayer):
        return sublayer(self.norm(x))


def a_stack(step, depth, d=64):
    return nn.ModuleList(EncoderLayer(MultiHeadAttention(d, d // 16), FeedForward(d, 2 * d), step)
                         for _ in range(depth))

# %% [markdown]
# How alike are the tokens afterwards? We compare each with every other by their cosine, which is 1 for two vectors that point the same way
# (chapter 01):

# %%
figure, panels = canvas(2, height=3.2)
for axes, step, title in zip(panels, (NormOnly, PreNorm), ("without ways past", "with ways past")):
    torch.manual_seed(1)
    x = torch.randn(1, 7, 64)
    for layer in a_stack(step, 6):
        x = layer(x, causal(7))
    alike = nn.functional.cosine_similarity(x[0, :, None], x[0, None, :], dim=-1)
    heatmap(axes, alike, title=f"cosines {title}", good=step is PreNorm, role="scores", largest=1.0,
            row_axis="token", column_axis="token")
show(figure, "The cosine of each token with each other after six fresh layers. Without ways past "
             "all seven have become nearly the same vector. With ways past they still differ.")

# %% [markdown]
# Attention makes means, and means of means of means are all alike. After six layers hardly anything is left of what made the tokens
# different, unless each token is carried on beside what attention makes of it.
#
# ## Five ways to build a step
#
# A step around a sublayer can have a norm or not, and a way past or not; with both there are two orders. With $f$ for the sublayer:
#
# | | without a norm | with a norm |
# |---|---|---|
# | without a way past | $f(x)$ | $f(\mathrm{norm}(x))$ |
# | with a way past | $x + f(x)$ | post-norm: $\mathrm{norm}(x + f(x))$ |
# | | | pre-norm: $x + f(\mathrm{norm}(x))$ |
#
# The package has post-norm and pre-norm, and one without ways past is above. Two are still missing:

# %%
class Neither(PreNorm):
    def forward(self, x, sublayer):
        return sublayer(x)


class WayPastOnly(PreNorm):
    def forward(self, x, sublayer):
        return x + sublayer(x)


KINDS = {"neither": Neither, "norm only": NormOnly, "way past only": WayPastOnly,
         "post-norm": PostNorm, "pre-norm": PreNorm}

# %% [markdown]
# ## What depth does to tokens
#
# Now 24 layers, and all five kinds of step. At each layer we measure two things:
#
# - how much the **tokens** of a text still differ: their distance from their mean, as a share of their size;
# - how large the **gradient** is that arrives there from a loss after the last layer (the right answers are random). We take that of
#   $W_2$, the second matrix of the layer's feed-forward layer.

# %%
def measured(kind, depth, seed=0):
    torch.manual_seed(seed)
    stack, read_out = a_stack(KINDS[kind], depth).double(), nn.Linear(64, 50).double()
    last = LayerNorm(64).double() if kind == "pre-norm" else nn.Identity()
    x, wanted, differ = torch.randn(4, 32, 64).double(), torch.randint(50, (4 * 32,)), []
    for layer in stack:
        x = layer(x, causal(32))
        differ.append(((x - x.mean(dim=1, keepdim=True)).norm() / x.norm()).item())
    nn.functional.cross_entropy(read_out(last(x)).flatten(0, 1), wanted).backward()
    gradients = [layer.feed_forward[2].weight.grad.norm().item() for layer in stack]
    return {"differ": differ, "gradients": gradients, "last": gradients[-1], "size": x.std().item()}

# %%
fresh = {kind: measured(kind, 24) for kind in KINDS}
figure, axes = canvas(height=3.4)
lines(axes, range(1, 25), {kind: run["differ"] for kind, run in fresh.items()}, xlabel="layer",
      ylabel="how much tokens differ", log_y=True)
show(figure, "How much the tokens of a text differ, layer by layer, in five fresh stacks. A "
             "straight line down means: by the same factor less in every layer.")

# %% [markdown]
# Without a way past, each layer takes away about the same share of the differences that are left. (The floor of the lowest curve is the
# rounding of float64.) With a way past the tokens stay apart much longer, longest in pre-norm. Nothing stops it entirely: in the fresh
# post-norm stack, too, the tokens have become rather alike.
#
# ## What depth does to gradients
#
# Learning needs a gradient in every layer, in the first as well as in the last. It comes from the loss after the last layer and passes
# through all others on its way to the first.
#
# **Predict first:** with *neither* norm nor way past, how many times smaller is the gradient of the first of 24 layers than that of the
# last? Guess the number of zeros: 3 for a thousand times.

# %%
guess_zeros = None  # your guess, a number of zeros

# %% tags=["claim:five-deep-stacks"]
ratio, differ = {}, {}
for kind in KINDS:
    runs = [measured(kind, 24, seed) for seed in range(4)]
    ratio[kind] = geometric_mean(run["gradients"][0] / run["last"] for run in runs)
    differ[kind] = geometric_mean(run["differ"][-1] for run in runs)
claim("08.five-deep-stacks", guess_zeros, zeros=-math.log10(ratio["neither"]),
      neither=ratio["neither"], past_only=ratio["way past only"], norm_only=ratio["norm only"],
      post_norm=ratio["post-norm"], pre_norm=ratio["pre-norm"], alike=differ["norm only"],
      apart=min(differ["post-norm"], differ["pre-norm"]))

# %%
figure, axes = canvas(height=3.4)
lines(axes, range(1, 25), {kind: run["gradients"] for kind, run in fresh.items()}, xlabel="layer",
      ylabel="gradient of the layer", log_y=True)
show(figure, "The gradient at each layer of the same stacks. With neither it vanishes towards the "
             "first layer. With ways past alone it is huge. With norms it is about level.")

# %% [markdown]
# Each layer multiplies the gradient that passes through it by some factor, and from the last layer to the first there are 23 of them. A
# quarter each time makes $10^{-14}$ in the end. With a way past, what goes around the layer is added to what goes through it; without a
# norm, nothing keeps that factor from being above 1.
#
# "Residual connections are there to prevent vanishing gradients" is half of it. With norms *alone* the gradient does not vanish. But the
# tokens have become nearly the same, and such a gradient can hardly tell which was which. Dong et al. (2021) prove it for attention
# alone: with depth all tokens become alike, doubly exponentially (the number of zeros itself grows exponentially). Here it goes more
# slowly: on the logarithmic axis above a doubly exponential curve would bend down, and ours are about straight. (Our stacks have feed-forward layers and a causal mask; what slows it down is not measured.)
#
# ## Post-norm or pre-norm?
#
# Both keep gradients level and tokens apart. Where do they differ? We compare stacks of 2 and of 24 layers, and look at the **last**
# layer.
#
# **Predict first:** in pre-norm, how many times smaller is the last layer's gradient in the stack of 24 layers than in the stack of 2?

# %%
guess_smaller = None  # your guess, a factor; 1 if the depth does not matter

# %% tags=["claim:last-gradient-by-depth"]
def mean_of(what, kind, depth):
    return fmean(measured(kind, depth, seed)[what] for seed in range(4))


claim("08.last-gradient-by-depth", guess_smaller,
      smaller=mean_of("last", "pre-norm", 2) / mean_of("last", "pre-norm", 24),
      larger=mean_of("size", "pre-norm", 24) / mean_of("size", "pre-norm", 2),
      post_smaller=mean_of("last", "post-norm", 2) / mean_of("last", "post-norm", 24),
      post_larger=mean_of("size", "post-norm", 24) / mean_of("size", "post-norm", 2))

# %%
figure, axes = canvas(height=2.3)
bars(axes, {f"{kind}, {depth} layers": mean_of("last", kind, depth)
            for kind in ("post-norm", "pre-norm") for depth in (2, 24)}, role="tokens",
     title="size of the last layer's gradient")
show(figure, "The last layer's gradient: only in pre-norm does the depth make it smaller.")

# %% [markdown]
# In pre-norm every layer adds to $x$, so $x$ grows like $\sqrt{L}$ with the number $L$ of layers; variances add up, as in chapter 03.
# The last norm divides by that size. So the deeper the stack, the less one layer's step changes the answer. Xiong et al. (2020,
# theorem 1) prove it as a bound on the last layer's gradient: it falls as $1/\sqrt{L}$ in pre-norm and does not depend on $L$ in
# post-norm. From 2 to 24 layers, $\sqrt{24/2}$ is 3.5.
#
# ## Does it matter for training?
#
# We take stacks of **8 layers** and the source of chapter 04. Its entropy is 0.90 nats; guessing blindly costs log 7 = 1.95. The
# learning rate rises linearly from nearly 0 to 0.012, then falls linearly to 0. The rise is called **warm-up** (Vaswani et al. 2017,
# §5.3): 60 of the 120 steps, or none. (How the rate changes from step to step is called its *schedule*.)

# %%
class Model(nn.Module):
    def __init__(self, step):
        super().__init__()
        self.read, self.answer = nn.Embedding(SYMBOLS, 32), nn.Linear(32, SYMBOLS)
        self.layers = a_stack(step, 8, d=32)
        self.last = LayerNorm(32) if step is PreNorm else nn.Identity()

    def forward(self, text):
        tokens = text.shape[1]
        x = self.read(text) + sinusoidal(tokens, 32).float()
        for layer in self.layers:
            x = layer(x, causal(tokens))
        return self.answer(self.last(x))

# %% [markdown]
# We train four stacks: post-norm and pre-norm without a warm-up, post-norm with one, and norms without ways past with one. Such
# training runs depend on details, so each is done **three times**, with other start values and other texts (other random *seeds*), and
# the median counts. A stack that ends below 1.3 nats has learned something.
#
# **Predict first:** how many of the four do?

# %%
guess_learned = None  # your guess, between 0 and 4

# %% tags=["claim:four-stacks-trained"]
TRAININGS = {"norm only, warm-up": (NormOnly, 60), "post-norm": (PostNorm, 1),
             "post-norm, warm-up": (PostNorm, 60), "pre-norm": (PreNorm, 1)}
test, reached, histories = texts(500, 16, torch.Generator().manual_seed(2)), {}, {}
for name, (step, warm_up) in TRAININGS.items():
    rates, runs = [0.012 * up_and_down(time, warm_up, 120) for time in range(120)], []
    for seed in range(3):
        torch.manual_seed(seed)
        model, generator = Model(step), torch.Generator().manual_seed(seed + 1)
        history = train(model, lambda: texts(32, 16, generator), rates)
        runs.append((next_token_loss(model, test).item(), history))
    reached[name], histories[name] = sorted(runs)[1]
claim("08.four-stacks-trained", guess_learned,
      learned=sum(loss < 1.3 for loss in reached.values()), pre_norm=reached["pre-norm"],
      post_warm=reached["post-norm, warm-up"], post_norm=reached["post-norm"],
      norm_only=reached["norm only, warm-up"])

# %%
curves = {name: torch.tensor(one).reshape(12, 10).mean(dim=1) for name, one in histories.items()}
figure, axes = canvas(height=3.6)
lines(axes, range(5, 120, 10), curves, xlabel="training step", ylabel="training loss (nats)",
      limit=entropy, limit_name="entropy")
show(figure, "Training loss of the four stacks, medians of three training runs. Two come down "
             "to the entropy, pre-norm first. Two stay at the loss of a blind guess.")

# %% [markdown]
# The stack with norms alone has gradients, but its tokens are nearly alike. In post-norm the last layers push as hard in a deep stack
# as in a shallow one: too hard for the first steps, Xiong et al. suspect, unless the learning rate starts small. Liu et al. (2020) see
# the cause elsewhere: post-norm amplifies small changes of the parameters into large changes of the output.
#
# This is one learning rate, one depth and one small task; how far it reaches is not measured here. And easier to train does not mean
# better in the end: Liu et al. also find that post-norm, where it trains, can end up ahead.
#
# ## Break it on purpose: the wrong x is added
#
# Some people write pre-norm like this: `x = norm(x)`, then `x = x + sublayer(x)`. The shapes are right, and the norm does stand before
# the sublayer. But the sublayer's result is added to the *normed* $x$. Follow it through a stack: norm, add, norm, add, … Count each norm
# as part of the step before it, and compare:

# %% tags=["claim:adding-to-the-normed-input"]
class AddsToNormed(PreNorm):
    def forward(self, x, sublayer):
        x = self.norm(x)
        return x + sublayer(x)


torch.manual_seed(4)
broken, post = (nn.Sequential(*a_stack(kind, 12)).double() for kind in (AddsToNormed, PostNorm))
norm, text = LayerNorm(64).double(), torch.randn(4, 32, 64).double()
post.load_state_dict(broken.state_dict())
claim("08.adding-to-the-normed-input",
      apart=(norm(broken(text)) - post(norm(text))).abs().max().item())

# %% [markdown]
# So expect it to train like a post-norm stack, and to need a warm-up that its author did not plan. The stream passes through every norm
# on its way; in a true pre-norm stack it passes through none before the last.

# %%
tally()

# %% [markdown]
# ## What to take along
#
# - Attention makes means. Without a way past, a few layers make all tokens of a text alike.
# - Ways past keep tokens apart, norms keep sizes and gradients in hand. A deep stack needs both.
# - In pre-norm the stream grows with the depth, and each layer counts for less. Here, with 8 layers, it trained without a warm-up; the
#   post-norm stack needed one.
# - In pre-norm, the sublayer's result must be added to the $x$ that no norm has touched.
# - What a stack does at its random start can be measured in seconds, before any training.
#
# ## Five questions
#
# <details><summary>1. Each of 24 layers halves the gradient that passes it. How small is it in the first, if it is 1 in the last?</summary>
#
# $2^{-23}$, about one ten-millionth: there are 23 layers to pass.
# </details>
# <details><summary>2. Why does a pre-norm stack end with a norm, and a post-norm stack not?</summary>
#
# In pre-norm no norm has touched the stream, and it has grown with every layer. In post-norm the last step of each layer is a norm.
# </details>
# <details><summary>3. All tokens of a text have become the same vector. What can attention still do?</summary>
#
# It cannot tell them apart again: whatever the weights are, the mean of equal values is that value.
# </details>
# <details><summary>4. In pre-norm every layer adds independent numbers of the same size. How does x grow from 8 layers to 32, if what x
# was at the start counts for little?</summary>
#
# It doubles: variances add up, so the size grows like the root of the number of layers.
# </details>
# <details><summary>5. Your deep stack stays at the loss of a blind guess. Name three things to look at before you change the model.</summary>
#
# The learning rate and its warm-up; how much tokens differ in the last layer; the size of the gradient, layer by layer.
# </details>
#
# ## Where to read on
#
# Xiong et al. 2020 for the two orders; Liu et al. 2020 for another explanation; Dong et al. 2021 for what attention does to tokens
# ([bibliography](bibliography.ipynb), [glossary](glossary.ipynb)).
#
# Now do the [exercises](../exercises/08_exercises_transformer_block.ipynb). Then go on to
# [09 · Encoder and decoder](09_encoder_decoder.ipynb), where blocks become the whole model of 2017.
