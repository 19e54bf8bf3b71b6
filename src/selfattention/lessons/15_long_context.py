# %% [markdown]
# # 15 · Long context
#
# A book has more tokens than attention can pay for. **How can a model use what stood thousands of tokens ago, without a score for every pair?**
#
# Two answers of 2019 and 2020. *Transformer-XL* reads a text in segments and remembers, layer by layer, what it has just read. *BigBird* reads everything at once, but lets each block of tokens see only a few others. Both make far fewer scores; we measure what they can still reach.

# %%
import torch

from selfattention import masks
from selfattention.attention import attention
from selfattention.claims import claim, tally
from selfattention.data import recall, stream
from selfattention.efficient.block_sparse import sparse_attention
from selfattention.efficient.memory import peak_bytes
from selfattention.efficient.patterns import Pattern, dense_mask, edges, hops
from selfattention.models.transformer_xl import Sizes, TransformerXL, new_memory, relative_shift
from selfattention.plots import canvas, course_map, heatmap, heatmaps, lines, show, token_rows
from selfattention.source import show_source
from selfattention.training import Recipe, fit, muon

show(course_map(15, machine="decoder", here=["target positions", "masked self-attention", "mask"]),
     "Where we are: which tokens a layer may see, and how it tells their places.")

# %% [markdown]
# ## The idea in one picture
#
# Twelve tokens, cut into segments of three. Without a memory, a token sees its own segment up to itself. With a memory, each layer also sees the three states that it was given for the segment before. BigBird's blocks see their neighbours, the first and the last block, and one block drawn at random.

# %%
tokens = torch.arange(12)
before = tokens <= tokens[:, None]
segment = tokens[:, None] // 3 * 3
bigbird = dense_mask(Pattern(block=2, window=3, random=1), 12)
tables = {"segments": before & (tokens >= segment),
          "with a memory": before & (tokens >= segment - 3), "BigBird": bigbird}
show(heatmaps({name: table.double() for name, table in tables.items()}, numbers=False, largest=1),
     "Who sees whom in one layer: queries down, keys across. Most of the table stays empty.")

# %% [markdown]
# ## A memory, by hand
#
# A layer with a memory of 3 reads segments of two tokens: *the cat*, *sat down*, *it slept*. After the first segment it keeps its two inputs; after the second it has four, and keeps the last three. What it keeps are its **inputs**, which the layer below has already made out of earlier tokens. They are cut off from the gradient (*detached*): remembering costs no backward pass.

# %%
words = ["the", "cat", "sat", "down", "it", "slept"]
kept, states = torch.zeros(1, 0, 1), torch.arange(6.0).view(1, 6, 1)
for start in (0, 2, 4):
    print("reads", words[start:start + 2], "and remembers",
          [words[int(state)] for state in kept.flatten()])
    kept = new_memory(kept, states[:, start:start + 2], most=3)
show_source(new_memory)

# %% [markdown]
# How far back does a segment depend on the text? `masks.dependence` (chapter 04) tells, by the Jacobian, which inputs an output depends on. For this question the memory is *not* detached. Segments have 16 tokens, and each of 2 layers remembers 16.
#
# **Predict first:** on how many tokens before its own segment does the first token of the last segment depend?

# %%
guess_reach = None  # your guess, in tokens

# %% tags=["claim:reach-of-a-memory"]
def reach(layers, segments=5, length=16):
    torch.manual_seed(0)
    sizes = Sizes(29, 4, heads=2, d_ff=8, layers=layers, memory=length)
    model = TransformerXL(sizes).double().eval()

    def read(x):
        remembered, outputs = [x[None, :0]] * layers, []
        for part in x[None].split(length, dim=1):
            output, remembered = model.read(part, remembered)
            outputs.append(output[0])
        return torch.cat(outputs)

    first = (segments - 1) * length
    depends = masks.dependence(read, torch.randn(segments * length, 4, dtype=torch.float64))
    return first - int(depends[first].nonzero()[0])


claim("15.reach-of-a-memory", guess_reach, reach=reach(2), deeper=reach(3))

# %% [markdown]
# Layer 2 remembers states that layer 1 made when *it* remembered the segment before that. So each layer adds one memory's length to the reach, though no layer ever looks further than its own memory (Dai et al. 2019, §3.2).
#
# ## Distances in place of positions
#
# A token that is remembered stood at place 15 of its segment; the token that asks stands at place 0 of the next. Counted from the beginning of a segment, the one that came first has the higher number. So positions are not added to tokens; each score gets a part that depends on the **distance** (Dai et al. 2019, §3.3):
#
# $$q_i^\top k_j + q_i^\top r_{i-j} + u^\top k_j + v^\top r_{i-j}.$$
#
# The four parts: does the key fit the query; does the distance fit it; is this key of use to anybody ($u$); is this distance ($v$)? $u$ and $v$ are learned, $r$ is made of sinusoids. One product gives the scores of all queries with all distances, a column for each distance. But a distance of 2 is another key for each query. The *relative shift* brings every row into place:

# %%
by_distance = torch.tensor([[3.0, 2.0, 1.0, 0.0]] * 3)
shifted = relative_shift(by_distance)
seen = masks.causal(3, 4)
wrong = (by_distance != shifted) & seen
figure, (left, middle, right) = canvas(3, height=2.4)
heatmap(left, by_distance + 1e-9, title="by distance", role="scores", column_axis="columns")
heatmap(middle, shifted.masked_fill(~seen, 0), title="✓ shifted", role="scores")
heatmap(right, by_distance.masked_fill(~seen, 0), title="✗ not shifted", role="scores", wrong=wrong)
show(figure, "The number in a cell is the distance whose score it holds; 3 queries are the last "
             "of 4 keys. Shifted, each key stands at its true distance; not shifted, only the last "
             "row is right.")

# %% [markdown]
# ## What can it answer?
#
# A text has six segments of 16 tokens. Each tells two pairs of a key and a value; later segments ask for keys that were told one to four segments ago. The model has two layers, and a memory of one segment. A blind guess among 16 values is right in 0.06 of the cases.

# %%
text = stream.texts(1, torch.Generator().manual_seed(0))
names = [recall.names(part) for part in text.segments[0, :3]]
distances = [["·" if far == 0 else str(int(far)) for far in part] for part in text.distances[0, :3]]
show(token_rows(*({f"segment {number}": row, "asks back": far}
                  for number, (row, far) in enumerate(zip(names, distances)))),
     "The first three segments. Letters are keys, numbers are values, dots filler. Below: from "
     "how many segments ago the key is asked.")

# %% [markdown]
# **Predict first:** what share of the keys from *three* segments ago does the trained model know?

# %%
guess_three = None  # your guess, between 0 and 1

# %% tags=["claim:asked-by-distance"]
torch.manual_seed(0)
model = TransformerXL(Sizes(recall.VOCAB, layers=2, memory=stream.TOKENS, dropout=0.0))
test = stream.texts(500, torch.Generator().manual_seed(1))
course = fit(model, stream.Stream(64), Recipe(steps=160, rate=2e-3, warmup=20), loss=stream.loss,
             make=muon, every=20, watch=lambda model: stream.accuracies(model, test))
found = course.watched[-1]
claim("15.asked-by-distance", guess_three, one=found[1], two=found[2], three=found[3],
      four=found[4], blind=recall.CHANCE)

# %%
figure, axes = canvas(width=5.2, height=2.9)
curves = {f"{far} back": [one[far] for one in course.watched] for far in range(1, 5)}
lines(axes, range(20, 161, 20), curves, xlabel="training step",
      ylabel="share right", below=True)
show(figure, "Questions from one and two segments back are learned, from three and four never: 2 "
             "layers × 1 segment of memory is the reach.")

# %% [markdown]
# The training is short, so the model has only begun to tell the keys apart. Twice as many steps of the same recipe (`python benchmarks/long_context.py stream --memory 1`) gave 0.92 and 0.99 for one and two segments back, and still 0.06 for three and four: beyond the reach there is nothing to be learned from.

# %% [markdown]
# ## BigBird: few blocks, all connected
#
# An encoder may read the whole text at once. BigBird (Zaheer et al. 2020) cuts it into blocks; each block sees its neighbours (the window), the first and the last block, and three drawn at random, once and for all. Scores of other blocks are not made and then masked. They are never made. The package gathers, for each block of queries, the keys that it sees; here it is against dense attention under the same mask:

# %%
pattern = Pattern(block=8)
parts = [torch.randn(2, 3, 96, 5, dtype=torch.float64) for _ in range(3)]
sparse = sparse_attention(*parts, pattern.seen(96))
assert torch.allclose(sparse, attention(*parts, dense_mask(pattern, 96)))
show_source(edges)

# %% [markdown]
# With blocks of 64 tokens, a window of 3 blocks, 2 at the ends and 3 at random, a text of 1,024 tokens needs about half of all scores.
#
# **Predict first:** what percentage of all scores is made for 16,384 tokens?

# %%
guess_share = None  # your guess, in percent

# %% tags=["claim:scores-made"]
shares = {size: 100 * edges(Pattern(64), size) / size**2 for size in (1024, 4096, 16_384)}
claim("15.scores-made", guess_share, short=shares[1024], long=shares[16_384])

# %% [markdown]
# Few scores are worth something only if they still connect the text. `hops` counts after how many layers a block can know of another one.
#
# **Predict first:** with the window alone (a block sees one neighbour on each side), how many layers until the last of 64 blocks knows of the first?

# %%
guess_layers = None  # your guess, in layers

# %% tags=["claim:layers-to-everywhere"]
window = Pattern(1, first=0, last=0, random=0)
layers = {name: hops(one.seen(64)) for name, one in (("window", window), ("BigBird", Pattern(1)))}
claim("15.layers-to-everywhere", guess_layers, window=int(layers["window"][-1, 0]),
      bigbird=int(layers["BigBird"].max()))

# %% [markdown]
# ## Break it on purpose: a global row without its column
#
# A global block must see all *and* be seen by all. Forget the second half: the first block collects everything, and nobody reads it. The mean number of layers between two blocks tells.

# %%
seen = Pattern(1, last=0, random=0).seen(16)
row_only = window.seen(16).clone()
row_only[0] = True
figure, (left, right) = canvas(2, height=2.9)
patterns = {"✓ row and column": seen, "✗ row alone": row_only}
for axes, (name, one) in zip((left, right), patterns.items()):
    mean = hops(one).double().mean()
    heatmap(axes, one.double(), numbers=False, title=f"{name}: {mean:.1f} layers",
            row_axis="blocks", column_axis="blocks")
show(figure, "Window and one global block, 16 blocks. Without the column it takes far more layers "
             "on average until a block knows of another.")

# %% tags=["claim:memory-by-pattern"]
def memory(function, size):
    parts = [torch.randn(1, 1, size, 32) for _ in range(3)]
    return peak_bytes(lambda: function(*parts))


def by_blocks(queries, keys, values):
    return sparse_attention(queries, keys, values, Pattern(32).seen(queries.shape[-2]))


growth = [memory(function, 4096) / memory(function, 2048) for function in (by_blocks, attention)]
claim("15.memory-by-pattern", sparse=growth[0], full=growth[1])
tally()

# %% [markdown]
# ## What to take along
#
# - A memory reaches layers × memory tokens back. What lies further is gone, however long you train.
# - Where texts are read in parts, scores need distances; the relative shift brings them into place without a table for each query.
# - BigBird makes a number of scores that grows with the text, not with its square. Global blocks make any two tokens neighbours of a neighbour.
# - Check a pattern by what it connects, not by how it looks.
#
# ## Five questions
#
# <details><summary>1. 12 layers with a memory of 512 tokens: how far back does a segment reach?</summary>
#
# 12 × 512 = 6,144 tokens before the segment.
# </details>
# <details><summary>2. Why is the memory detached?</summary>
#
# Otherwise the backward pass would run through all segments ever read, and their graphs would have to be kept.
# </details>
# <details><summary>3. Why may random blocks not be drawn anew in each call?</summary>
#
# The model would learn from connections that are gone in the next call, and the same text would give two results.
# </details>
# <details><summary>4. Scores are computed in full and then masked by BigBird's pattern. What is saved?</summary>
#
# Nothing: time and memory are those of full attention.
# </details>
# <details><summary>5. A window of 3 blocks, 10 layers, no global block: what does block 50 know of?</summary>
#
# Blocks 40 to 60: one block further on each side for each layer.
# </details>
#
# ## Where to read on
#
# Dai et al. 2019, §3 and appendix B: the memory and the shift. Zaheer et al. 2020, §2 and appendix D: the pattern and how it is computed. Both in the [bibliography](bibliography.ipynb). Longer runs: `python benchmarks/long_context.py`.
#
# The [exercises](../exercises/15_exercises_long_context.ipynb) ask for the memory, the shift, the four parts of a score, the pattern and its hops.
