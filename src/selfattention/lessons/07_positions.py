# %% [markdown]
# # 07 · Positions
#
# *The dog bites the man. The man bites the dog.* To the attention of chapters 05 and 06 these are one text: it does not see order. **How do you tell it where a token stands, and does it still know in a text
# longer than any it was trained on?**
#
# There are three ways: **add** a vector to each token, **turn** queries and keys, or **bias** the scores. This chapter builds one of each and measures them against each other.

# %%
import inspect

import torch
from torch import nn

from selfattention.attention import attention
from selfattention.claims import Measured, claim, guessed, rounded
from selfattention.layers import MultiHeadAttention
from selfattention.masks import causal
from selfattention.plots import canvas, heatmap, lines, show
from selfattention.positions import LearnedPositions, RelativeBias, Rotary, SinusoidalPositions, alibi, rotate, sinusoidal

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Add a vector: sinusoids by hand
#
# Position 0, 1, 2, … as a number would grow without end. The 2017 paper gives each position a *vector* of waves instead: fast waves tell neighbours apart, slow ones tell far places apart.
#
# $$PE_{pos, 2i} = \sin(pos / 10000^{2i/d}),\qquad PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$$
#
# (Vaswani et al. 2017, §3.5.) With $d = 4$ there are two waves: $10000^{0} = 1$ and $10000^{2/4} = 100$. So position 1 is $(\sin 1, \cos 1, \sin 0.01, \cos 0.01)$. First a loop, then the package:

# %%
def sinusoidal_loop(tokens, d_model):
    rows = []
    for position in range(tokens):
        angles = torch.tensor([position / 10_000 ** (2 * i / d_model) for i in range(d_model // 2)],
                              dtype=torch.float64)
        rows.append([number for angle in angles for number in (angle.sin(), angle.cos())])
    return torch.tensor(rows, dtype=torch.float64)


print(sinusoidal(4, 4))
assert torch.allclose(sinusoidal(50, 14), sinusoidal_loop(50, 14))
print(inspect.getsource(sinusoidal).split('"""')[2])

# %% [markdown]
# How alike are two positions? The dot product of their vectors depends on their **distance** alone, because $\sin a \sin b + \cos a \cos b = \cos(a - b)$:

# %%
table = sinusoidal(64, 32)
figure, axes = canvas(2, width=7.2, height=3.0)
heatmap(axes[0], table.numpy(), numbers=False, row_axis="position", column_axis="place in the vector",
        title="the vectors")
axes[0].images[0].set(cmap="PuOr", clim=(-1, 1))
heatmap(axes[1], (table @ table.T).numpy(), numbers=False, row_axis="position", column_axis="position",
        title="their dot products")
show(figure, "Left: the sinusoids of 64 positions, 32 numbers each; waves on the left are fast, on the right so slow "
             "that they hardly change. Right: dot products of all pairs, equal along each diagonal and largest on "
             "the main one.")

# %% [markdown]
# ## What it does to order
#
# Chapter 05 measured how much self-attention cares about order: an error of pure rounding. **Predict:** how large is the same error when sinusoids are added to the tokens first? (Outputs are of size 0.3 or so.)

# %%
guess_order = None  # your guess

# %% tags=["claim:positions-make-order-visible"]
torch.manual_seed(0)
layer, some, order = MultiHeadAttention(32, 4), torch.randn(1, 20, 32), torch.randperm(20)
positions = sinusoidal(20, 32).float()


def order_error(model):
    return (model(some[:, order]) - model(some)[:, order]).abs().max().item()


without = Measured(order_error(layer), below=1e-5)
added = Measured(order_error(lambda x: layer(x + positions)), digits=1, above=0.3)
guessed(guess_order, added)
claim("positions make order visible",
      f"the error of permuting first: {without} without positions, {added} with them", without, added)

# %% [markdown]
# ## Turn queries and keys: RoPE
#
# Adding mixes *what* and *where* in one vector, and a score of sums has cross terms. **Rotary positions** (Su et al. 2021) turn each pair of numbers of a query and of a key by an angle that grows with the position. A product of
# two turned arrows depends on the angle *between* them, so only on how far apart the two positions are. By hand, with one pair and the rate 1:

# %%
query, key = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
for first, second in ((0, 0), (0, 1), (5, 6), (0, 3), (40, 43)):
    product = rotate(query, torch.tensor([first])) @ rotate(key, torch.tensor([second])).T
    print(f"query at {first:2}, key at {second:2}: {product.item():5.2f}")
print(inspect.getsource(rotate).split('"""')[2])

# %% [markdown]
# Is it true for wide vectors too? And did sinusoids not have it already? The bare vectors did. But a word is added to each, and matrices $A$ and $B$ stand between: $(q + p)A \cdot (k + r)B$ has four products, and three of them hold a position $p$ or $r$.
# RoPE turns *after* the matrices. We put a random query and a random key seven positions apart, at a hundred places, and look at how much their score changes from place to place, with RoPE and with added sinusoids.
# **Predict:** by how much does the score vary, in per cent of its typical size, with added sinusoids?

# %%
guess_varies = None  # your guess in per cent

# %% tags=["claim:rope-sees-distance-alone"]
generator = torch.Generator().manual_seed(1)
query, key = torch.randn(2, 1, 64, generator=generator, dtype=torch.float64)
mixing = torch.randn(2, 64, 64, generator=generator, dtype=torch.float64) / 8  # stand for the matrices of queries and keys
places, table = torch.arange(100), sinusoidal(107, 64)
turned = (rotate(query.expand(100, 64), places) * rotate(key.expand(100, 64), places + 7)).sum(dim=-1)
summed = (((query + table[places]) @ mixing[0]) * ((key + table[places + 7]) @ mixing[1])).sum(dim=-1)
varies = [100 * (scores.std() / scores.square().mean().sqrt()).item() for scores in (turned, summed)]
by_turning, by_adding = Measured(varies[0], digits=0, below=1e-8), Measured(varies[1], digits=0, above=5)
guessed(guess_varies, by_adding, "%")
claim("of the positions only the distance counts with RoPE; with added vectors the place counts as well",
      f"the same pair seven apart, at 100 places: the score varies by {by_turning} % with RoPE, by {by_adding} % with "
      f"added sinusoids", by_turning, by_adding)

# %% [markdown]
# Values are **not** turned: position shall decide who is found, not change what is read.
#
# ## Bias the scores: ALiBi and learned distances
#
# The third way leaves the vectors alone and adds a number to each score. **ALiBi** (Press et al. 2022) subtracts a slope times the distance, another slope for each head; nothing is learned. A **relative bias** (Shaw et al. 2018;
# as a number on the score, Raffel et al. 2020) learns one number for each distance, with all far distances sharing one.

# The slopes of two heads are 1/16 and 1/256; times 256:

# %%
print(256 * alibi(heads=2, queries=4, keys=4))

# %% [markdown]
# ## A race: say what stood two places back
#
# Random digits; at each place the model must name the digit **two places back**. One layer, causal mask, trained on texts of 16 tokens. Then we ask it in texts of 16, 32, 64 and 256.

# %%
TRAINED, BACK, DIGITS, D_MODEL, HEADS = 16, 2, 10, 32, 4
ADDED = {"learned": lambda: LearnedPositions(TRAINED, D_MODEL), "sinusoids": lambda: SinusoidalPositions(D_MODEL)}


class Reader(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.read, self.answer = nn.Embedding(DIGITS, D_MODEL), nn.Linear(D_MODEL, DIGITS)
        self.added = ADDED[kind]() if kind in ADDED else None
        self.attention = MultiHeadAttention(D_MODEL, HEADS, rotary=Rotary(D_MODEL // HEADS) if kind == "RoPE" else None)
        self.bias = {"ALiBi": lambda n: alibi(HEADS, n, n), "none": lambda n: None}.get(kind)
        self.relative = RelativeBias(HEADS, furthest=8) if kind == "relative bias" else None

    def forward(self, digits):
        n = digits.shape[1]
        x = self.read(digits) if self.added is None else self.read(digits) + self.added(n)
        bias = self.relative(n, n) if self.relative else self.bias(n) if self.bias else None
        return self.answer(self.attention(x, mask=causal(n), bias=bias))

# %%
def train(kind, steps=400):
    torch.manual_seed(2)
    reader, generator = Reader(kind), torch.Generator().manual_seed(3)
    adam = torch.optim.Adam(reader.parameters(), lr=5e-3)
    for _ in range(steps):
        digits = torch.randint(DIGITS, (64, TRAINED), generator=generator)
        nn.functional.cross_entropy(reader(digits)[:, BACK:].flatten(0, 1), digits[:, :-BACK].flatten()).backward()
        adam.step()
        adam.zero_grad()
    return reader


@torch.no_grad()
def share_right(reader, length):
    digits = torch.randint(DIGITS, (max(8, 4000 // length), length), generator=torch.Generator().manual_seed(4))
    return (reader(digits)[:, BACK:].argmax(dim=-1) == digits[:, :-BACK]).float().mean().item()

# %% [markdown]
# **Predict:** a model with sinusoids gets every digit right at 16 tokens, and nothing forbids longer texts. How often is it right at 64?

# %%
guess_longer = None  # your guess, between 0 and 1

# %%
LENGTHS = (16, 32, 64, 256)
readers = {kind: train(kind) for kind in ("none", "learned", "sinusoids", "ALiBi", "RoPE", "relative bias")}
right = {kind: [share_right(reader, n) for n in LENGTHS] for kind, reader in readers.items() if kind != "learned"}
print("learned at 16:", rounded(share_right(readers["learned"], 16), 1))
try:
    readers["learned"](torch.zeros(1, 32, dtype=torch.long))
except ValueError as error:
    print("learned at 32:", error)

# %% tags=["claim:trained-short-tested-long"]
at_16, at_64 = Measured(right["sinusoids"][0], above=0.95), Measured(right["sinusoids"][2], below=0.8)
rope, relative = Measured(right["RoPE"][1], above=0.9), Measured(right["relative bias"][2], above=0.8)
guessed(guess_longer, at_64)
claim("knowing places in short texts is not knowing them in longer ones",
      f"sinusoids: {at_16} at 16 tokens, {at_64} at 64; RoPE: {rope} at 32; relative bias: {relative} at 64",
      at_16, at_64, rope, relative)

# %%
figure, axes = canvas(width=6.4, height=3.3)
lines(axes, LENGTHS, right, xlabel="tokens in the text (trained on 16)", ylabel="digits named right", log_x=True)
axes.set_xticks(LENGTHS, map(str, LENGTHS))
axes.minorticks_off()
axes.axhline(0.1, color="grey", linewidth=0.8)
show(figure, "How often each model names the digit two places back, in texts of 16 tokens as in training and in "
             "longer ones. The grey line is a blind guess. A learned table is not drawn: it ends at 16.")

# %% [markdown]
# What the curves say:
#
# - **None**: without positions only the causal mask gives a trace of order. It is better than blind at 16 and fades.
# - **Learned** vectors do their work where they exist, and they exist up to 16.
# - **Sinusoids** exist everywhere, yet beyond 16 the model meets vectors it never saw.
# - **ALiBi** hardly changes with length, but a slope can prefer *near* to *far*, not pick out *two back*. For this task it is the wrong tool.
# - **RoPE** holds at twice the length. Later it gets worse: it meets distances it never saw, and more far keys share the weight. Which counts for more is not measured here.
# - A **relative bias** knows the distance 2 itself, and all far distances share one number. Of the six it holds best.
#
# So "it works for any length" is a claim to be measured, each time.
#
# ## What to take along
#
# - Without a mask attention does not see order, and a causal mask leaves only a trace of it. So tell it: add, turn, or bias.
# - RoPE turns queries and keys, never values; of the positions only the distance counts.
# - A formula that exists for any length is not a model that works at any length.
#
# Now do the [exercises](../exercises/07_positions.ipynb), then go on to [08 · The Transformer block](08_transformer_block.ipynb).
