# %% [markdown]
# # 14 · Efficient attention
#
# Every token looks at every token: a text of 100,000 tokens has ten thousand million scores, in each head of each layer. **Which part of this cost can be avoided without changing the result, and what do you lose with the rest?**
#
# This chapter has two halves. In the first, attention gives exactly what it gave before, in far less memory. In the second, it gives something else, and we measure what is lost.

# %%
import torch

from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.efficient import caches, linear
from selfattention.efficient.blockwise import blockwise_attention
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.windows import sliding_window, windowed_attention
from selfattention.plots import bars, canvas, course_map, heatmaps, lines, show
from selfattention.source import show_source

show(course_map(14, here=["scores", "softmax", "mix"]),
     "Where we are: inside the attention box. What it computes stays; how it does so changes.")

# %% [markdown]
# ## The idea in one picture
#
# Nine tokens have a table of 9 × 9 scores. Attention as we wrote it makes the whole table, then the softmax of each row, then the mix. But a row never needs to be there as a whole: a sum can be carried along. So we may cut the table into **tiles** and hold one tile at a time. Or we may decide not to look at all at far keys, and keep a **window**.

# %%
tokens = torch.arange(9)
later = tokens > tokens[:, None]
tiles = ((tokens[:, None] // 3 * 3 + tokens // 3 + 1) / 9).masked_fill(later, 0)
tables = {"whole table": (~later).double(), "by tiles": tiles,
          "window of 4 keys": sliding_window(9, 4).double()}
show(heatmaps(tables, numbers=False, largest=1),
     "Which scores are made, with queries down, keys across, and no look ahead. In the middle a "
     "shade is a tile; only one of them is held in memory. On the right most are never made.")

# %% [markdown]
# ## The softmax of a row that arrives in parts
#
# By hand: one query has the scores 1 and 3, and later 5. The values are 10, 20 and 30. After the first two keys we know three numbers: the largest score so far, 3; the sum of the exponentials, $e^{1-3} + e^{3-3} = 0.135 + 1$; and the sum of the exponentials times the values, $1.35 + 20$.
#
# Then 5 arrives. It is larger than 3, so all that was summed up is too large by $e^{5-3}$. We multiply both sums by $e^{3-5} = 0.135$ and go on: $0.154 + 1$, and $2.89 + 30$. One division at the end gives $32.89 / 1.154 = 28.5$. This is the **online softmax** (Milakov and Gimelshein 2018, algorithm 3):
#
# $$m' = \max(m, s), \quad l' = l\,e^{m - m'} + e^{s - m'}, \quad o' = o\,e^{m - m'} + e^{s - m'}\,v.$$
#
# Here $s$ is a new score with its value $v$; $m$ is the largest score so far, $l$ the sum of exponentials and $o$ the mixed values, not yet divided.

# %%
def online(scores, values, rescale=True):
    largest, total, mixed = torch.tensor(-torch.inf), 0.0, 0.0
    for some, read in zip(scores.split(2), values.split(2)):
        before, largest = largest, torch.maximum(largest, some.max())
        shrink = torch.exp(before - largest) if rescale else 1.0
        powers = torch.exp(some - largest)
        total = total * shrink + powers.sum()
        mixed = mixed * shrink + powers @ read
    return mixed / total


scores, values = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([[10.0], [20.0], [30.0]])
print("in parts:", online(scores, values).item(), " at once:",
      (torch.softmax(scores, dim=-1) @ values).item())

# %%
figure, (left, right) = canvas(2, height=1.9)
bars(left, {"key 0": torch.exp(scores[0] - 3), "key 1": 1.0}, most=1.2,
     title="after two keys")
bars(right, {"key 0": torch.exp(scores[0] - 5), "key 1": torch.exp(scores[1] - 5), "key 2": 1.0},
     most=1.2, title="after the third")
show(figure, "The exponentials, always less the largest score so far. When 5 arrives, the earlier "
             "ones shrink by the same factor.")

# %% [markdown]
# ## Rows and columns of tiles
#
# The array form takes a block of queries at once, and for it one block of keys after another; each query has its own $m$, $l$ and $o$. This is what *FlashAttention* does on a GPU (Dao et al. 2022, algorithm 1). For the backward pass it keeps no weights either: from the output, $m$ and $l$ each tile is computed again. The package's version is plain PyTorch; here it is against the attention of chapter 03, forward and backward:

# %%
torch.manual_seed(0)
parts = [torch.randn(61, 8, dtype=torch.float64, requires_grad=True) for _ in range(3)]
causal = torch.ones(61, 61, dtype=torch.bool).tril()
for ours, wanted in ((blockwise_attention(*parts), attention(*parts)),
                     (blockwise_attention(*parts, causal=True), attention(*parts, causal))):
    assert torch.allclose(ours, wanted)
    slopes = [torch.autograd.grad(one.sin().sum(), parts) for one in (ours, wanted)]
    assert all(torch.allclose(one, other) for one, other in zip(*slopes))
show_source(peak_bytes)

# %% [markdown]
# `peak_bytes` watches a call and adds up the tensors that exist at the same time; its body notes each tensor as it is made and as it is freed. So its figure is the same on every machine. We double a text from 2,048 to 4,096 tokens, one head, 64 numbers wide.
#
# **Predict first:** by what factor does the memory of attention by blocks grow?

# %%
guess_growth = None  # your guess, a factor

# %% tags=["claim:memory-by-length"]
def random_parts(count, width=64):
    generator = torch.Generator().manual_seed(count)
    return [torch.randn(count, width, generator=generator) for _ in range(3)]


def memory(function, count):
    queries, keys, values = random_parts(count)
    return peak_bytes(lambda: function(queries, keys, values))


whole, blocks = ({count: memory(function, count) for count in (2048, 4096)}
                 for function in (attention, blockwise_attention))
claim("14.memory-by-length", guess_growth, whole=whole[4096] / whole[2048],
      blocks=blocks[4096] / blocks[2048], saved=whole[4096] / blocks[4096])

# %% [markdown]
# Twice as many queries and twice as many keys are four times as many scores. By blocks, what grows is only the output and the two numbers of each query; the tile stays as large as it is. So the memory does not even double here.
#
# The *work* has not changed: each score is computed, and in a training twice. It is faster all the same, since moving a large table in and out of memory takes longer than computing it. On one thread at 8,192 tokens the course's benchmark (`python benchmarks/efficient.py speed`) found the plain formula 2.6 times as slow as the blocks, and torch's own fused attention, written in C++, only 1.25 times as fast as them. In practice you call that one: `torch.nn.functional.scaled_dot_product_attention`; its younger sister `flex_attention` takes a mask or a bias as a function of two positions.

# %%
def window_of_128(queries, keys, values):
    return windowed_attention(queries, keys, values, window=128)


kinds = {"whole table": attention, "by blocks": blockwise_attention, "window": window_of_128,
         "linear": linear.chunked_linear_attention}
sizes = [256, 512, 1024, 2048, 4096]
curves = {name: [memory(kind, size) / 2**20 for size in sizes] for name, kind in kinds.items()}
figure, axes = canvas(width=5.2, height=3.0)
lines(axes, sizes, curves, xlabel="tokens", ylabel="MiB", log_x=True, log_y=True, below=True)
show(figure, "Memory of one head by length, both axes logarithmic. The whole table rises twice as "
             "steeply as the others. Window and linear attention follow below.")

# %% [markdown]
# ## Is it exact?
#
# Yes, up to rounding. Where scores are huge, exponentials overflow unless the largest score is subtracted first, and here the largest is not known at first. The scores below are whole numbers that float32 holds exactly, so that only the attention itself can err. They are compared with float64:

# %% tags=["claim:error-by-blocks"]
def error(scale):
    queries, keys, values = random_parts(1024)
    queries, keys = scale * (4 * queries).round(), (4 * keys).round()
    true = attention(queries.double(), keys.double(), values.double())
    return ((blockwise_attention(queries, keys, values) - true).norm() / true.norm()).item()


claim("14.error-by-blocks", small=error(1), huge=error(1000))

# %% [markdown]
# ## Break it on purpose: no rescaling
#
# Forget to shrink the sums when a larger score arrives. There is no error message, and where the largest score comes first, nothing is wrong. Here every query has six keys with rising scores. What weight does each key really get?

# %%
rising, one_hot = torch.arange(6.0), torch.eye(6)
rows = torch.stack([online(rising, one_hot), online(rising, one_hot, rescale=False)])
figure, (left, right) = canvas(2, height=2.4)
bars(left, {f"score {score:.0f}": weight for score, weight in zip(rising, rows[0])},
     title="✓ with rescaling")
bars(right, {f"score {score:.0f}": weight for score, weight in zip(rising, rows[1])},
     title="✗ without")
show(figure, "Weights of six keys, taken in two at a time. Without rescaling each pair counts as "
             "if it held the largest score of all.")

# %% [markdown]
# ## Another result for less: linear attention
#
# So far all scores were made. *Linear attention* (Katharopoulos et al. 2020, eq. 5) makes none. It replaces $e^{q \cdot k}$ by a product of two positive vectors, $\phi(q) \cdot \phi(k)$ with $\phi(x) = \mathrm{elu}(x) + 1$. Then the sum over the keys can be made first, once for all queries:
#
# $$\sum_j \big(\phi(q) \cdot \phi(k_j)\big)\, v_j = \phi(q)^\top \Big( \sum_j \phi(k_j)\, v_j^\top \Big).$$
#
# The bracket is a table of $d_k \times d_v$ numbers, whatever the length of the text. Token by token it is a state that is added to, as in the recurrent networks of chapter 11. What do its weights look like?

# %%
queries, keys, values = (2 * part for part in random_parts(8, width=16))
sharp = attention_weights(queries, keys)
table = linear.feature_map(queries) @ linear.feature_map(keys).T
flat = table / table.sum(dim=-1, keepdim=True)
assert torch.allclose(flat @ values, linear.linear_attention(queries, keys, values), atol=1e-5)
show(heatmaps({"softmax": sharp, "linear": flat}, largest=1),
     "Weights of the same queries and keys. The softmax picks a key; linear attention can hardly "
     "tell them apart.")

# %% [markdown]
# A memory of fixed size must forget something. We store keys with a value each, all random vectors of length 1 and 64 numbers wide; then we ask with each key, and look which value the answer is most like. The queries are long, so that weights can be as sharp as they like. *The delta rule* (Schlag et al. 2021, §4) is a third way: it has a table of the same size, but before it writes, it reads what the table says for this key, and writes only the difference.
#
# **Predict first:** of 256 such keys, what share does linear attention find again?

# %%
guess_found = None  # your guess, between 0 and 1

# %% tags=["claim:keys-found-again"]
def found_again(read, count):
    keys, values, _ = (part / part.norm(dim=-1, keepdim=True) for part in random_parts(count))
    best = (read(keys, values) @ values.T).argmax(dim=-1)
    return (best == torch.arange(count)).double().mean().item()


readers = {
    "attention": lambda keys, values: attention(64 * keys, keys, values),
    "linear": lambda keys, values: linear.linear_attention(64 * keys, 64 * keys, values),
    "delta rule": lambda keys, values: keys @ linear.delta_rule(
        keys, keys, values, torch.ones(len(keys)))[1]}
shares = {name: [found_again(read, 2**power) for power in range(3, 9)]
          for name, read in readers.items()}
claim("14.keys-found-again", guess_found, attention=shares["attention"][-1],
      linear=shares["linear"][-1], delta=shares["delta rule"][-1])

# %%
figure, axes = canvas(width=5.2, height=2.9)
lines(axes, [8, 16, 32, 64, 128, 256], shares, xlabel="keys stored", ylabel="share found again",
      log_x=True, below=True)
show(figure, "Keys found again by how many were stored. Attention keeps them all; the tables of 64 "
             "× 64 numbers fill up, the delta rule's later.")

# %% [markdown]
# Titles that promise linear attention "without compromising" quality hide this curve: what is cheap is the state, and the state is the memory. Where a text must be looked up word for word, softmax wins; where a gist is enough, a state may do, and hybrids use both.
#
# ## What a decoder keeps
#
# A decoder that writes keeps the keys and values of all tokens so far (chapter 09). Their number decides how many users fit on a GPU. Three ways to keep less: several query heads share one key head (*grouped queries*, chapter 06); all share one (*multi-query*); or one short vector a token is kept, the **latent**, from which each head makes its keys and values when they are needed (*multi-head latent attention*, DeepSeek-AI 2024, §2.1). A check with real tensors:

# %%
sizes = caches.LatentSizes(d_model=64, heads=2, d_head=32, latent=24, rotary=8)
layer = caches.LatentAttention(sizes)
cache = layer.compress(torch.randn(1, 100, 64))
assert caches.held_bytes(*cache) == caches.latent_bytes(100, 1, 24, 8, bits=32)
new = torch.randn(1, 1, 64)
assert torch.allclose(layer.attend(new, cache, start=100),
                      layer.attend_absorbed(new, cache, start=100), atol=1e-5)

# %% [markdown]
# A model of 32 layers has 32 heads of 128 numbers; a number takes two bytes. One text has 32,768 tokens.
#
# **Predict first:** how many GiB ($2^{30}$ bytes) do its keys and values take?

# %%
guess_cache = None  # your guess, in GiB

# %% tags=["claim:bytes-of-a-cache"]
GIB = 2**30
plain, grouped, single = (caches.key_value_bytes(32_768, 32, heads, 128) / GIB
                          for heads in (32, 8, 1))
latent = caches.latent_bytes(32_768, 32, 512, 64) / GIB
claim("14.bytes-of-a-cache", guess_cache, plain=plain, grouped=grouped, latent=latent)

# %%
figure, axes = canvas(width=5.4, height=2.0)
bars(axes, {"32 key heads": plain, "8 key heads": grouped, "latents 512 + 64": latent,
            "1 key head": single}, xlabel="GiB for one text of 32,768 tokens")
show(figure, "What one text takes in the cache. Latents need about twice what a single key head "
             "needs, and each head still has keys of its own.")
tally()

# %% [markdown]
# ## What to take along
#
# - The softmax of a row can be computed in parts: keep the largest score, the sum and the mix, and shrink both sums when a larger score arrives.
# - By blocks attention is exact, and its memory grows with the tokens. The work stays quadratic.
# - Linear attention and the delta rule have a state of fixed size. It forgets, and the curve says when.
# - A window makes only near scores; chapter 15 adds far ones to it.
# - In a decoder the cache is what counts: share key heads, or keep latents.
#
# ## Five questions
#
# <details><summary>1. The sums so far belong to a largest score of 3, and now 5 arrives. By what are they multiplied?</summary>
#
# By $e^{3-5} = 0.135$, both of them.
# </details>
# <details><summary>2. Does attention by blocks compute fewer scores?</summary>
#
# No, the same ones (half of them where it is causal, since tiles in the future are skipped). It holds fewer of them at a time.
# </details>
# <details><summary>3. Why must φ be positive?</summary>
#
# Its products are weights that are divided by their sum. With both signs the sum may come near 0, or be negative.
# </details>
# <details><summary>4. A state of 64 × 64 numbers, 64-wide keys of length 1: how many keys can the delta rule keep without error, at best?</summary>
#
# 64, if they are orthogonal: there is no room for more directions. Random ones disturb each other earlier.
# </details>
# <details><summary>5. 32 heads share 8 key heads. By what factor does the cache shrink?</summary>
#
# By 4. The number of query heads does not matter to it.
# </details>
#
# ## Where to read on
#
# Dao et al. 2022, §3: the algorithm and why memory traffic is what counts. Katharopoulos et al. 2020, §3: attention as a recurrent network. DeepSeek-AI 2024, §2.1: latents. All in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/14_exercises_efficient_attention.ipynb) ask for the online softmax, blocks, windows, a linear state and the bytes of a cache. Then go on to [15 · Long context](15_long_context.ipynb).
