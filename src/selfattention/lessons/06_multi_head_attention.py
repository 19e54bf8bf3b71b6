# %% [markdown]
# # 06 · Multi-head attention
#
# One attention gives each token one set of weights, and one set of weights makes one mean. **What if a token needs two answers from two places?**
#
# A mean of both is not both. Multi-head attention gives each token several sets of weights: several small attentions, side by side, each on its own part of the numbers.
# This chapter measures what a second head buys, what it costs (less than you may think), and how one wrong line destroys it without an error.

# %%
import inspect

import torch
from torch import nn

from selfattention.attention import attention
from selfattention.claims import Measured, claim, guessed
from selfattention.layers import MultiHeadAttention, merge_heads, split_heads
from selfattention.masks import causal
from selfattention.plots import canvas, heatmap, show

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Two heads by hand
#
# Three tokens of four numbers. Cut each into two heads of two numbers, and put the heads first. In a number such as 23, the 2 is the token and the 3 the place:

# %%
x = torch.tensor([[[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]])
heads = split_heads(x, heads=2)
print(heads[0, 0], heads[0, 1], sep="\n")
assert torch.equal(merge_heads(heads), x)

# %% [markdown]
# Head 0 sees the first half of **each** token, head 1 the second half. Both see all three tokens. That is all a head is: attention (chapter 03) on a part of the numbers,
#
# $$\mathrm{head}_i = \mathrm{Attention}(QW_i^Q, KW_i^K, VW_i^V),\qquad \mathrm{MultiHead} = \mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_h)\,W^O$$
#
# (Vaswani et al. 2017, §3.2.2). In code one matrix holds all heads' $W_i^Q$ side by side. So we project once, then cut.
#
# ## The loop, then the array

# %%
def multi_head_loop(layer, x, heads):
    width = x.shape[-1] // heads
    queries, keys, values = layer.query(x), layer.key(x), layer.value(x)
    parts = [slice(head * width, (head + 1) * width) for head in range(heads)]
    return layer.output(torch.cat([attention(queries[..., part], keys[..., part], values[..., part])
                                   for part in parts], dim=-1))


torch.manual_seed(0)
layer = MultiHeadAttention(d_model=12, heads=3).double()
x = torch.randn(2, 5, 12, dtype=torch.float64)
assert torch.allclose(layer(x), multi_head_loop(layer, x, heads=3))
print(inspect.getsource(split_heads).split('"""')[2], inspect.getsource(merge_heads).split('"""')[2])

# %% [markdown]
# The package's layer does all heads at once, and `torch` has the same one. With the same weights, the two agree:

# %%
torchs = nn.MultiheadAttention(12, 3, batch_first=True).double()
with torch.no_grad():
    torchs.in_proj_weight.copy_(torch.cat([layer.query.weight, layer.key.weight, layer.value.weight]))
    torchs.out_proj.weight.copy_(layer.output.weight)
difference = (torchs(x, x, x)[0] - layer(x)).abs().max().item()
print("largest difference below 1e-12:", difference < 1e-12)

# %% [markdown]
# ## Two questions at once
#
# A text has eight words; a word is four random numbers. Two words are marked, one with A, one with B. The question in front must report **both**: the four numbers of A, then the four of B.

# %%
NUMBERS, WORDS = 4, 8
WIDTH = NUMBERS + 3  # the numbers, mark A, mark B, "I am the question"


def texts(count, generator):
    """Tokens (count, 1 + WORDS, WIDTH), and the numbers at A and at B (count, 2, NUMBERS)."""
    content = torch.randn(count, WORDS, NUMBERS, generator=generator)
    places = torch.rand(count, WORDS, generator=generator).argsort(dim=1)[:, :2]
    marks = nn.functional.one_hot(places, WORDS).transpose(1, 2).float()
    words = torch.cat([content, marks, torch.zeros(count, WORDS, 1)], dim=-1)
    question = nn.functional.one_hot(torch.tensor(WIDTH - 1), WIDTH).float().expand(count, 1, -1)
    return torch.cat([question, words], dim=1), content[torch.arange(count)[:, None], places]


class Reader(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.read, self.attention = nn.Linear(WIDTH, 32), MultiHeadAttention(32, heads)
        self.answer = nn.Linear(32, 2 * NUMBERS)

    def forward(self, x):
        return self.answer(self.attention(self.read(x))[:, 0]).unflatten(-1, (2, NUMBERS))

# %% [markdown]
# In torch, `nn.Module` keeps the matrices of a model, `nn.Linear` is a matrix with an offset, and `torch.optim.Adam` is the Adam of chapter 05. The two readers have exactly as many parameters; one has a single head of 32 numbers, the other two heads of 16. We measure how much of the variance of the eight numbers a reader explains: 0 for one who knows nothing, 1 for one
# who gets all exactly right. **Predict:** how much does the single head explain?

# %%
guess_one_head = None  # your guess, between 0 and 1

# %% tags=["claim:two-heads-two-places"]
def train(heads, steps=600):
    torch.manual_seed(1)
    reader, generator = Reader(heads), torch.Generator().manual_seed(2)
    adam = torch.optim.Adam(reader.parameters(), lr=5e-3)
    for _ in range(steps):
        x, wanted = texts(128, generator)
        nn.functional.mse_loss(reader(x), wanted).backward()
        adam.step()
        adam.zero_grad()
    return reader


readers = {heads: train(heads) for heads in (1, 2)}
x, wanted = texts(4000, torch.Generator().manual_seed(3))
explained = {heads: 1 - nn.functional.mse_loss(reader(x), wanted).item() / wanted.var().item()
             for heads, reader in readers.items()}
one, two = Measured(explained[1], digits=1, below=0.7), Measured(explained[2], digits=1, above=0.95)
guessed(guess_one_head, one)
claim("one head cannot answer two questions, two heads can",
      f"variance explained: {one} with one head, {two} with two, at equal parameters", one, two)

# %% [markdown]
# One head can look at both marks, but it returns a single mean of two words. With fixed weights such a mean explains exactly half of the variance, however wide the head is. This head gets 0.6, since its weights may depend on the words;
# the other 0.4 is lost. What counts is the number of means. Where do the heads look?

# %%
def weights_of(reader, x):
    layer = reader.attention
    queries, keys = (split_heads(project(reader.read(x)), layer.heads) for project in (layer.query, layer.key))
    return torch.softmax(queries[:, :, :1] @ keys.mT / queries.shape[-1] ** 0.5, dim=-1)[:, :, 0].detach()


marks = ["?"] + ["A" if word[NUMBERS] else "B" if word[NUMBERS + 1] else "·" for word in x[0, 1:]]
rows = torch.cat([weights_of(readers[1], x[:1])[0], weights_of(readers[2], x[:1])[0]])
figure, axes = canvas(width=6.4, height=2.2)
heatmap(axes, rows.numpy(), queries=["the one head", "head 0 of 2", "head 1 of 2"], keys=marks)
axes.set(ylabel="", xlabel="tokens of one text: the question, two marked words, six others")
show(figure, "Weights of the question over one text. The single head spreads its weight over both marked words; of "
             "the two heads one looks at B alone, the other mostly at A.")

# %% [markdown]
# ## What heads cost
#
# **Predict:** 16 heads instead of 1, at a width of 512. By what factor does the number of parameters grow?

# %%
guess_growth = None  # your guess

# %% tags=["claim:heads-cost-no-parameters"]
counts = {heads: sum(p.numel() for p in MultiHeadAttention(512, heads).parameters()) for heads in (1, 2, 4, 8, 16)}
fewest, most = (Measured(found, exactly=4 * 512**2 + 4 * 512) for found in (min(counts.values()), max(counts.values())))
guessed(guess_growth, Measured(counts[16] / counts[1], digits=0))
claim("more heads cost no more parameters", f"{fewest} with 1 head, {most} with 16: 4 · 512² + 4 · 512", fewest, most)

# %% [markdown]
# The matrices are as large for one head as for sixteen: they are only cut differently. What does grow is the table of weights: each head has its own, queries × keys. And each head is narrower, so it can compare less: width is what a head pays with.
#
# ## Shared keys and values
#
# When a model writes, it keeps the keys and values of all earlier tokens (chapter 13 measures that cache). **Grouped-query attention** (Ainslie et al. 2023) lets several heads of queries share one head
# of keys and values; with a single one it is *multi-query* attention. The cache is what `keys_values` returns:

# %% tags=["claim:grouped-heads-shrink-the-cache"]
text = torch.randn(1, 1000, 512)
sizes = {}
for key_heads in (8, 4, 2, 1):
    keys, values = MultiHeadAttention(512, heads=8, key_heads=key_heads).keys_values(text)
    sizes[key_heads] = keys.nbytes + values.nbytes
    print(f"{key_heads} key heads: {sizes[key_heads] / 1e6:.1f} MB for 1000 tokens of one layer")
factor = Measured(sizes[8] / sizes[2], exactly=4)
claim("the cache shrinks with the number of key heads", f"{factor} times smaller with 2 key heads than with 8", factor,
      Measured(sizes[8] / sizes[1], exactly=8))

# %% [markdown]
# ## Break it on purpose
#
# To cut `(batch, tokens, width)` into `(batch, heads, tokens, d_head)`, people write `x.view(batch, heads, tokens, d_head)`. It runs, and all shapes are right. But a view (here `reshape`) leaves the numbers in their order and only gives them other axes: a
# "head" becomes a run of neighbouring **tokens**, cut into pieces.

# %%
def split_by_view(x, heads):
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


def merge_by_view(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


tokens = torch.tensor([[[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]])
print(split_by_view(tokens, heads=2)[0, 0])  # row by row: what should be one token of head 0

# %% [markdown]
# Which output depends on which input? The **Jacobian**, the table of all derivatives of outputs by inputs, tells: it is not zero exactly where there is a link. Six tokens of 12 numbers go through 3 heads. We use a causal mask, so token $t$ may depend on tokens $0 \dots t$ and on nothing later: of the
# 36 possible links between six tokens, 21 are right and 15 are forbidden. **Predict:** if only the *split* is a view and the merge is right, how many forbidden links open?

# %%
guess_leaks = None  # your guess, between 0 and 15

# %%
def links(split, merge, tokens=6, heads=3, width=12):
    torch.manual_seed(4)
    matrices, x = torch.randn(4, width, width) / width**0.5, torch.randn(tokens, width)

    def layer(x):
        parts = (split((x @ matrix)[None], heads) for matrix in matrices[:3])
        return (merge(attention(*parts, mask=causal(tokens))) @ matrices[3])[0]

    return torch.autograd.functional.jacobian(layer, x).abs().amax(dim=(1, 3)) > 0


found = {"right": links(split_heads, merge_heads), "view to split": links(split_by_view, merge_heads),
         "view to merge": links(split_heads, merge_by_view), "views both ways": links(split_by_view, merge_by_view)}

# %% tags=["claim:a-view-cuts-and-leaks"]
right = found["right"]
leaks = {name: int((table & ~right).sum()) for name, table in found.items()}
cuts = {name: int((right & ~table).sum()) for name, table in found.items()}
by_split, by_merge = (Measured(leaks[name], digits=0, above=0) for name in ("view to split", "view to merge"))
guessed(guess_leaks, by_split)
claim("a view in place of a transpose leaks the future or cuts the past, with all shapes right",
      "; ".join(f"{name}: {leaks[name]} of 15 leak, {cuts[name]} of 21 are cut" for name in found if name != "right"),
      Measured(int(right.sum()), exactly=21), by_split, by_merge, Measured(cuts["views both ways"], above=0))

# %%
figure, axes = canvas(4, width=7.4, height=2.3)
for panel, (name, table) in zip(axes, found.items()):
    heatmap(panel, table.float().numpy(), title=name, numbers=False, row_axis="output token", column_axis="input token")
show(figure, "Which output token depends on which input token, under a causal mask. With transposes: the lower "
             "triangle. With one view: links to tokens that are still to come. With two views: pairs of tokens cut "
             "off from all others.")

# %% [markdown]
# One view, and the model reads what it shall predict, though no mask is wrong. For leaking masks chapter 04 measured what follows: a training loss that is better than it can be, and a useless model. Two views, and nothing leaks, but a head
# has become a pair of neighbouring tokens that hears nothing from further back.
#
# ## What to take along
#
# - A head is one attention on a part of the numbers; each head is one more mean.
# - Heads are not copies of the layer: the parameters stay the same, each head gets narrower.
# - Fewer key heads make a smaller cache.
# - Cut, then transpose. A view alone has the right shapes and the wrong numbers.
#
# Now do the [exercises](../exercises/06_multi_head_attention.ipynb), then go on to [07 · Positions](07_positions.ipynb).
