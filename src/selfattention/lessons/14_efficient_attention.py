# %% [markdown]
# # 14 · Efficient attention
#
# Every token looks at every token: a text of 100,000 tokens has ten billion ($10^{10}$) scores, in each head of each layer. **Which part of this cost can be avoided without changing the result, and what does it cost to avoid the rest?**
#
# Three parts. First, attention gives exactly what it gave before, in far less memory. Then it gives something else for less, and we measure what is lost. Last, what a decoder must keep: there we count bytes, not what is lost.

# %%
import torch

from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.efficient import caches, linear
from selfattention.efficient.blockwise import Blocks, blockwise_attention
from selfattention.efficient.capacity import corrected_sum, found_again, plain_sum
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.windows import sliding_window, windowed_attention
from selfattention.plots import bars, canvas, course_map, heatmaps, lines, show
from selfattention.source import show_source

show(course_map(14, here=["scores", "softmax", "mix"]),
     "Where we are: inside the attention box. First the same result is computed in another way, "
     "then another result.")

# %% [markdown]
# ## The idea in one picture
#
# Nine tokens have a table of 9 × 9 scores. Attention as we wrote it makes the whole table, then the softmax of each row, then the mix. But a row never needs to be there as a whole: a sum can be carried along. So we may cut the table into **tiles** and hold one tile at a time. Or we may decide not to look at far keys at all, and keep a **window**.

# %%
row, column = torch.arange(9)[:, None], torch.arange(9)
later, held = column > row, (row // 3 == 2) & (column // 3 == 1)
pale = 0.2 + 0.15 * ((row // 3 + column // 3) % 2)
tables = {"whole table": (~later).double(),
          "by tiles": torch.where(held, 1.0, pale).masked_fill(later, 0),
          "window of 4 keys": sliding_window(9, 4).double()}
show(heatmaps(tables, numbers=False, largest=1, role="scores"),
     "Which scores are made: queries down, keys across, no look ahead. In the middle the dark tile "
     "(queries 6 to 8, keys 3 to 5) is held in memory just now; the pale ones come before or after "
     "it. On the right each query looks at four keys at most.")

# %% [markdown]
# ## The softmax of a row that arrives in parts
#
# By hand: one query has the scores 1 and 3, and later 5. The values are 10, 20 and 30. After the first two keys we know three numbers: the largest score so far, 3; the sum of the exponentials, $e^{1-3} + e^{3-3} = 0.135 + 1$; and the sum of the exponentials times the values, $1.35 + 20$.
#
# Then 5 arrives. It is larger than 3, so both sums are too large, by a factor of $e^{5-3}$. We multiply both by $e^{3-5} = 0.135$ and go on: $0.154 + 1$, and $2.89 + 30$. One division at the end gives $32.89 / 1.154 = 28.5$. This is the **online softmax** (Milakov and Gimelshein 2018, algorithm 3, for the largest score and the sum; with the values: Rabe and Staats 2021):
#
# $$m' = \max(m, s), \quad l' = l\,e^{m - m'} + e^{s - m'}, \quad o' = o\,e^{m - m'} + e^{s - m'}\,v.$$
#
# Here $s$ is a new score with its value $v$; $m$ is the largest score so far, $l$ the sum of exponentials and $o$ the mixed values, not yet divided. In the code they are `largest`, `total` and `mixed`, and two keys are taken in at a time: here 1 and 3, then 5.

# %%
def online(scores, values, rescale=True):
    largest, total, mixed = torch.tensor(-torch.inf), 0.0, 0.0
    for some_scores, some_values in zip(scores.split(2), values.split(2)):
        before, largest = largest, torch.maximum(largest, some_scores.max())
        shrink = torch.exp(before - largest) if rescale else 1.0
        powers = torch.exp(some_scores - largest)
        total = total * shrink + powers.sum()
        mixed = mixed * shrink + powers @ some_values
    return mixed / total


scores, values = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([[10.0], [20.0], [30.0]])
at_once = torch.softmax(scores, dim=-1) @ values
print(f"in parts: {online(scores, values).item():.4f}, at once: {at_once.item():.4f}")

# %%
figure, (left, right) = canvas(2, height=1.9)
bars(left, torch.exp(scores[:2] - 3), role="scores", title="after two keys")
bars(right, torch.exp(scores - 5), role="scores", title="after the third")
show(figure, "The exponential of each key's score minus the largest so far, not yet divided. When "
             "5 arrives, the earlier ones shrink by the same factor, 0.135.")

# %% [markdown]
# ## Rows and columns of tiles
#
# With tiles, `scores` is a table of some queries × some keys, and `largest`, `total` and `mixed` have a row for each query; nothing else changes. For each block of queries one block of keys comes after another; where no query looks ahead, tiles that lie wholly in the future are skipped. This is what *FlashAttention* does on a GPU (Dao et al. 2022; in this order of the loops, with one division at the end: Dao 2023, algorithm 1).
#
# Beside queries, keys and values only the output, $m$ and $l$ are kept. In the backward pass each tile of weights is computed again, as $e^{s-m}/l$. ($m + \log l$ is the row's *log-sum-exp*; with it, exercise 3 puts together parts that were read on different machines.)
#
# The package's version is plain PyTorch. Here it is in tiles of 16 × 8 against the attention of chapter 03, forward and backward:

# %%
torch.manual_seed(0)
parts = [torch.randn(61, 8, dtype=torch.float64, requires_grad=True) for _ in range(3)]
triangle = torch.ones(61, 61, dtype=torch.bool).tril()
for causal, mask in ((False, None), (True, triangle)):
    ours = blockwise_attention(*parts, causal=causal, blocks=Blocks(queries=16, keys=8))
    wanted = attention(*parts, mask)
    assert torch.allclose(ours, wanted)
    # Any function of the output will do: its gradients must agree.
    slopes = [torch.autograd.grad(one.sin().sum(), parts) for one in (ours, wanted)]
    assert all(torch.allclose(one, other) for one, other in zip(*slopes))
print("outputs and gradients are equal, causal or not")

# %% [markdown]
# `peak_bytes` adds up the tensors that exist at the same time during a call, and returns the most; so its figure is the same on every machine. By itself the package takes tiles of 512 × 512 scores. At four bytes a number such a tile is 1 MiB ($2^{20}$ bytes), and so is an output of 4,096 tokens, 64 numbers wide.
#
# **Predict first:** when a text grows from 2,048 to 4,096 tokens, by what factor does the memory of attention by blocks grow?

# %%
guess_growth = None  # your guess, a factor

# %% tags=["claim:memory-by-length"]
def random_parts(count, width=64):
    generator = torch.Generator().manual_seed(count)
    return [torch.randn(count, width, generator=generator) for _ in range(3)]


def memory(function, count):
    queries, keys, values = random_parts(count)
    return peak_bytes(lambda: function(queries, keys, values))


whole = {count: memory(attention, count) for count in (2048, 4096)}
blocks = {count: memory(blockwise_attention, count) for count in (2048, 4096)}
claim("14.memory-by-length", guess_growth, whole=whole[4096] / whole[2048],
      blocks=blocks[4096] / blocks[2048], saved=whole[4096] / blocks[4096])

# %% [markdown]
# Twice as many queries and twice as many keys are four times as many scores. By blocks only the output grows, and two numbers for each query; the tiles (for a moment two, the last and the next) stay as they are. Only far beyond 4,096 tokens does the memory grow as the tokens do.
#
# ## The same work, in less time
#
# The *work* of the forward pass has not changed: each score is computed. Training computes each once more, in the backward pass. On a GPU attention by blocks is faster all the same, because moving a large table in and out of memory takes longer there than computing it (Dao et al. 2022, §3.2). On a CPU, too, the plain formula took more than twice as long as the blocks (`python benchmarks/efficient.py speed`: forward, 8,192 tokens, one thread; figures in benchmarks/README.md, "Efficient attention").
#
# In practice you call `torch.nn.functional.scaled_dot_product_attention`, somewhat faster still. It is *fused*: one compiled operation makes scores, softmax and mix, and gives back the output alone. The newer `flex_attention` takes a mask or a bias as a function of two positions.
#
# The same loop is there as a Triton kernel for GPUs, too (`selfattention.efficient.triton_kernel`, forward only; extra `kernel`). Triton's interpreter runs it without a GPU, so `pytest tests/efficient/test_triton_kernel.py` holds it against torch's attention. Its speed on a GPU has not been measured.
#
# ## Is it exact?
#
# Yes, up to rounding. But $e^{100}$ is too large for float32, so the largest score is subtracted first, and by blocks it is not known at first. Below, 100,000 is added to every score; that must change nothing, since a softmax knows only differences. Queries and keys are whole numbers, so each score is a multiple of 1/8, which float32 holds exactly: only attention itself can err. It is compared with float64.

# %% tags=["claim:error-by-blocks"]
def error(added):
    queries, keys, values = random_parts(1024)
    queries, keys = (2 * queries).round(), (2 * keys).round()
    queries[:, 0], keys[:, 0] = added, 8  # to every score this adds: added · 8 / √64
    true = attention(queries.double(), keys.double(), values.double())
    return ((blockwise_attention(queries, keys, values) - true).norm() / true.norm()).item()


claim("14.error-by-blocks", small=error(0), huge=error(100_000))

# %% [markdown]
# ## Break it on purpose: no rescaling
#
# Forget to shrink the sums when a larger score arrives. There is no error message, and where the largest score lies in the first part nothing is wrong. Here one query has six keys with rising scores, two in a part; the values are one-hot, so that the mix *is* the weights.

# %%
rising, one_hot = torch.arange(6.0), torch.eye(6)
figure, (left, right) = canvas(2, height=2.4)
bars(left, online(rising, one_hot), each="score", title="✓ with rescaling")
bars(right, online(rising, one_hot, rescale=False), each="score", title="✗ without")
show(figure, "Weights of six keys, taken in two at a time. Without rescaling each pair counts as "
             "if it held the largest score of all.")

# %% [markdown]
# ## Another result for less: a window
#
# Each query sees its own key and the 127 before it (Beltagy et al. 2020, §3.1, there to both sides). Of the 8.4 million scores of 4,096 tokens without a look ahead it needs 0.5 million: what it saves is *work*. What it loses is plain: a key 128 places back has weight 0, however well it fits. Only further layers carry it on, as in a stack of convolutions (chapter 11): L such layers reach 127 · L tokens back. (Our window makes all its tables at once, so in the next picture of memory it takes more than the blocks.)
#
# ## Another result for less: linear attention
#
# *Linear attention* (Katharopoulos et al. 2020, eq. 5) makes no scores. It replaces $e^{q \cdot k / \sqrt{d_k}}$ by the dot product $\phi(q) \cdot \phi(k)$ of two vectors of positive numbers. φ acts on each number: x + 1 above 0, else $e^x$, which is elu(x) + 1 (eq. 7). Then, where every query sees all keys, the sum over the keys can be made first, once for all queries:
#
# $$\sum_j \big(\phi(q) \cdot \phi(k_j)\big)\, v_j^\top = \phi(q)^\top \Big( \sum_j \phi(k_j)\, v_j^\top \Big).$$
#
# Then it is divided by the sum of the weights, $\phi(q)^\top \sum_j \phi(k_j)$; weights that are divided by their sum must not be negative, hence φ. So two sums are kept, whatever the length of the text: a table of $d_k \times d_v$ numbers and a vector of $d_k$. Token by token, for queries that must not look ahead, they are a state that is added to, as in the recurrent networks of chapter 11. What do its weights look like? (Queries and keys are twice as long as usual here, which sharpens the softmax.)

# %%
show_source(linear.feature_map)
queries, keys, values = (2 * part for part in random_parts(6, width=16))
sharp = attention_weights(queries, keys)
table = linear.feature_map(queries) @ linear.feature_map(keys).T
flat = table / table.sum(dim=-1, keepdim=True)
assert torch.allclose(flat @ values, linear.linear_attention(queries, keys, values), atol=1e-5)
show(heatmaps({"softmax": sharp, "linear": flat}, largest=1),
     f"Weights of the same queries and keys. A row's largest is, on average, "
     f"{sharp.amax(-1).mean():.2f} with the softmax and {flat.amax(-1).mean():.2f} with φ.")

# %%
kinds = {"whole table": attention, "by blocks": blockwise_attention,
         "window": lambda *parts: windowed_attention(*parts, window=128),
         "linear": linear.chunked_linear_attention}
sizes = [256, 512, 1024, 2048, 4096]
curves = {name: [memory(kind, size) / 2**20 for size in sizes] for name, kind in kinds.items()}
figure, axes = canvas(width=5.2, height=3.0)
lines(axes, sizes, curves, xlabel="tokens", ylabel="MiB", log_x=True, log_y=True, below=True)
show(figure, "Memory of one head by length, both axes logarithmic. With twice the tokens the whole "
             "table takes four times as much, window and linear attention about twice. By blocks "
             "a single tile grows up to 512 tokens; from 1,024 on two are held for a moment, and "
             "the line is nearly flat. (Window and linear attention look back only.)")

# %% [markdown]
# ## What a table can give back
#
# A state of fixed size cannot give back ever more keys. How soon it fails depends on how it is written. We compare three: the *plain sum* of $k\,v^\top$, without φ and division; linear attention; and the **delta rule** (Schlag et al. 2021, §4.2). Before that one writes a value $v$ for a key $k$, it reads what its table $S$ says for $k$, and writes only the difference:
#
# $$S' = S + \beta\,k\,(v - S^\top k)^\top,$$
#
# with a strength β, here 1. By hand: $S$ says 10 for a key of length 1, and the value is 30. So 20 is added, and now it says 30. A sum would say 40. `corrected_sum` does this for all keys, then reads with every query. `found_again` is the test:

# %%
show_source(corrected_sum)
show_source(found_again)

# %% [markdown]
# Random keys get random values; we ask with every key, and look which value the answer is most like. Keys and queries have the length 256, so that attention can be sharp, and since φ hardly tells short vectors apart. Each table has 64 × 64 numbers.
#
# **Predict first:** of 256 such keys, what share does linear attention find again?

# %%
guess_found = None  # your guess, between 0 and 1

# %% tags=["claim:keys-found-again"]
answers = {"attention": attention, "plain sum": plain_sum, "linear": linear.linear_attention,
           "delta rule": corrected_sum}
shares = {name: found_again(answer, 256).double().mean() for name, answer in answers.items()}
late = found_again(corrected_sum, 256)[:, -64:].double().mean()
claim("14.keys-found-again", guess_found, attention=shares["attention"], plain=shares["plain sum"],
      linear=shares["linear"], delta=shares["delta rule"], late=late)

# %%
counts = [8, 16, 32, 64, 128, 256]
figure, panels = canvas(2, height=3.2)
for axes, times, title in zip(panels, (1, 2), ("each key once", "again, with a new value")):
    shares = {name: [found_again(answer, count, times).double().mean() for count in counts]
              for name, answer in answers.items()}
    lines(axes, counts, shares, xlabel="keys", ylabel="share found again", title=title,
          log_x=True, below=True)
show(figure, "Keys found again by how many were told; the mean of eight draws. Left: each key "
             "comes once. Right: each comes again with another value, and that one counts.")

# %% [markdown]
# Why does φ fail so soon? It gives every wrong key a weight above 0, so each answer holds much of the mean of all values. With this mean taken out of the values, the same φ finds 0.54 of 256 keys (`python benchmarks/efficient.py recall`). Without φ the wrong weights have both signs and mostly cancel.
#
# The delta rule disturbs old keys while it corrects for new ones, so of many keys it knows the last. But where a key comes again it says the new value; the others mix old and new, so that even attention can only toss a coin. 64 keys at right angles to each other it would keep all; a 65th finds no direction of its own (Schlag et al. 2021, §4.1).
#
# Keys here are random. A trained model can choose keys that disturb each other less; that is not measured here. There are models that mix layers of attention with layers of the delta rule (Yang et al. 2024).
#
# ## What a decoder keeps
#
# A decoder keeps the keys and values of all tokens so far (chapters 06 and 13). How many bytes they take limits how many texts fit on a GPU at once. Three ways to keep less: several query heads share one key head (*grouped queries*, chapter 06); all share one (*multi-query*); or one short vector a token and layer is kept, the **latent**, from which each head makes its keys and values when they are needed (*multi-head latent attention*, DeepSeek-AI 2024, §2.1).
#
# The keys need not even be made: as $q^\top (U c) = (U^\top q)^\top c$, the queries can go to the latents (`attend_absorbed`). But where a key is turned by its position (chapter 07), a rotation stands between $q$ and $U$, another one for each distance, and this no longer works. So one short *turned key* a token is kept beside the latent, which all heads share (§2.1.3).
#
# The cell below first holds a real cache against its count, and `attend_absorbed` against `attend`. Then it counts for a model of 32 layers with 32 heads of 128 numbers, two bytes each, and one text of 32,768 tokens. Latents are as in DeepSeek-V2: 512 numbers, and a turned key of 64 (§3.1.2).
#
# **Predict first:** how many GiB ($2^{30}$ bytes) do the keys and values of this text take?

# %%
guess_cache = None  # your guess, in GiB

# %% tags=["claim:bytes-of-a-cache"]
layer = caches.LatentAttention(caches.LatentSizes(64, heads=2, d_head=32, latent=24, rotary=8))
cache, new = layer.compress(torch.randn(1, 100, 64)), torch.randn(1, 1, 64)
assert caches.held_bytes(*cache) == caches.latent_bytes(100, 1, 24, 8, bits=32)
assert torch.allclose(layer.attend(new, cache, start=100),
                      layer.attend_absorbed(new, cache, start=100), atol=1e-5)

GIB = 2**30
plain, grouped, single = (caches.key_value_bytes(32_768, 32, heads, 128) / GIB
                          for heads in (32, 8, 1))
latent = caches.latent_bytes(32_768, 32, 512, 64) / GIB
claim("14.bytes-of-a-cache", guess_cache, plain=plain, grouped=grouped, latent=latent)

# %%
figure, axes = canvas(width=5.4, height=2.0)
bars(axes, {"32 key heads": plain, "8 key heads": grouped, "latents 512 + 64": latent,
            "1 key head": single}, role="keys", xlabel="GiB for one text of 32,768 tokens")
show(figure, "What one text takes in the cache. Latents need 2.25 times what a single key head "
             "needs, and each head still has keys of its own.")
tally()

# %% [markdown]
# ## What to take along
#
# - The softmax of a row can be computed in parts: keep the largest score, the sum and the mix, and shrink both sums when a larger score arrives.
# - By blocks attention is exact, and needs memory only for tiles, the output and two numbers a query. The work stays quadratic.
# - A window makes only near scores; chapter 15 adds far ones to it.
# - Linear attention and the delta rule have a state of fixed size. It can hold only so many keys; how soon it fails depends on how it is written.
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
# No, the same ones. It holds fewer of them at a time. (Tiles that lie wholly in the future are skipped, but nobody needs their scores.)
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
# Compared with 32 key heads, by 4. How many heads of queries there are does not matter: no query is kept.
# </details>
#
# ## Where to read on
#
# Dao et al. 2022, §3: the algorithm and why memory traffic is what counts. Katharopoulos et al. 2020, §3: attention as a recurrent network. Schlag et al. 2021, §4: what a table can hold. DeepSeek-AI 2024, §2.1: latents. All in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/14_exercises_efficient_attention.ipynb) ask for the online softmax, blocks, parts put together, windows, linear attention, the delta rule, the bytes of a cache, and latents. Then go on to [15 · Long context](15_long_context.ipynb).
