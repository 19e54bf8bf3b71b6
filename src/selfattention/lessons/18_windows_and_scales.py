# %% [markdown]
# # 18 · Windows and scales
#
# An image of 224 × 224 pixels has 3,136 patches of 4 × 4, and so nearly ten million pairs of them. **Can a model look at an image through small windows, and still connect its opposite corners?**
#
# *Swin* (Liu et al. 2021) says yes, with two means: every second layer moves its windows, and every few layers four patches become one. The second serves a text, too: near tokens one by one, far ones as summaries. We measure what that connects, what it costs, and what is lost.

# %%
import torch
from torch import nn

from selfattention.claims import claim, tally
from selfattention.efficient.grids import relative_index, window_mask, windows
from selfattention.efficient.scales import multiscale_attention, pairs, scales
from selfattention.layers import MultiHeadAttention
from selfattention.models.swin import Sizes, Swin, WindowAttention, merge
from selfattention.plots import canvas, course_map, heatmap, heatmaps, show
from selfattention.source import show_source

show(course_map(18, machine="image encoder", here=["self-attention", "scores", "mask"]),
     "Where we are: in attention. New is what is added to the scores, and who may see whom.")

# %% [markdown]
# ## The idea in one picture
#
# A *grid* has height and width; a *place* of it holds the vector of a pixel or of a patch. Cut the grid into **windows**, squares of neighbouring places, and let each place attend only inside its own window. A border runs between some neighbours, though, and nothing ever crosses it. So the next layer **shifts** the windows by half of their size. And where four places are **merged** into one, the same small window covers four times the image.

# %%
def seen(side, size, shift, at):
    window = (torch.arange(side) - shift) // size  # of each row, and of each column
    picture = 0.08 * ((window[:, None] + window) % 2)  # every second window is tinted
    picture[(window == window[at[0]])[:, None] & (window == window[at[1]])] = 0.35
    picture[at] = 1
    return picture


places = {"all": seen(8, 8, 0, (3, 3)), "windows": seen(8, 4, 0, (3, 3)),
          "shifted": seen(8, 4, 2, (3, 3)), "merged": seen(4, 4, 0, (1, 1))}
show(heatmaps(places, numbers=False, role="queries", row_axis="rows", column_axis="columns",
              height=2.2),
     "The dark place sees the blue ones: all 64; the 16 of its window, without its neighbours to "
     "the right and below; those of the shifted window; and, after merging, 16 places that cover "
     "the whole image. White and pale: the other windows.")

# %% [markdown]
# What does it save? The paper has windows of 7 × 7. Each of the 3,136 places of our first question then sees 49: 153,664 pairs in place of 9,834,496, which is 64 times fewer. Twice the height and width make four times as many pairs, and without windows sixteen times as many (Liu et al. 2021, eq. 1 and 2).
#
# ## Shifted windows, by hand
#
# At the border of the image, shifted windows are cut off (third picture). Swin keeps all of one size with a trick: it *rolls* the grid up and to the left, so that the first rows come around to the end, then it cuts as before. Here are 16 pixels with their numbers, and windows of 2 × 2 that are shifted by 1.

# %%
pixels = torch.arange(1.0, 17).view(1, 4, 4, 1)
rolled = pixels.roll((-1, -1), dims=(1, 2))
cut = windows(rolled, 2)[0, ..., 0]
tables = {"the image": pixels[0, ..., 0], "rolled by 1": rolled[0, ..., 0], "cut": cut}
figure, panels = canvas(3, height=2.7)
for axes, (title, table) in zip(panels, tables.items()):
    down, across = ("windows", "places") if title == "cut" else ("rows", "columns")
    heatmap(axes, table, title=title, role="tokens", row_axis=down, column_axis=across)
show(figure, "The numbers of the pixels, before and after the roll. On the right the four windows "
             "into which the rolled grid is cut: each square of 2 × 2 is one row of the table.")

# %% [markdown]
# Window 0 is as it should be: 6, 7, 10 and 11 are neighbours that the layer before had kept apart. But window 3 holds 16, 13, 4 and 1: the four *corners* of the image. Therefore a mask: two pixels of a window may see each other only if both came around from the top or neither did, and from the left likewise.

# %%
masks, everything = window_mask(4, 4, size=2, shift=1), torch.ones(4, 4, dtype=torch.bool)
figure, panels = canvas(3, height=2.3)
titles = ("window 1", "window 3", "window 3, no mask")
for axes, title, place, may in zip(panels, titles, (1, 3, 3), (masks[1], masks[3], everything)):
    names, wrong = [str(int(pixel)) for pixel in cut[place]], may & ~masks[place]
    heatmap(axes, 1.0 * may, queries=names, keys=names, numbers=False, wrong=wrong, role="masks",
            title=title, good=title != "window 3, no mask")
show(figure, "Who sees whom. In window 1 the pixels 8 and 12 see each other, and so do 5 and 9, "
             "which came around. In window 3 each corner sees itself alone; without the mask 12 "
             "links lead from one end of the image to the other (crossed out).")
show_source(window_mask)

# %% [markdown]
# **Predict first:** in a grid of 8 × 8 with windows of 4 × 4, shifted by 2, what percentage of all pairs inside the windows joins pixels that only the roll brought together?

# %%
guess_wrapped = None  # your guess, in percent

# %% tags=["claim:links-that-wrap-around"]
small, large = (100 * (~window_mask(side, side, size, size // 2)).double().mean().item()
                for side, size in ((8, 4), (56, 7)))
claim("18.links-that-wrap-around", guess_wrapped, small=small, large=large)

# %% [markdown]
# ## The layer
#
# A window has no positions of its own. Instead a *bias* is added to each score: a number that is learned for each head and for each **displacement**, the query's row and column minus the key's (Liu et al. 2021, eq. 4):
#
# $$\mathrm{softmax}(QK^\top/\sqrt{d} + B)\,V.$$
#
# In a window of $M \times M$ there are $(2M-1)^2$ displacements, so each head has a table of as many entries. Which entry does a pair of places look up? Here it is for 2 × 2.

# %%
corners = ["0, 0", "0, 1", "1, 0", "1, 1"]
show(heatmaps({"which entry of the table": relative_index(2)}, queries=[corners], keys=[corners],
              role="scores", height=2.6),
     "The places of a window of 2 × 2, each by its row and column. The entries are counted from "
     "0, for (0, 0) minus (1, 1), to 8; 4 is no displacement. Each may hold any bias.")
show_source(WindowAttention.forward)

# %% [markdown]
# Is that really attention in shifted windows? Slowly, without a roll: say for all 64 × 64 pairs of pixels whether one window holds both, and take chapter 06's attention under this mask. (Biases are 0 here; the tests compare them, too. A grid of a single window is never shifted.)

# %%
layer = WindowAttention(8, heads=2, size=4, shift=2).double()
nn.init.zeros_(layer.table)
window = (torch.arange(8) - 2) // 4  # of a row, or of a column, if windows are shifted by 2
dense = torch.zeros(64, 64, dtype=torch.bool)
for query in range(64):
    for key in range(64):
        same_row = window[query // 8] == window[key // 8]
        dense[query, key] = same_row and window[query % 8] == window[key % 8]
x = torch.randn(2, 8, 8, 8, dtype=torch.float64)
slow = MultiHeadAttention.forward(layer, x.flatten(1, 2), mask=dense)  # with its weights
assert torch.allclose(layer(x).flatten(1, 2), slow)

# %% [markdown]
# ## How far does a pixel reach?
#
# A Swin whose patches are single pixels reads a grid of 16 × 16, with windows of 4 × 4. On which pixels does the one at the upper left depend, after so many layers? The gradient tells (chapter 08). With unshifted windows the answer is 16, however many layers there are.
#
# **Predict first:** every second layer is shifted. After how many layers does the upper left pixel depend on all 256?

# %%
guess_crossing = None  # your guess, in layers

# %% tags=["claim:crossing-the-borders"]
def depends(steps, side, at=(0, 0)):
    torch.manual_seed(0)
    x = torch.randn(1, side, side, 4, dtype=torch.float64, requires_grad=True)
    end = nn.Sequential(*steps).double()(x)[0, at[0], at[1]]
    (gradient,) = torch.autograd.grad(end @ torch.randn_like(end), x)
    return gradient[0].abs().amax(dim=-1) > 0


shifted = Swin(Sizes(patch=1, width=4, depths=(40,), heads=(1,), window=4)).steps()
alone = shifted[::2]  # every second layer: no shift
enough = next(count for count in range(1, 41) if depends(shifted[:count], 16).all())
claim("18.crossing-the-borders", guess_crossing, alone=depends(alone[:12], 16).sum(),
      layers=enough)

# %%
tables = {}
for title, steps in (("2 layers", shifted[:2]), ("3 layers", shifted[:3]),
                     ("✗ 3, no shift", alone[:3])):
    reached = depends(steps, 16, at=(8, 8))
    tables[f"{title}: {reached.sum()}"] = 0.35 * reached
    tables[f"{title}: {reached.sum()}"][8, 8] = 1
show(heatmaps(tables, numbers=False, role="queries", row_axis="rows", column_axis="columns",
              height=2.5),
     "The dark pixel depends on the blue ones; above stands on how many. Each layer more moves "
     "the borders by half a window at each end, so the side grows by 4, from 8 to 12. Without a "
     "shift it stays 4.")

# %% [markdown]
# ## A hierarchy
#
# Half a window a layer is slow. Swin also *merges*: the vectors of each 2 × 2 places are put side by side (upper left, lower left, upper right, lower right) and projected to twice the width. A quarter of the places is left, and a window covers four times as much of the image. Our 16 pixels, before the projection:

# %%
print(merge(pixels)[0].int())
show_source(merge)

# %% [markdown]
# **Predict first:** a grid of 64 × 64, windows of 4 × 4, and after every two layers a merging. After how many layers (mergings do not count) does the upper left place depend on all 4,096 pixels?

# %%
guess_scales = None  # your guess, in layers

# %% tags=["claim:layers-with-a-hierarchy"]
steps = Swin(Sizes(patch=1, width=4, depths=(2,) * 5, heads=(1,) * 5, window=4)).steps()
ends = [end for end in range(1, 15) if end % 3]  # after a layer, not after a merging


def layers(side):
    merged = (place for place, end in enumerate(ends, 1) if depends(steps[:end], side).all())
    flat = (count for count in range(1, 41, 2) if depends(shifted[:count], side).all())
    return next(merged), next(flat)


(half, half_flat), (hierarchy, flat) = layers(32), layers(64)
claim("18.layers-with-a-hierarchy", guess_scales, hierarchy=hierarchy, flat=flat, half=half,
      half_flat=half_flat)

# %% [markdown]
# Each merging doubles the side of the image that a window covers. So twice the side takes two layers more, not twice as many: layers grow with the *logarithm* of the side. The price: a place holds a summary of many pixels.
#
# Do shifted windows answer better, too? On scikit-learn's digits no difference shows: 0.984 are right with them, 0.982 with windows that stay (`python benchmarks/scales.py digits --seconds 20 --seeds 3`; medians of three). On a million photos the paper has 1.1 points more (Liu et al. 2021, table 4).
#
# ## The same over a text
#
# A text is a grid with one row. Ordered by scales, after Zhu and Soricut (2021), a token sees its own block and the block before one by one. Further back it sees **summaries**, means of 2 neighbouring keys and of their values, then of 4, of 8, and so on. A summary of $c$ tokens counts $c$ times: $\ln c$ is added to its score. So if all keys are equal, every token has the same weight, as in full attention. (In the paper far queries share a mean, too.) The last token's answer is made by hand below.

# %%
table = scales(32, block=4)
show(heatmaps({"all": 1.0 * (table > 0), "by scales": 1 / table.clamp(min=1) * (table > 0)},
              numbers=False, role="masks", largest=1.2, height=3),
     "Who sees whom in a text of 32 tokens, blocks of 4. Darkest: token by token. Lighter, with "
     f"no less weight: summaries of 2, then of 4. {pairs(32, 4)} scores, not {32 * 33 // 2}.")

# How many tokens stand behind each key that the last token sees, from the first on?
counts = [int(count) for place, count in enumerate(table[-1]) if place % count == 0]
queries, keys, values = (torch.randn(32, 6, dtype=torch.float64) for _ in range(3))
found, read = (torch.stack([one.mean(dim=0) for one in x.split(counts)]) for x in (keys, values))
scores = found @ queries[-1] / 6**0.5 + torch.tensor(counts).log()
slow = torch.softmax(scores, dim=0) @ read
assert torch.allclose(multiscale_attention(queries, keys, values, block=4)[-1], slow)

# %% [markdown]
# Full causal attention makes a score for every token up to and including the query's own: on average, for half of the text. How many are made by scales, in blocks of 16?

# %% tags=["claim:scores-by-scales"]
each = [pairs(tokens, block=16) / tokens for tokens in (1024, 4096, 16_384)]  # scores a token
claim("18.scores-by-scales", short=each[0], middle=each[1], long=each[2],
      share=100 * each[2] / (16_385 / 2))

# %% [markdown]
# ## What is lost
#
# Three questions to a text of 128 tokens, blocks of 4, asked by its last token. *One far token*: the query matches the key of one token alone; does what comes back match that token's value best? To make it easy, all keys are at right angles. *One lonely token*: the same, but only every 16th token holds a value. *All tokens alike*: the query is 0; is what comes back the mean of all values?
#
# **Predict first:** for tokens that are seen through a summary of 8, in what share of the cases does the token's own value match best?

# %%
guess_far = None  # your guess, between 0 and 1

# %% tags=["claim:one-far-token"]
torch.manual_seed(0)
keys, seen_as = torch.eye(128), scales(128, block=4)[-1]
queries = 1e4 * keys[:, None].expand(-1, 128, -1)  # text p asks for token p


def right(held, values):  # held: what the tokens hold; does the own value match the answer best?
    texts = (x.expand(128, -1, -1) for x in (keys, held))
    answers = multiscale_attention(queries, *texts, block=4)[:, -1]
    return 1.0 * ((answers @ values.T).argmax(dim=1) == torch.arange(128))


draws, lonely = torch.randn(20, 128, 64), torch.arange(128) % 16 == 9  # lonely: every 16th token
full = sum(right(values, values) for values in draws) / 20
empty = sum(right(values * lonely[:, None], values) for values in draws) / 20
off = multiscale_attention(0 * keys, keys, draws[0], block=4)[-1] - draws[0].mean(dim=0)
claim("18.one-far-token", guess_far, near=full[seen_as == 1].mean(), mean=off.abs().max(),
      eight=full[seen_as == 8].mean(), lonely=empty[lonely].min())
tally()

# %% [markdown]
# All tokens of a summary get the same answer, and it can be right for one of them only. No query and no key can mend that: they choose a summary, and its mean is what there is. Only where the others hold nothing is the lonely one found.
#
# A model has layers before, which can prepare what is pooled. Does that help? Two layers of width 64 were trained for 40 seconds of one core, on texts of 64 tokens with blocks of 4 (`python benchmarks/scales.py text --seconds 40 --seeds 3`; medians of three). *Which value stood beside this key*, one of four at the beginning: 1.00 are right with full attention, 0.82 by scales (0.74 to 0.84); who knows the four values, but not which belongs to the key, has 0.34 (`recall.best_bag`; more than a quarter, since a value may stand there twice). *Which of four symbols occurs most often*: 0.99 and 0.99. What a hierarchy costs depends on the question: what far tokens say together is kept; which of them said it is kept only in part.
#
# ## What to take along
#
# - Windows alone never exchange anything. A shift by half a window connects them, half a window a layer; a hierarchy does it in a number of layers that grows with the logarithm.
# - Who rolls a grid must mask what came around. Without the mask nothing fails: shapes and sums are right, and opposite ends of the image see each other.
# - A bias for each displacement takes the place of positions; all windows share it.
# - A summary keeps what is asked of many tokens together, and loses which of them it was; layers before it mend a part of that.
#
# ## Five questions
#
# <details><summary>1. A grid of 12 × 8, windows of 4 × 4: how many windows, and how many pairs?</summary>
#
# 3 × 2 = 6 windows of 16 places, 6 × 16² = 1,536 pairs; all places together have 96² = 9,216.
# </details>
# <details><summary>2. Why are the windows of every second layer not shifted?</summary>
#
# Windows that are shifted alike in all layers have borders, too, at other places, and nothing crosses those.
# </details>
# <details><summary>3. A window of 7 × 7: how many biases does each head learn?</summary>
#
# (2 · 7 − 1)² = 169.
# </details>
# <details><summary>4. What does the mask look like in a window that holds no pixel that came around?</summary>
#
# All True: everybody sees everybody.
# </details>
# <details><summary>5. Why is ln c added to the score of a summary of c tokens?</summary>
#
# The exponential makes a factor c of it. Otherwise eight far tokens together would count as much as one near token.
# </details>
#
# ## Where to read on
#
# Liu et al. 2021, §3: windows, the shift, figure 4. Zhu and Soricut 2021, §4 to §6: the hierarchy over a text. All in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/18_exercises_spatial_attention.ipynb) ask for windows and back, the mask, the index of displacements, merging, and near keys beside far summaries. Next comes [lesson 19](19_debugging_attention.ipynb): models that look as if they worked.
