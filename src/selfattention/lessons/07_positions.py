# %% [markdown]
# # 07 · Positions
#
# *The dog bites the man. The man bites the dog.* To the attention of chapters 05 and 06, without a mask, these are the same text: it does not see
# order. **How do you tell it where a token stands, and does it still know in a text longer than any it was trained on?**
#
# There are three ways: **add** a vector to each token, **turn** queries and keys, or **bias** the scores. This chapter builds each of
# them and lets them race.

# %%
import math

import torch
from torch import nn

from selfattention import positions
from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.layers import MultiHeadAttention
from selfattention.masks import causal
from selfattention.plots import canvas, clocks, course_map, heatmap, lines, links, show
from selfattention.positions import rotate, sinusoidal
from selfattention.source import show_source
from selfattention.training import train

show(course_map(7), "Where we are: positions enter below the first layer, or in each attention.")

# %% [markdown]
# ## The idea in one picture
#
# Three words are random vectors; two random matrices make their queries and keys. The same words stand in two orders. How much
# does *bites* read from each?

# %%
torch.manual_seed(8)
vectors = dict(zip(("dog", "bites", "man"), torch.randn(3, 16)))
query_matrix, key_matrix = torch.randn(2, 16, 16) / 4
figure, panels = canvas(2, height=2.3)
for axes, text in zip(panels, (["dog", "bites", "man"], ["man", "bites", "dog"])):
    x = torch.stack([vectors[word] for word in text])
    weights = attention_weights(x @ query_matrix, x @ key_matrix)
    links(axes, text, ["bites"], weights[1:2], title=" ".join(text))
show(figure, "What “bites” reads in two orders of the same words. Each word keeps its weight.")

# %% [markdown]
# Each link follows its word. The weights are the same, so *bites* reads the same mean of values: nothing in the output says who bites whom.
#
# ## Add a vector: sinusoids
#
# One could add the position itself, 0, 1, 2, …, but it would grow without end. The paper of 2017 adds a *vector* for each position,
# made like a row of clocks. Each clock has a hand, and the coordinates of its tip are a sine and a cosine (*sinusoids*, waves). The
# first hand is fast and tells neighbours apart; the last one is so slow that it also tells distant places apart.
#
# $$PE_{pos, 2i} = \sin(pos / 10000^{2i/d})$$
#
# $$PE_{pos, 2i+1} = \cos(pos / 10000^{2i/d})$$
#
# (Vaswani et al. 2017, §3.5; $pos$ is the position, $i$ the number of the hand, $d$ the width of the vector.) By hand, with $d = 4$: there
# are two hands, $i = 0$ and $i = 1$. The position is divided by $10000^{0} = 1$ for the first and by $10000^{2/4} = 100$ for the second. So
# position 1 has the vector $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.84, 0.54, 0.01, 1.00)$.
#
# Another way is to learn a table with a vector for each position, as BERT and GPT do (*learned positions*). It joins the race at the end. Here are the
# sinusoids as a loop, and below it the package's function, which makes all angles at once (`_frequencies` are the $1/10000^{2i/d}$):

# %%
def sinusoidal_loop(tokens, d_model):
    table = torch.zeros(tokens, d_model, dtype=torch.float64)
    for position in range(tokens):
        for i in range(d_model // 2):
            angle = position / 10_000 ** (2 * i / d_model)
            table[position, 2 * i] = math.sin(angle)
            table[position, 2 * i + 1] = math.cos(angle)
    return table


assert torch.allclose(sinusoidal(50, 14), sinusoidal_loop(50, 14))
show_source(sinusoidal)

# %% [markdown]
# How alike are two positions? The dot product of their vectors depends on their **distance** alone, because
# $\sin a \sin b + \cos a \cos b = \cos(a - b)$ for each hand. In the picture it is equal along each diagonal, and largest on the main one:

# %%
table = sinusoidal(40, 32)
figure, (left, right) = canvas(2, height=3.0)
waves = {f"number {place}": table[:, place] for place in (0, 8, 16)}
lines(left, range(40), waves, xlabel="position", ylabel="", title="three of the 32 numbers")
left.set_ylim(-2.2, 1.1)  # room for the names
heatmap(right, table @ table.T, role="scores", row_axis="position", column_axis="position",
        title="dot products")
show(figure, "Left: sines of three hands. Right: dot products of positions, equal along diagonals.")

# %% [markdown]
# ## Does the layer see order now?
#
# Chapter 05 measured how much self-attention cares about order: permute (reorder) the tokens before the layer, or its outputs after it,
# and compare. The difference was pure rounding.
#
# **Predict first:** how large is it when sinusoids are added to the tokens? (We take the largest difference of all; the outputs
# themselves are numbers of size 0.4 to 0.8.)

# %%
guess_order = None  # your guess

# %% tags=["claim:order-with-positions"]
torch.manual_seed(0)
layer, some, order = MultiHeadAttention(32, 4), torch.randn(1, 20, 32), torch.randperm(20)


def order_error(model):
    return (model(some[:, order]) - model(some)[:, order]).abs().max().item()


claim("07.order-with-positions", guess_order, without=order_error(layer),
      added=order_error(lambda x: layer(x + sinusoidal(20, 32).float())))

# %% [markdown]
# Now a word's vector depends on its place, and so do its query, key and value. To the layer, a permuted text is a different text.
#
# ## Turn queries and keys: RoPE
#
# Adding mixes *what* and *where* in one vector. **Rotary positions** (RoPE; Su et al. 2021) keep the hands but add nothing: they cut a query into
# pairs of numbers, treat each pair as an arrow in the plane, and **turn** it. Each pair turns **at a rate of its own**: pair $i$ by
# $1/10000^{2i/d}$ for each place (an angle in radians; 1 radian is 57 degrees). So the first pair is a fast clock and the last one a slow
# clock, as with the sinusoids. Keys are turned likewise.
#
# By hand, with one pair and the rate 1: a query (1, 0) at position 5 is turned by 5 radians, a key (1, 0) at position 6 by 6. The angle
# between them is 1 radian, so their dot product is $\cos 1 = 0.54$. At positions 40 and 41 it is the same: only the distance counts. (It
# counts with its sign: for most queries and keys, three places before is not the same as three places after.) Below are the same numbers
# in code, the package's function, and a picture of it: an arrow (1, 0) in each of four pairs ($d = 8$), at positions 0 to 7.

# %%
arrow = torch.tensor([[1.0, 0.0]])
for first, second in ((0, 1), (5, 6), (40, 41)):
    product = rotate(arrow, torch.tensor([first])) @ rotate(arrow, torch.tensor([second])).T
    print(f"query at {first:2}, key at {second:2}: {product.item():.2f}")
show_source(rotate)
turned = rotate(arrow.repeat(8, 4), torch.arange(8))
angles = torch.atan2(turned[:, 1::2], turned[:, 0::2]).T  # of each pair (row) at each position
show(clocks(angles, rows=[f"pair {i}" for i in range(4)], columns=range(8),
            title="turned at positions 0 to 7"),
     "Pair 0 turns by 57 degrees a place, each next pair by a tenth of the one before.")

# %% [markdown]
# Does only the distance count with wide vectors too? And was that not already true of sinusoids? Of the bare vectors, yes. But each is
# added to a word, $q$ or $k$, and two matrices $A$ and $B$ make query and key of the sum. So the score $(q + p)A \cdot (k + r)B$ is a sum
# of four dot products, and three of them contain a position $p$ or $r$. RoPE turns *after* the matrices.
#
# We put a random query and a random key seven positions apart, at a hundred places, and look at how much their score changes from
# place to place, with RoPE and with added sinusoids.
#
# **Predict first:** by how much does it vary with added sinusoids, in per cent of its typical size? (That is, the standard deviation
# over the hundred places, divided by the root of the mean square.)

# %%
guess_varies = None  # your guess, in per cent

# %% tags=["claim:same-distance-elsewhere"]
generator = torch.Generator().manual_seed(1)
query, key = torch.randn(2, 1, 64, generator=generator, dtype=torch.float64)
A, B = torch.randn(2, 64, 64, generator=generator, dtype=torch.float64) / 8
here, there, table = torch.arange(100), torch.arange(7, 107), sinusoidal(107, 64)
turned = rotate(query.expand(100, 64), here) * rotate(key.expand(100, 64), there)
added = ((query + table[here]) @ A) * ((key + table[there]) @ B)


def varies(products):
    scores = products.sum(dim=-1)
    return 100 * (scores.std() / scores.square().mean().sqrt()).item()


claim("07.same-distance-elsewhere", guess_varies, turned=varies(turned), added=varies(added))

# %% [markdown]
# With RoPE a score has one term only, and in it the two angles leave nothing but their difference.
#
# ## Break it on purpose: turn something else
#
# RoPE turns queries and keys. What if we turn the values as well, for good measure? Take a text of 12 tokens, and move it 50 places
# to the right, as if there were other text before it that nobody reads. If all is done right, no output changes.
#
# **Predict first:** with values turned as well, by how many per cent do the outputs change? (The size of the change, against the size of
# the outputs: 0 is no change, 100 a change as large as the outputs.)

# %%
guess_values = None  # your guess, in per cent

# %% tags=["claim:turning-values-too"]
generator = torch.Generator().manual_seed(0)
Q, K, V = torch.randn(3, 12, 64, generator=generator, dtype=torch.float64)


def change(outputs_at):
    here, there = outputs_at(torch.arange(12)), outputs_at(torch.arange(50, 62))
    return 100 * ((there - here).norm() / here.norm()).item()


claim("07.turning-values-too", guess_values,
      right=change(lambda at: attention(rotate(Q, at), rotate(K, at), V)),
      values=change(lambda at: attention(rotate(Q, at), rotate(K, at), rotate(V, at))),
      queries=change(lambda at: attention(rotate(Q, at), K, V)))

# %% [markdown]
# A turned value carries its place into the output, where nobody turns it back. Position should decide who is found, not change what is read.
# Where queries alone are turned, keys carry no place at all, so no query can tell a near key from a far one. Twelve copies of one token show it:

# %%
query, key, at = Q[:1].expand(12, 64), K[:1].expand(12, 64), torch.arange(12)
figure, (left, right) = canvas(2, height=2.9)
both, alone = rotate(query, at) @ rotate(key, at).T, rotate(query, at) @ key.T
heatmap(left, both, title="queries and keys turned", good=True, role="scores")
heatmap(right, alone, title="queries alone", good=False, role="scores")
show(figure, "Scores of twelve equal tokens. Left the distance counts, right no key's place.")

# %% [markdown]
# ## Bias the scores: ALiBi and learned distances
#
# The third way leaves the vectors alone and adds a number to each score, a *bias* (not to be confused with the offset of a linear layer,
# which has the same name elsewhere). **ALiBi** (Press et al. 2022) subtracts a slope times the distance; nothing is learned, and each
# head has a slope of its own. With the slope 1/2 a key three places back loses 1.5 points, so in the softmax its exponential is
# multiplied by $e^{-1.5} = 0.22$. A **relative bias** learns one
# number for each head and each distance; on either side, all distances beyond a limit share one. (Shaw et al. 2018 learn a vector for
# each distance; Raffel et al. 2020 a number, which larger distances share in groups.)

# %%
alike = torch.zeros(8, 8, 4)  # 8 heads, 8 tokens: all scores are 0
weights = attention_weights(alike, alike, causal(8), bias=positions.alibi(8, 8, 8))
figure, panels = canvas(2, height=2.9)
for axes, head, slope in zip(panels, (0, 7), ("1/2", "1/256")):
    heatmap(axes, weights[head], numbers=False, largest=1, title=f"head {head}: slope {slope}")
show(figure, "Weights of equal scores. A steep slope sees what is near, a flat one all alike.")

# %% [markdown]
# ## A race: say what stood two places back
#
# A text is random digits; at each place the model must name the digit **two places back**. It has one layer and a causal mask, and is
# trained on texts of 16 tokens. Then we test it on texts of 16, 32, 64 and 256. The only difference is how it learns of positions: by a
# vector that is `added`, by `rotary` positions, or by a `bias`.

# %%
class Reader(nn.Module):
    def __init__(self, added=None, rotary=None, bias=None):
        super().__init__()
        self.read, self.answer = nn.Embedding(10, 32), nn.Linear(32, 10)
        self.attention = MultiHeadAttention(32, heads=4, rotary=rotary)
        self.added, self.bias = added, bias

    def forward(self, digits):
        tokens = digits.shape[1]
        x = self.read(digits) + (self.added(tokens) if self.added else 0)
        bias = self.bias(tokens, tokens) if self.bias else None
        return self.answer(self.attention(x, mask=causal(tokens), bias=bias))

# %%
def loss(reader, digits):
    scores, wanted = reader(digits)[:, 2:], digits[:, :-2]
    return nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())


def trained(**ways):
    torch.manual_seed(2)
    reader, generator = Reader(**ways), torch.Generator().manual_seed(3)
    train(reader, lambda: torch.randint(10, (64, 16), generator=generator), [5e-3] * 400, loss)
    return reader


def share_right(reader, tokens):
    generator = torch.Generator().manual_seed(4)
    digits = torch.randint(10, (max(8, 4000 // tokens), tokens), generator=generator)
    return (reader(digits)[:, 2:].argmax(dim=-1) == digits[:, :-2]).float().mean().item()

# %% [markdown]
# **Predict first:** a model with sinusoids learns to name nearly every digit at 16 tokens, and nothing forbids longer texts. What share
# does it get right at 64? (A blind guess is right once in ten.)

# %%
guess_longer = None  # your guess, between 0 and 1

# %% tags=["claim:trained-short-tested-long"]
learned = share_right(trained(added=positions.LearnedPositions(16, 32)), 16)
readers = {"none": trained(),
           "sinusoids": trained(added=positions.SinusoidalPositions(32)),
           "ALiBi": trained(bias=lambda queries, keys: positions.alibi(4, queries, keys)),
           "RoPE": trained(rotary=positions.Rotary(8)),
           "relative bias": trained(bias=positions.RelativeBias(heads=4, furthest=8))}
right = {way: [share_right(reader, tokens) for tokens in (16, 32, 64, 256)]
         for way, reader in readers.items()}
at_16, _, at_64, _ = right["sinusoids"]
claim("07.trained-short-tested-long", guess_longer, learned=learned, at_16=at_16, at_64=at_64,
      rope=right["RoPE"][1], relative=right["relative bias"][2])

# %%
figure, axes = canvas(height=3.3)
lines(axes, (16, 32, 64, 256), right, xlabel="tokens in the text (trained on 16)", log_x=True,
      ylabel="digits named right", limit=0.1, limit_name="chance")
show(figure, "How often each way is right, in longer texts. A learned table ends at 16.")
tally()

# %% [markdown]
# What the curves say:
#
# - **None**: without positions only the causal mask tells something of order, since token $t$ sees $t$ tokens before it. With one layer, as
#   here, that is a trace: better than blind at 16, and it fades. *Deeper* decoders make much more of it (Haviv et al. 2022).
# - **Learned** vectors work where they exist, and they exist up to 16; a longer text is refused with an error.
# - **Sinusoids** exist everywhere, yet beyond 16 the model meets vectors that it has never seen.
# - **ALiBi** hardly changes with length, but a slope can prefer *near* to *far*, not pick out *two back*. For this task it is the wrong tool.
# - **RoPE** holds at twice the length. In longer texts it gets worse: it meets distances that it has never seen, and more distant keys
#   share the weight. Which counts for more is not measured here.
# - A **relative bias** has a number for the distance 2 itself, and one number for all far distances. In this race it holds up best.
#
# So "it works for any length" is a claim that has to be measured each time. Other tasks and larger models have other winners (Kazemnejad et al. 2023).
#
# ## What to take along
#
# - Without a mask attention does not see order; one layer with a causal mask sees a trace of it. So tell it: add, turn, or bias.
# - Sinusoids and RoPE are rows of clocks, each hand at a rate of its own.
# - RoPE turns queries and keys, never values; of the positions only the distance counts.
# - A formula that exists for any length is not a model that works at any length.
#
# ## Five questions
#
# <details><summary>1. Why are there fast and slow waves, and not only fast ones?</summary>
#
# A fast hand comes round again: the fastest takes 2π, about 6.3 places, so places 6 apart look nearly the same to it. The slow ones tell
# them apart.
# </details>
# <details><summary>2. A query stands at 12, a key at 9; both move 100 places to the right. How does their score change with RoPE?</summary>
#
# Not at all: the distance is the same.
# </details>
# <details><summary>3. How many parameters do sinusoids, RoPE and ALiBi have? And learned positions for 512 tokens at d_model 64?</summary>
#
# None; and 512 · 64 = 32,768.
# </details>
# <details><summary>4. Which of the three ways changes the shape of queries, keys or scores?</summary>
#
# None of them. Added vectors are as wide as the tokens, a turned query has as many numbers as before, and a bias has the shape of the scores.
# </details>
# <details><summary>5. A model with RoPE writes a text, and its cache holds the keys so far. By the angles of which position is the next query turned?</summary>
#
# By those of its own position, after all cached tokens; not by those of position 0. The cached keys stay as they were turned.
# </details>
#
# ## Where to read on
#
# Su et al. 2021, section 3, and Press et al. 2022. On what a causal mask alone tells a deep decoder: Haviv et al. 2022; the race with larger
# models: Kazemnejad et al. 2023 ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/07_exercises_positions.ipynb), then go on to [08 · The Transformer block](08_transformer_block.ipynb).
