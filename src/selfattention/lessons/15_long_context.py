# %% [markdown]
# # 15 · Long context
#
# A book has more tokens than attention can pay for. **How can a model use what stood thousands of tokens ago, without a score for every pair?**
#
# Two answers of 2019 and 2020. *Transformer-XL* reads a text in segments and remembers, layer by layer, what it has just read. *BigBird* reads everything at once, but lets each block of tokens see only a few others. Both make far fewer scores; we measure what they can still reach.

# %%
from functools import partial

import torch

from selfattention import masks
from selfattention.attention import attention
from selfattention.claims import claim, tally
from selfattention.data import recall, stream
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
# Twenty-four tokens, cut into *segments* of six, pieces that are read one after the other (not the two sentences of chapter 12). Without a memory, a token sees its own segment up to itself. With one, each layer also sees the six states that it was given for the segment before.
#
# BigBird cuts the text into *blocks* of neighbouring tokens (not the layers of chapter 08), here of one token each. A block sees its neighbours, some blocks drawn at random, and the first and the last block. These two are **global**: they see all, and all see them.

# %%
tokens = torch.arange(24)
before = tokens <= tokens[:, None]
segment = tokens[:, None] // 6 * 6
own, remembered = before & (tokens >= segment), before & (tokens >= segment - 6)
near, ends, drawn = (dense_mask(Pattern(1, first=count, last=count, random=random), 24)
                     for count, random in ((0, 0), (1, 0), (1, 1)))
tables = {"segments": 1.0 * own, "with a memory": 0.3 * own + 0.7 * remembered,
          "BigBird": 0.3 * near + 0.3 * ends + 0.4 * drawn}
show(heatmaps(tables, numbers=False, role="masks", largest=1.4),
     f"Who sees whom in one layer: queries down, keys across. Of 576 pairs {own.sum()}, "
     f"{remembered.sum()} and {drawn.sum()} are seen. Dark: the own segment, or the window. "
     "Lighter: the memory, or the global first and last token. Lightest: drawn at random.")

# %% [markdown]
# ## A memory, by hand
#
# A layer with a memory of 3 reads segments of two tokens: *the cat*, *sat down*, *it slept*. After the first segment it keeps its two inputs; after the second it has four, and keeps the last three. What it keeps are its **inputs**, which the layer below has already made out of earlier tokens. They are cut off from the gradient (*detached*): remembering costs no backward pass.

# %%
words = ["the", "cat", "sat", "down", "it", "slept"]
states = torch.arange(6.0).view(1, 6, 1)  # a text of six states, each a single number
kept = states[:, :0]  # nothing is remembered yet
for start in (0, 2, 4):
    print("reads", words[start:start + 2], "and remembers",
          [words[place] for place in kept.flatten().int().tolist()])
    kept = new_memory(kept, states[:, start:start + 2], most=3)
show_source(new_memory)

# %% [markdown]
# How far back does a segment depend on the text? `masks.dependence` (chapter 08) tells by the Jacobian. That is made of gradients, which `detach` cuts, though the output still depends on what was cut off. So for this question the memory stays attached. Segments have 16 tokens, and each of 2 layers remembers 16.
#
# **Predict first:** on how many tokens before its own segment does the first token of the last segment depend?

# %%
guess_reach = None  # your guess, in tokens

# %% tags=["claim:reach-of-a-memory"]
def reach(layers, segments=5, length=16, memory=16):
    torch.manual_seed(0)
    sizes = Sizes(vocab=1, d_model=4, heads=2, d_ff=8, layers=layers)
    model = TransformerXL(sizes).double().eval()

    def read(x):
        kept, outputs = [x[None, :0]] * layers, []  # no memory yet
        for part in x[None].split(length, dim=1):
            output, inputs = model.read(part, kept)
            kept = [torch.cat(both, dim=1)[:, -memory:] for both in zip(kept, inputs)]
            outputs.append(output[0])
        return torch.cat(outputs)

    first = (segments - 1) * length
    depends = masks.dependence(read, torch.randn(segments * length, 4, dtype=torch.float64))
    return first - int(depends[first].nonzero()[0])  # how far before it the oldest such token is


claim("15.reach-of-a-memory", guess_reach, reach=reach(2), deeper=reach(3))

# %% [markdown]
# Layer 2 remembers states that layer 1 made when *it* remembered the segment before that. Where the memory is as long as a segment, each layer adds one segment to the reach, though no layer ever looks further than its own memory (Dai et al. 2019, §3.2).
#
# ## Distances in place of positions
#
# A remembered token stood at place 15 of its segment; the one that asks stands at place 0 of the next, so the earlier one has the higher number. Therefore positions are not added to tokens; each score gets a part that depends on the **distance** (Dai et al. 2019, §3.3):
#
# $$q_i^\top k_j + q_i^\top r_{i-j} + u^\top k_j + v^\top r_{i-j}.$$
#
# The four parts ask: does this key fit the query? Does this distance fit the query? Is this key useful to every query ($u$)? Is this distance ($v$)? $u$ and $v$ are learned; $r_{i-j}$ is the sinusoid vector of the distance (chapter 07) times a learned matrix. In the authors' code, as in chapter 03, the sum is divided by $\sqrt{d}$.
#
# One product gives the scores of all queries with all distances: of $n$ keys, column $c$ holds the distance $n - 1 - c$. But in each row another key stands at that distance. The last query's row is right already. The one above stands one position earlier, so it moves left by one; the one above that by two. This is the *relative shift*:

# %%
by_distance = torch.tensor([[3.0, 2.0, 1.0, 0.0]] * 3)
shifted, future = relative_shift(by_distance), ~masks.causal(3, 4)
figure, (left, middle, right) = canvas(3, height=2.4)
heatmap(left, by_distance, title="by distance", role="scores", column_axis="columns")
heatmap(middle, shifted, title="shifted", role="scores", hidden=future, good=True)
heatmap(right, by_distance, title="not shifted", role="scores", hidden=future, good=False,
        wrong=(by_distance != shifted) & ~future)
show(figure, "The number in a cell is the distance whose score it holds; 3 queries are the last "
             "of 4 keys. Blank: keys after the query, which the mask hides. Shifted, each key "
             "stands at its true distance; not shifted, only the last row is right.")
show_source(relative_shift)

# %% [markdown]
# (A column of zeros in front and other line breaks move each row by another number of places, without a table for each row.)
#
# ## What can it answer?
#
# A text has six segments of 16 tokens. Each tells two pairs of a key and a value, and asks once for every key of up to four segments before it. The model has two layers, and a memory of one segment. A blind guess among 16 values is right in 0.06 of the cases. The first 100 of its 300 steps have texts of two segments, in which two pairs are to be told apart and not four: shorter texts first, as in chapter 12.

# %%
text = stream.texts(1, torch.Generator().manual_seed(3))
asked = text.answers[0].masked_fill(text.answers[0] < 0, recall.VOCAB - 1)  # filler: no question
rows = [{f"segment {number}": recall.names(text.segments[0, number]),
         "answer": recall.names(asked[number])} for number in range(3)]
rows[0].pop("answer")  # nothing was told before it
show(token_rows(*rows, faint="·"),
     "The first three segments, and what is to be answered. Letters are keys, numbers are values, "
     "dots filler. Segment 2 asks for the keys of segment 1 and of segment 0.")

# %% [markdown]
# **Predict first:** a key was told *three* segments ago. In what share of the cases does the trained model name its value?

# %%
guess_three = None  # your guess, between 0 and 1

# %% tags=["claim:asked-by-distance"]
torch.manual_seed(0)
model = TransformerXL(Sizes(recall.VOCAB, layers=2, memory=stream.TOKENS, dropout=0.0))
test = stream.texts(200, torch.Generator().manual_seed(1))
course = fit(model, stream.Stream(64, short=100), Recipe(steps=300, rate=4e-3, warmup=20),
             loss=stream.loss, make=partial(muon, decay=0.3), every=25,
             watch=lambda model: stream.accuracies(model, test))
found = course.watched[-1]
claim("15.asked-by-distance", guess_three, one=found[1], two=found[2], three=found[3],
      four=found[4], blind=recall.CHANCE)

# %%
figure, axes = canvas(width=5.2, height=2.9)
curves = {f"{far} back": [one[far] for one in course.watched] for far in range(1, 5)}
lines(axes, range(25, 301, 25), curves, xlabel="training step", ylabel="share right",
      limit=recall.CHANCE, limit_name="blind guess", below=True)
show(figure, "With this seed nearly all is known from one and two segments back at the end; from "
             "three and four nothing: 2 layers × 1 segment of memory is the reach.")

# %% [markdown]
# The flat part in the middle has a reason. Whoever names the most frequent of the four values of the last two segments, whatever the key, is right in 0.34 of the cases (chapter 11 had such a bag; from one segment back in 0.38, as segment 1 has only two values to choose from). Until step 100 nothing is asked from two segments back, so that curve falls. Then the model finds out which value stood beside which key, and both rise. How soon depends on the seed: in two of three trainings about step 200, in the third not within 400. From three and four segments back nothing can be learned, however long one trains.
#
# **What does detaching cost?** With a memory of *two* segments all four distances are within reach. For the furthest, layer 1 would have to pass on, two segments ago, what stood two segments before that. Three trainings of 90 seconds (`python benchmarks/long_context.py stream --memory 2 --seconds 90 --seeds 3`, on one core) all name 1.00, 1.00 and 1.00 of the values from one, two and three segments back, and 0.07 to 0.09 from four. That layer 1 passes something on helps a *later* segment, and `detach` cuts the gradient that would say so; it learns what pays within its own segment. To hand on the segment just before seems to be enough for that (we did not look inside): with a memory of one segment nothing is lost, with two it is the fourth. Where gradients may reach the memory (`--attached` added to the command), the same three get 0.98 and more from each distance. Here that costs 3 per cent of the steps, as all six segments are kept for one backward pass anyway; in a long text all graphs would have to be kept. So the Jacobian tells how far a model *can* see. How far it *learns* to see must be measured.
#
# A longer memory is another way: with four segments (`--memory 4`) layer 2 sees the pairs itself, and 0.99 and more are right from each. No weight depends on how long the memory is, so a model that was trained with one segment can be given four (`--memory 1 --longer 4`). At once it knows a little more than half of what stood furthest back, and forgets near things; after 30 seconds more it has 0.99 and more everywhere.
#
# ## BigBird: few blocks, all connected
#
# BigBird (Zaheer et al. 2020) is an encoder that reads the whole text at once. Each block sees its neighbours (the *window*), the two global blocks (first and last, as in the authors' code), and three others, drawn at random once and for all: drawn anew in each call, the same text would give two results.
#
# The scores of all other blocks are never made; a mask would make them first and then throw them away. For each block of queries, the keys and values that it sees are *gathered* by an index that is a table of blocks. Then it is attention as ever, here beside the whole table under the same mask:

# %%
def by_blocks(queries, keys, values, block=32):
    seen = Pattern(block).seen(len(queries))[2:-2]  # without the ends, which see more, or fewer
    columns = seen.nonzero()[:, 1].view(-1, 8)  # for each block, the 8 that it sees
    queries, keys, values = (x.unflatten(0, (-1, block)) for x in (queries, keys, values))
    return attention(queries[2:-2], keys[columns].flatten(1, 2), values[columns].flatten(1, 2))


parts = [torch.randn(1024, 16, dtype=torch.float64) for _ in range(3)]
masked = attention(*parts, dense_mask(Pattern(32), 1024))
assert torch.allclose(by_blocks(*parts).flatten(0, 1), masked[64:-64])

# %% [markdown]
# (The package's `sparse_attention` does the ends as well.) With blocks of 64 tokens, a text of 1,024 tokens needs about half of all scores: most blocks see 8 of 16.
#
# **Predict first:** what percentage of all scores is made for 16,384 tokens?

# %%
guess_share = None  # your guess, in percent

# %% tags=["claim:scores-made"]
short, long = (100 * edges(Pattern(64), size) / size**2 for size in (1024, 16_384))
claim("15.scores-made", guess_share, short=short, long=long)

# %% [markdown]
# ## What is saved
#
# We double the text and count bytes, as in chapter 14. Both ways make their scores as tensors, so `peak_bytes` counts them. By blocks, the two blocks at each end are left out.
#
# **Predict first:** from 2,048 to 4,096 tokens, by what factor does the memory of attention by blocks grow?

# %%
guess_growth = None  # your guess, a factor

# %% tags=["claim:memory-by-pattern"]
def bytes_needed(function, size):
    parts = [torch.randn(size, 32) for _ in range(3)]
    return peak_bytes(lambda: function(*parts))


sparse, full = ([bytes_needed(function, size) for size in (2048, 4096)]
                for function in (by_blocks, attention))
claim("15.memory-by-pattern", guess_growth, sparse=sparse[1] / sparse[0], full=full[1] / full[0],
      less=full[1] / sparse[1])

# %% [markdown]
# Time goes the same way: at 16,384 tokens BigBird's attention is 9.8 times as fast as torch's fused attention over all tokens (`python benchmarks/long_context.py cost`).
#
# ## What is connected
#
# Few scores are worth something only if they still connect the text. `hops` counts after how many layers a block can know of another one.
#
# **Predict first:** with the window alone (a block sees one neighbour on each side), how many layers until every one of 64 blocks knows of every other?

# %%
guess_layers = None  # your guess, in layers

# %% tags=["claim:layers-to-everywhere"]
window = Pattern(1, first=0, last=0, random=0)
patterns = {"window": window, "random": Pattern(1, first=0, last=0), "bigbird": Pattern(1)}
layers = {name: int(hops(one.seen(64)).max()) for name, one in patterns.items()}
claim("15.layers-to-everywhere", guess_layers, **layers)

# %% [markdown]
# With a global block, any two are at most two layers apart, but in these two layers all that distant blocks tell each other goes through it. Random blocks are shortcuts around it: in a random graph, paths are short (Zaheer et al. 2020, §2). Are so few scores enough? A causal variant of BigBird (`python benchmarks/long_context.py recall --seeds 3`, two layers) is told four pairs at the beginning of 256 tokens and asked at the end. After half a minute of one core it recalls 0.91 to 1.00 of them, after a minute 1.00. That is an easy case: the pairs stand in the global first block, which every token sees. Full attention gets there, too, but later: after half a minute it still recalls 0.36 to 0.39, hardly more than one gets without looking at the keys (chapter 11). A window of two blocks stays at 0.05 to 0.07, a blind guess, for two layers of it do not reach so far back.
#
# ## Break it on purpose: a global row without its column
#
# A global block must see all *and* be seen by all. Forget the second half: the first block collects everything, but only its neighbour reads it, and hands it on block by block.

# %%
seen = {"window alone": window.seen(16), "✓ row and column": Pattern(1, last=0, random=0).seen(16),
        "✗ row alone": window.seen(16).clone()}
seen["✗ row alone"][0] = True
tables = {}
for name, one in seen.items():
    mean = hops(one).double().sum() / (16 * 15)  # a block to itself does not count
    tables[f"{name}: {mean:.1f}"] = one.double()
show(heatmaps(tables, numbers=False, role="masks", largest=1.4, row_axis="blocks",
              column_axis="blocks"),
     "Window and one global block, 16 blocks. In the titles, the mean number of layers until a "
     "block knows of another: without its column, the global block saves little.")
tally()

# %% [markdown]
# ## What to take along
#
# - A memory of one segment reaches as many segments back as there are layers. No training brings back what lies further: the output does not depend on it.
# - A detached memory needs no backward pass, and no gradient tells a layer what later segments will need of it.
# - Where texts are read in parts, scores need distances; the relative shift brings them into place without a table for each query.
# - BigBird makes a number of scores that grows with the text, not with its square. With a global block, any two tokens are at most two layers apart.
# - Check a pattern by what it connects, not by how it looks.
#
# ## Five questions
#
# <details><summary>1. 12 layers, segments of 512 tokens and a memory of 512: how far back does a segment reach?</summary>
#
# 12 × 512 = 6,144 tokens before the segment.
# </details>
# <details><summary>2. Why is the memory detached?</summary>
#
# Otherwise the backward pass would run through all segments ever read, and their graphs would have to be kept. The price: no gradient tells a layer what only a later segment needs.
# </details>
# <details><summary>3. Why are the random blocks drawn once, and not anew in each call?</summary>
#
# Otherwise the same text would give two results.
# </details>
# <details><summary>4. Scores are computed in full and then masked by BigBird's pattern. What is saved?</summary>
#
# Nothing: they are made before they are thrown away, so time and memory are those of full attention.
# </details>
# <details><summary>5. A window of 3 blocks, 10 layers, no global block: what does block 50 know of?</summary>
#
# Blocks 40 to 60: one block further on each side for each layer.
# </details>
#
# ## Where to read on
#
# Dai et al. 2019, §3 and appendix B: the memory and the shift. Zaheer et al. 2020, §2 and appendix D: the pattern and how it is computed. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/15_exercises_long_context.ipynb) ask for the memory, reading in segments, the shift, the four parts of a score, the pattern, attention by blocks, and the hops. Next comes [16 · Induction](16_induction.ipynb): what a trained model is doing inside, and how one finds out.
