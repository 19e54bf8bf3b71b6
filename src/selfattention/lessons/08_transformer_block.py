# %% [markdown]
# # 08 · The Transformer block
#
# Attention moves information between tokens. But it computes nothing new from what it moves: whatever the weights are, what comes out
# is a mean of the values that went in. **What else must a layer have?**
#
# A Transformer **block** has four more parts: a **norm**, a **feed-forward layer**, a **way past** attention and another past the
# feed-forward layer (elsewhere: *residual connection*), and **dropout**. Attention and the feed-forward layer are the block's
# *sublayers*. A block is also called a layer; blocks on top of each other are a *stack*. This lesson builds each part, measures
# what it does, and compares the whole with torch's.

# %%
import torch
from torch import nn

from selfattention.claims import claim, tally
from selfattention.data.steps import SYMBOLS, texts
from selfattention.layers import (
    EncoderLayer, FeedForward, MultiHeadAttention, PostNorm, PreNorm, layer_norm)
from selfattention.masks import causal, dependence
from selfattention.parity import from_torch
from selfattention.plots import blocks, canvas, course_map, flow, heatmap, lines, show, streams
from selfattention.positions import sinusoidal
from selfattention.source import show_source
from selfattention.training import next_token_loss, train, true_loss

show(course_map(8), "Where we are: the second sublayer, and 'add & norm' around both.")

# %% [markdown]
# ## The idea in one picture
#
# One token carries a number $x$; two others carry 1 and −2. Attention with given weights makes a mean of the three. What comes out
# when $x$ moves from −3 to 3?

# %%
x = torch.linspace(-3, 3, 25)
values = torch.stack([x, torch.full_like(x, 1), torch.full_like(x, -2)], dim=1)
curves = {"weights 0.8, 0.1, 0.1": values @ torch.tensor([0.8, 0.1, 0.1]),
          "weights 0.3, 0.6, 0.1": values @ torch.tensor([0.3, 0.6, 0.1]), "wanted: |x|": x.abs()}
figure, axes = canvas(height=2.9)
lines(axes, x, curves, xlabel="x, the number that one token carries", ylabel="what comes out")
show(figure, "With given weights, what attention makes of x is a straight line. |x|, the size of x "
             "without its sign, has a bend, and no mean with given weights has one.")

# %% [markdown]
# Other weights make the line steeper or move it; none bends it. (Weights that depend on x can bend it, but never beyond the values
# that are there.) The second sublayer is there to bend. And once a stack has many
# layers, something must keep its numbers at a size that can be worked with. We begin with that: the norm.
#
# ## A norm by hand
#
# Three tokens of three numbers. Take the first, (1, 2, 6). Its mean is 3, so the deviations are −2, −1 and 3. Their squares 4, 1 and
# 9 have the mean 4.67. That is the variance; its root is 2.16. Each deviation divided by the root gives −0.93, −0.46 and 1.39.

# %%
tokens = torch.tensor([[1, 2, 6], [10, 20, 60], [101, 102, 106]], dtype=torch.float64)
centred = tokens - tokens.mean(dim=-1, keepdim=True)
normed = centred / centred.square().mean(dim=-1, keepdim=True).sqrt()
show(flow(["token 0", "token 1", "token 2"], ("token", tokens),
          ("centred", centred, "− mean"), ("normed", normed, "÷ root")),
     "Three tokens, each normed on its own: less its mean, divided by the root of its variance.")

# %% [markdown]
# Three quite different tokens have become the same: a norm takes away how **large** a token is and where its middle lies. What is left
# is the pattern. As a formula (Ba et al. 2016, eq. 3 and 4, there without $\epsilon$; $\odot$ multiplies number by number):
#
# $$\mathrm{LayerNorm}(x) = g \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b$$
#
# **Each token has its own mean $\mu$ and variance $\sigma^2$**, taken over its $d$ numbers. The small $\epsilon$ keeps a token of
# equal numbers from being divided by 0. The *gain* $g$ and the *offset* $b$ (elsewhere: bias) are learned; they start as 1 and 0.
# Here is a loop, compared with the package's norm and with torch's:

# %%
def layer_norm_loop(x, epsilon=1e-5):
    rows = []
    for token in x.tolist():
        mean = sum(token) / len(token)
        variance = sum((number - mean) ** 2 for number in token) / len(token)
        rows.append([(number - mean) / (variance + epsilon) ** 0.5 for number in token])
    return torch.tensor(rows, dtype=x.dtype)


ours = layer_norm(tokens, gain=torch.ones(3), offset=torch.zeros(3))
assert torch.allclose(ours, layer_norm_loop(tokens))
assert torch.allclose(ours, nn.LayerNorm(3).double()(tokens), atol=1e-12)
show_source(layer_norm)

# %% [markdown]
# Two slips in this formula often go unnoticed, because they hardly show. `torch.std` divides by $d - 1$ where the formula divides by $d$; at
# $d = 512$ that makes the result smaller by one part in a thousand. And $\epsilon = 10^{-5}$ *beside* the root instead of under it
# hardly matters for numbers of size 1; for numbers of size 0.001 it makes the result 3.3 times as large. A much-read implementation,
# the Annotated Transformer, makes both. A comparison with torch in float64 finds them at once.
#
# ## The feed-forward layer
#
# The second sublayer makes a token wider ($d_{ff}$ numbers in place of $d$), sets what is negative to 0 (a step called *ReLU*, for
# *rectified linear unit*), and makes the token narrow again (Vaswani et al. 2017, eq. 2; $b_1$ and $b_2$ are offsets):
#
# $$\mathrm{FFN}(x) = \max(0,\; xW_1 + b_1)\,W_2 + b_2$$
#
# There is the bend. By hand, with one number in, two *hidden units* (the numbers inside) and one number out: let $W_1$ make $(x, -x)$ of
# $x$, let $W_2$ add the two up, and let the offsets be 0. Then $x = -3$ becomes $(-3, 3)$; with negatives set to 0 it is $(0, 3)$, and the
# sum is 3. For every $x$, $\max(0, x) + \max(0, -x) = |x|$: the curve that no mean could make.
#
# **Each token goes through it alone.** The Jacobian of chapter 06, the table of all derivatives of outputs by inputs, tells us which
# output token depends on which input token: here each on itself only. In the package this test is called `dependence`.

# %%
torch.manual_seed(1)
layer, x = FeedForward(4, 16), torch.randn(5, 4)
hidden = torch.relu(layer[0](x))
assert torch.equal(layer(x), layer[2](hidden))
assert torch.equal(dependence(layer, x), torch.eye(5, dtype=torch.bool))
show(blocks(("x", x, "tokens d"), "· W₁ + b₁,\nmax(0, …)",
            ("hidden", hidden, "tokens d_ff", 1, "scores"),
            "· W₂ + b₂", ("output", layer(x), "tokens d")),
     "A feed-forward layer widens each token, here from 4 numbers to 16, sets negatives to 0 (the "
     "palest cells), and narrows it again. Rows stay rows: no token meets another.")

# %% [markdown]
# The paper is named after attention. The sizes of 2017 are $d = 512$ outside and $d_{ff} = 2048$ inside.
#
# **Predict first:** what share of a block's parameters is in the feed-forward layer?

# %%
guess_share = None  # your guess, between 0 and 1

# %% tags=["claim:where-the-parameters-are"]
def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


block = EncoderLayer(MultiHeadAttention(512, 8), FeedForward(512, 2048))
claim("08.where-the-parameters-are", guess_share,
      share=count(block.feed_forward) / count(block), feed_forward=count(block.feed_forward),
      block=count(block), attention=count(block.attention))

# %% [markdown]
# Attention has four matrices of $d \times d$ numbers, however many heads there are. The feed-forward layer has two of
# $d \times 4d$, which are as many numbers as eight of $d \times d$.
#
# ## The way past, in two orders
#
# What a sublayer computes does not replace a token: it is **added** to it. So $x$ runs past the sublayers like a stream, from which
# they read and to which they write. Where does the norm stand? In 2017 it stood after each sum, right on the stream: that is
# **post-norm**. In most later models it stands before the sublayer, off the stream: **pre-norm**. We send random tokens through 12 fresh
# layers of each kind, with nothing but their random start values (their *initialisation*), and look at the last layer. The size of $x$
# (the standard deviation of its numbers) is measured along the way:

# %%
sizes = {}
for name, residual in (("post-norm", PostNorm), ("pre-norm", PreNorm)):
    torch.manual_seed(0)
    along = [torch.randn(1, 10, 64)]
    for _ in range(12):
        layer = EncoderLayer(MultiHeadAttention(64, 4), FeedForward(64, 256), residual)
        along.append(layer.around_attention(along[-1], layer.attention))
        along.append(layer.around_feed_forward(along[-1], layer.feed_forward))
    sizes[name] = [x.std().item() for x in along[-3:]]
show(streams(sizes, {"post-norm": "on the stream", "pre-norm": "before the sublayer"},
             sublayers=["attention", "feed-forward"]),
     "The way past as a stream, as thick as x is large, in the last of 12 layers. In post-norm "
     "each norm brings x back to size 1. In pre-norm no norm touches the stream, and it has grown.")

# %% [markdown]
# The two orders as formulas (Vaswani et al. 2017, §3.1; Xiong et al. 2020, §3.3):
#
# $$\text{post-norm:}\quad \mathrm{LayerNorm}(x + \mathrm{Sublayer}(x))$$
#
# $$\text{pre-norm:}\quad x + \mathrm{Sublayer}(\mathrm{LayerNorm}(x))$$
#
# Since $x$ grows with every pre-norm layer, a pre-norm stack ends with one more norm. What the two orders mean for a deep stack is
# the question of the [second part](08_transformer_depth.ipynb).
#
# ## Dropout
#
# In training each number of a sublayer's result is set to 0 with a chance of 0.1, before it is added (Vaswani et al. 2017, §5.4). The
# others are divided by 0.9, so that the mean stays the same. So no part of a layer can count on any other being there, which works
# against learning the training texts by heart. When the model is used, nothing may be dropped, and the model has to be told: `train()`
# and `eval()` switch between the two modes. A text goes through the same stack of 12 layers twice, first in one mode, then in the other:

# %% tags=["claim:forgotten-eval"]
torch.manual_seed(3)
layers = [EncoderLayer(MultiHeadAttention(64, 4), FeedForward(64, 256), PreNorm, dropout=0.1)
          for _ in range(12)]
stack, text, differ = nn.Sequential(*layers).double(), torch.randn(4, 32, 64).double(), []
for switch in (stack.train, stack.eval):
    switch()
    first, second = stack(text), stack(text)
    differ.append(100 * ((first - second).norm() / second.norm()).item())
claim("08.forgotten-eval", training=differ[0], after=differ[1])

# %% [markdown]
# Nothing warns you: all shapes are right, but no answer is repeated exactly. Call `eval()` before you measure or use a model.
#
# ## The whole block, and torch's
#
# The whole block, in the package an `EncoderLayer` (the encoder comes in chapter 09), is two steps, one around attention and one around
# the feed-forward layer. Below is the package's code: the steps
# `PostNorm` and `PreNorm`, then the `EncoderLayer`, which takes two steps of either kind. With the same weights it must give what
# torch's layer gives, in both orders:

# %% tags=["claim:the-layer-of-torch"]
for part in (PostNorm.forward, PreNorm.forward, EncoderLayer.forward):
    show_source(part)
torch.manual_seed(0)
x, differences = torch.randn(3, 5, 14).double(), []
for residual in (PostNorm, PreNorm):
    theirs = nn.TransformerEncoderLayer(14, 2, 23, dropout=0.0, batch_first=True,
                                        norm_first=residual is PreNorm).double()
    for weight in theirs.parameters():
        nn.init.normal_(weight, std=0.5)
    ours = EncoderLayer(MultiHeadAttention(14, 2), FeedForward(14, 23), residual).double()
    differences.append((from_torch(ours, theirs)(x) - theirs(x)).abs().max().item())
claim("08.the-layer-of-torch", difference=max(differences))

# %% [markdown]
# ## Break it on purpose: the wrong axis
#
# `dim=-2` in place of `dim=-1`, and the norm runs over the **tokens** of a text instead of over the numbers of a token. All shapes
# stay right. The mask of attention is causal, so no token may depend on a later one: of the 36 possible links between six tokens, 21
# are allowed and 15 forbidden.
#
# **Predict first:** how many of the forbidden links does such a norm open?

# %%
guess_leaks = None  # your guess, between 0 and 15

# %% tags=["claim:norm-over-tokens"]
class OverTokens(PostNorm):
    def forward(self, x, sublayer):
        x = x + sublayer(x)
        variance, mean = torch.var_mean(x, dim=-2, keepdim=True, correction=0)
        return (x - mean) / torch.sqrt(variance + 1e-5) * self.norm.gain + self.norm.offset


x, found = torch.randn(6, 12, generator=torch.Generator().manual_seed(1)).double(), []
for residual in (PostNorm, OverTokens):
    layer = EncoderLayer(MultiHeadAttention(12, 2), FeedForward(12, 24), residual).double()
    found.append(dependence(lambda x: layer(x[None], causal(6))[0], x))
wrong = found[1] & ~found[0]
claim("08.norm-over-tokens", guess_leaks, leaks=wrong.sum().item(),
      allowed=found[0].sum().item())

# %%
figure, panels = canvas(2, height=3.0)
for axes, table, over, good in zip(panels, found, ("numbers", "tokens"), (True, False)):
    heatmap(axes, table.double(), title=f"norm over {over}", good=good, role="masks",
            numbers=False, largest=2.2, row_axis="output token", column_axis="input token",
            wrong=None if good else wrong)
show(figure, "Which output token depends on which input token, under a causal mask: with the right "
             "norm on those up to itself, with the wrong one on later ones as well (crossed out).")

# %% [markdown]
# The mean over the text is subtracted from every token, so every token knows something of the others. (A norm over the *batch* would be
# a different mistake: it mixes texts, not past and future.)
#
# ## What training makes of it
#
# We take the source of chapter 04, whose entropy is known: each symbol moves on by 1, 2 or 4 places with the probabilities 0.6, 0.3
# and 0.1. That is 0.9 nats per step, and no honest model has a smaller expected loss. Our model has a single layer: `read` gives each
# symbol a vector, positions are added (chapter 07), and `answer` scores the next symbol. It is trained by the package's shortest loop;
# `rates` holds the learning rate of each step.

# %%
class OneLayer(nn.Module):
    def __init__(self, residual):
        super().__init__()
        self.layer = EncoderLayer(MultiHeadAttention(32, 2), FeedForward(32, 64), residual)
        self.read, self.answer = nn.Embedding(SYMBOLS, 32), nn.Linear(32, SYMBOLS)

    def forward(self, text):
        tokens = text.shape[1]
        x = self.read(text) + sinusoidal(tokens, 32).float()
        return self.answer(self.layer(x, causal(tokens)))


show_source(train)

# %% [markdown]
# Every step draws new texts from the source, so nothing can be learned by heart. The *training loss* is that of chapter 04: the model is given whole
# texts. For the *true loss* it is given the beginning of a text alone, so that there is no future.
#
# **Predict first:** which training loss does the layer with the norm over tokens reach, on texts it has never seen?

# %%
guess_loss = None  # your guess, in nats

# %% tags=["claim:norm-over-tokens-trained"]
test, losses = texts(500, 16, torch.Generator().manual_seed(2)), []
for residual in (PostNorm, OverTokens):
    torch.manual_seed(0)
    model, generator = OneLayer(residual), torch.Generator().manual_seed(1)
    train(model, lambda: texts(32, 16, generator), rates=[5e-3] * 300)
    losses += [next_token_loss(model, test).item(), true_loss(model, test)]
right, right_in_truth, leaking, useless = losses
claim("08.norm-over-tokens-trained", guess_loss, right=right, gap=right_in_truth - right,
      leaking=leaking, useless=useless)

# %% [markdown]
# As with the masks of chapter 04: on fresh texts, a loss below the entropy means a **leak**, whatever part of the model leaks. (On texts
# it was trained on, a model can also get there by learning them by heart.)

# %%
tally()

# %% [markdown]
# ## What to take along
#
# - With given weights, attention can only draw straight lines. The feed-forward layer bends them; it works on each token alone and holds
#   most of a block's parameters.
# - A norm works on the numbers of one token. Over the tokens of a text it lets the future in, and the training loss gets *better*.
# - Sublayers add to the stream that runs past them. In post-norm the norm stands on the stream, in pre-norm before the sublayer.
# - Dropout belongs to training. Call `eval()`.
# - A block is checked in seconds: against torch in float64, and for leaks with a Jacobian.
#
# ## Five questions
#
# <details><summary>1. Norm the token (1, 1, 4): what comes out, with gain 1, offset 0 and no ε?</summary>
#
# The mean is 2, the deviations are −1, −1 and 2, the variance is (1 + 1 + 4) / 3 = 2. Divided by √2: −0.71, −0.71 and 1.41.
# </details>
# <details><summary>2. A token is multiplied by 10 before the norm. What changes after it?</summary>
#
# Almost nothing: mean and deviations grow tenfold, and so does the root they are divided by. Only ε does not grow.
# </details>
# <details><summary>3. Why must something bend between the two matrices of the feed-forward layer?</summary>
#
# Without it $(xW_1)W_2 = x(W_1W_2)$: two matrices do no more than one, and the wide part in between is for nothing. (Offsets do not change that.)
# </details>
# <details><summary>4. A sublayer gives zeros only. What does a pre-norm step give, and what a post-norm step?</summary>
#
# Pre-norm gives $x$ itself, post-norm the normed $x$.
# </details>
# <details><summary>5. Your model gives another answer each time it reads the same text. Where do you look first?</summary>
#
# At its mode: dropout is at work until `eval()` is called.
# </details>
#
# ## Where to read on
#
# Ba et al. 2016 for the norm; He et al. 2016, *Deep Residual Learning for Image Recognition*, for the way past; Vaswani et al. 2017,
# §3.1 and §3.3, for the block ([bibliography](bibliography.ipynb)).
#
# Terms are explained in the [glossary](glossary.ipynb). The chapter goes on in [08 · Depth](08_transformer_depth.ipynb): what happens when such
# blocks are stacked. The [exercises](../exercises/08_exercises_transformer_block.ipynb) are for both parts.
