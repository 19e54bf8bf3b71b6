# %% [markdown]
# # 18 · Windows and scales
#
# An image of 224 × 224 pixels has 3,136 patches of 4 × 4, and so nearly ten million pairs of them. **Can a model look at an image through small windows, and still connect its opposite corners?**
#
# *Swin* (Liu et al. 2021) says yes, with two means: every second layer moves its windows, and every few layers four patches become one. The same two means serve a text: near tokens one by one, far ones as summaries. We measure what that connects, what it costs, and what is lost.

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

show(course_map(18, machine="encoder", here=["self-attention", "mask", "source positions"]),
     "Where we are: the layers of an encoder, whose tokens are now the places of a grid.")

# %% [markdown]
# ## The idea in one picture
#
# A *grid* has height and width; a *place* of it holds the vector of a pixel or of a patch. Cut the grid into **windows**, squares of neighbouring places, and let each place attend only inside its own window. A border runs between some neighbours, though, and nothing ever crosses it. So the next layer **shifts** the windows by half of their size. And where four places are **merged** into one, the same small window covers four times the image.

# %%
def seen(side, size, shift, at):
    window = (torch.arange(side) - shift) // size  # of each row, and of each column
    picture = 0.35 * ((window == window[at[0]])[:, None] & (window == window[at[1]]))
    picture[at] = 1
    return picture


places = {"all": seen(8, 8, 0, (3, 3)), "windows": seen(8, 4, 0, (3, 3)),
          "shifted": seen(8, 4, 2, (3, 3)), "merged": seen(4, 4, 0, (1, 1))}
show(heatmaps(places, numbers=False, role="queries", row_axis="rows", column_axis="columns",
              height=2.2),
     "The dark place sees the blue ones: all 64 places; the 16 of its window, without its "
     "neighbours to the right and below; the 16 of the shifted window; and, after merging, "
     "16 places that cover the whole image.")

# %% [markdown]
# What does it save? The paper has windows of 7 × 7. Each of the 3,136 places of our first question then sees 49: 153,664 pairs in place of 9,834,496, which is 64 times fewer. Twice the height and width make four times as many pairs, and without windows sixteen times as many (Liu et al. 2021, eq. 1 and 2).
#
# ## Shifted windows, by hand
#
# Shifted windows would be cut off at the image's border into smaller ones. Swin keeps all of one size with a trick: it *rolls* the grid up and to the left, so that the first rows come around to the end, then it cuts as before. Here are 16 pixels with their numbers, and windows of 2 × 2 that are shifted by 1.

# %%
pixels = torch.arange(1.0, 17).view(1, 4, 4, 1)
rolled = pixels.roll((-1, -1), dims=(1, 2))
cut = windows(rolled, 2)[0, ..., 0]
show(heatmaps({"the image": pixels[0, ..., 0], "rolled by 1": rolled[0, ..., 0],
               "a window a row": cut}, role="tokens", row_axis="rows", column_axis="columns"),
     "The numbers of the pixels, before and after the roll. Then the rolled grid is cut into four "
     "windows: squares of 2 × 2, each written as one row of the table on the right.")

# %% [markdown]
# The first window is as it should be: 6, 7, 10 and 11 are neighbours that the layer before had kept apart. But the last one holds 16, 13, 4 and 1: the four *corners* of the image. Therefore a mask: two pixels of a window may see each other only if both came around from the top or neither did, and from the left likewise.

# %%
corners = [str(int(pixel)) for pixel in cut[3]]
mask = window_mask(4, 4, size=2, shift=1)[3]
figure, (left, right) = canvas(2, height=2.5)
heatmap(left, 1.0 * mask, queries=corners, keys=corners, title="with the mask", role="masks",
        good=True)
heatmap(right, torch.ones(4, 4), queries=corners, keys=corners, title="without", role="masks",
        good=False, wrong=~mask)
show(figure, "The last window of the rolled grid. With the mask each corner sees itself alone; "
             "without, 12 links lead from one end of the image to the other (crossed out).")
show_source(window_mask)

# %% [markdown]
# In a small grid many windows lie at the border. **Predict first:** in a grid of 8 × 8 with windows of 4 × 4, shifted by 2, what percentage of all pairs inside the windows joins pixels that only the roll brought together?

# %%
guess_wrapped = None  # your guess, in percent

# %% tags=["claim:links-that-wrap-around"]
small, large = (100 * (~window_mask(side, side, size, size // 2)).double().mean().item()
                for side, size in ((8, 4), (56, 7)))
claim("18.links-that-wrap-around", guess_wrapped, small=small, large=large)

# %% [markdown]
# ## The layer
#
# A window has no positions of its own. Instead each score gets a number that is learned for each head and for each **displacement**, so many rows down and so many columns across (Liu et al. 2021, eq. 4):
#
# $$\mathrm{softmax}(QK^\top/\sqrt{d} + B)\,V.$$
#
# In a window of $M \times M$ there are $(2M-1)^2$ displacements. Each has a number, by which $B$ is looked up; here they are for 2 × 2.

# %%
show(heatmaps({"which displacement": relative_index(2)}, queries=["↖↗↙↘"], keys=["↖↗↙↘"],
              role="scores", height=2.6),
     "The four places of a window of 2 × 2, named by their corners. Nine displacements, from 0 "
     "(the query upper left, the key lower right) to 8. The diagonal is 4: no displacement.")
show_source(WindowAttention.forward)

# %% [markdown]
# Is that really attention in shifted windows? Slowly, without a roll: say for all 64 × 64 pairs of pixels whether one window holds both, and take chapter 06's attention under this mask. Both must agree. (The learned numbers are set to 0 here; the tests hold them, too.)

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
slow = MultiHeadAttention.forward(layer, x.flatten(1, 2), mask=dense)
assert torch.allclose(layer(x).flatten(1, 2), slow)

# %% [markdown]
# ## How far does a pixel reach?
#
# We build a Swin of width 4 whose patches are single pixels, for a grid of 16 × 16 with windows of 4 × 4. On which pixels does the one at the upper left depend, after so many layers? The gradient tells (chapter 08). With unshifted windows the answer is 16, however many layers there are.
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
    tables[f"{title}: {reached.sum()}"] = 1.0 * reached
show(heatmaps(tables, numbers=False, role="queries", row_axis="rows", column_axis="columns",
              height=2.5),
     "On which pixels the one in row 8 and column 8 depends, and on how many. Each layer more "
     "carries on by half a window to each side; without a shift, nothing leaves the first window.")

# %% [markdown]
# ## A hierarchy
#
# Half a window a layer is slow. Therefore Swin *merges*: the vectors of each 2 × 2 places are put side by side and projected to twice the width. A quarter of the places is left, and the window covers four times as much of the image.

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
count = next(place for place, end in enumerate(ends, start=1) if depends(steps[:end], 64).all())
flat = next(count for count in range(1, 41, 2) if depends(shifted[:count], 64).all())
claim("18.layers-with-a-hierarchy", guess_scales, hierarchy=count, flat=flat)

# %% [markdown]
# Each merging doubles the side of the image that a window covers, so the layers grow with the *logarithm* of the side. The price: after merging, a place holds a summary of many pixels. Where pixels themselves are asked for, as in drawing the outline of a thing, models keep the finer grids, too.
#
# ## The same over a text
#
# A text is a grid with one row. Zhu and Soricut (2021) order it by scales: a token sees its own block and the block before one by one. Further back it sees **summaries**, means of 2 neighbouring keys and of their values, then of 4, of 8, and so on. A summary of $c$ tokens counts $c$ times: $\ln c$ is added to its score. So if all keys are equal, every token has the same weight, as in full attention.

# %%
table = scales(32, block=4)
show(heatmaps({"all": 1.0 * (table > 0), "by scales": 1 / table.clamp(min=1) * (table > 0)},
              numbers=False, role="masks", largest=1.2, height=3),
     "Who sees whom in a text of 32 tokens, blocks of 4. Darkest: token by token. Lighter: "
     "summaries of 2, then of 4 tokens; the farther, the coarser. "
     f"{pairs(32, 4)} scores in place of {32 * 33 // 2}.")

# The last token sees summaries of so many tokens, from the first on; each begins at a multiple.
counts = [int(count) for place, count in enumerate(table[-1]) if place % count == 0]
queries, keys, values = (torch.randn(32, 6, dtype=torch.float64) for _ in range(3))
found, read = (torch.stack([one.mean(dim=0) for one in x.split(counts)]) for x in (keys, values))
scores = found @ queries[-1] / 6**0.5 + torch.tensor(counts).log()
slow = torch.softmax(scores, dim=0) @ read
assert torch.allclose(multiscale_attention(queries, keys, values, block=4)[-1], slow)

# %% [markdown]
# Full causal attention makes a score for every token up to the own one. How many are made by scales, in blocks of 16?

# %% tags=["claim:scores-by-scales"]
sizes = (1024, 16_384)
each = [pairs(size, block=16) / size for size in sizes]  # scores a token
claim("18.scores-by-scales", short=each[0], long=each[1], share=100 * each[1] / (sizes[1] + 1) * 2)

# %% [markdown]
# ## What is lost
#
# Two questions to a text of 128 tokens, blocks of 4, asked by its last token. *One far token*: the query matches the key of one token alone; does what comes back match that token's value best? To make it easy, all keys are at right angles. *All tokens alike*: the query is 0; is what comes back the mean of all values?
#
# **Predict first:** for tokens that are seen through a summary of 8, in what share of the cases does the token's own value match best?

# %%
guess_far = None  # your guess, between 0 and 1

# %% tags=["claim:one-far-token"]
torch.manual_seed(0)
keys, seen_as = torch.eye(128), scales(128, block=4)[-1]
queries = 1e4 * keys[:, None].expand(-1, 128, -1)  # text p asks for token p
right = torch.zeros(2, 128)
for _ in range(20):
    values = torch.randn(128, 64)
    lonely = values * (torch.arange(128) % 16 == 9)[:, None]  # every 16th alone holds a value
    for run, kind in enumerate((values, lonely)):
        texts = (x.expand(128, -1, -1) for x in (keys, kind))
        answers = multiscale_attention(queries, *texts, block=4)[:, -1]
        right[run] += ((answers @ values.T).argmax(dim=1) == torch.arange(128)) / 20
off = multiscale_attention(0 * keys, keys, values, block=4)[-1] - values.mean(dim=0)
claim("18.one-far-token", guess_far, near=right[0, seen_as == 1].mean(), mean=off.abs().max(),
      eight=right[0, seen_as == 8].mean(), lonely=right[1, 9::16].min())
tally()

# %% [markdown]
# All tokens of a summary get the same answer, and it can be right for one of them only. No query and no key can mend that: they choose a summary, and its mean is what there is. Only where the others of the summary hold nothing, the one that does is found.
#
# A model has layers before, which can prepare what is pooled. Does that help? Two layers of width 64 were trained for 40 seconds of one core, on texts of 64 tokens with blocks of 4 (`python benchmarks/scales.py text --seconds 40 --seeds 3`; medians of three). *Which value stood beside this key*, one of four at the beginning: 1.00 are right with full attention, 0.82 by scales, which is more than one of four and not all. *Which of four symbols occurs most often*: 0.99 and 0.99. So what a hierarchy costs depends on the question. What is asked of far tokens together, a mean or a count, is kept; which of them it was is not.
#
# ## What to take along
#
# - Windows alone never exchange anything. A shift by half a window connects them, half a window a layer; a hierarchy does it in a number of layers that grows with the logarithm.
# - Who rolls a grid must mask what came around. Without the mask nothing fails: shapes and sums are right, and opposite ends of the image see each other.
# - A number for each displacement takes the place of positions, so that all windows share it.
# - Pooling keeps what is asked of many tokens together, and loses which of them it was.
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
# <details><summary>3. A window of 7 × 7: how many numbers has each head for displacements?</summary>
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
# Liu et al. 2021, §3: windows, the shift, figure 4. Zhu and Soricut 2021, §4 to §6: the hierarchy over a text. Vaswani et al. 2017 already name attention that is restricted to a neighbourhood, in table 1. All in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/18_exercises_spatial_attention.ipynb) ask for windows and back, the mask, the index of displacements, merging, and near keys beside far summaries. Next comes [lesson 19](19_debugging_attention.ipynb): models that look as if they worked.
