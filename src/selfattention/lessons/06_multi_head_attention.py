# %% [markdown]
# # 06 · Multi-head attention
#
# One attention gives each token one set of weights, and one set of weights makes one mean. **What if a token needs two answers
# from two places?**
#
# A mean of both is not both. Multi-head attention gives each token several sets of weights: several small attentions, side by side,
# each on a projection of its own. This chapter measures what a second head buys, what it costs, and how one wrong line destroys it
# without an error.

# %%
import torch
from torch import nn

from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.data import marked
from selfattention.layers import MultiHeadAttention, merge_heads, split_heads, watching
from selfattention.masks import causal
from selfattention.parity import from_torch
from selfattention.plots import blocks, canvas, course_map, heatmap, links, show
from selfattention.source import show_source
from selfattention.training import train

show(course_map(6), "Where we are: attention is cut into heads, and their outputs are joined.")

# %% [markdown]
# ## The idea in one picture
#
# Three tokens, *dog bites man*. The verb has two questions: who bites, and who is bitten? The first number of a key says "I do it",
# the second "it is done to me". The query of *bites* asks for both. What the tokens have to say, their value, is 30, 50 and 70;
# it is written twice, because two heads will cut it.
#
# **One head** compares the whole query with the whole keys. **Two heads** cut queries, keys and values in half: head 0 works with
# the first numbers, head 1 with the second ones.

# %%
words = ["dog", "bites", "man"]
query = torch.tensor([[10.0, 10.0]])
keys = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
values = torch.tensor([[30.0, 30.0], [50.0, 50.0], [70.0, 70.0]])
parts = {"one head": slice(0, 2), "head 0 of 2": slice(0, 1), "head 1 of 2": slice(1, 2)}
figure, panels = canvas(3, height=2.2)
for axes, (name, part) in zip(panels, parts.items()):
    weights = attention_weights(query[:, part], keys[:, part])
    links(axes, words, ["bites"], weights, title=name, headings=("key", "query"))
    print(f"{name:11} reads", [round(number) for number in (weights @ values[:, part])[0].tolist()])
show(figure, "One head must share its weight between dog and man. Two heads read one each.")

# %% [markdown]
# By hand: the one head has the scores 10/√2, 0 and 10/√2. After the softmax half of its weight lies on *dog*, half on *man*, and next
# to nothing on *bites*. So it reads 0.5 · 30 + 0.5 · 70 = 50, once for each of the two numbers. It would have read the same if
# the man had bitten the dog. The two heads have the scores 10, 0, 0 and 0, 0, 10: one reads 30, the other 70. Their outputs stand side
# by side in one vector (they are *concatenated*), which is as wide as that of the one head.
#
# ## Project, cut, attend, join
#
# In a real text no token comes with its numbers in the right half. Learned matrices see to that:
#
# $$\mathrm{head}_i = \mathrm{Attention}(QW_i^Q, KW_i^K, VW_i^V)$$
#
# $$\mathrm{MultiHead} = \mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_h)\,W^O$$
#
# (Vaswani et al. 2017, §3.2.2). Here $Q$, $K$ and $V$ are tokens before any projection: those that ask, those that are searched and
# those that are read. In self-attention all three are the same tokens. Each head has its own matrices $W_i^Q$, $W_i^K$, $W_i^V$, and each of these sees the **whole** token. In
# code they stand side by side in one matrix: we project once and cut what comes out. So a head gets a part of the *projected* numbers,
# not a part of the token. At the end $W^O$ mixes what the $h$ heads have found. A token is $d_{model}$ numbers wide, a head
# $d_{head} = d_{model} / h$.
#
# ## The loop, then the array
#
# The loop takes the columns of one head after the other. Printed below it are the package's two functions that cut and join all heads at
# once. `unflatten` splits the last axis into two, heads and their width; `flatten` makes one axis of two; `transpose` moves the heads
# before the tokens.

# %%
def multi_head_loop(layer, x, heads):
    queries, keys, values = layer.query(x), layer.key(x), layer.value(x)
    width = x.shape[-1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        outputs.append(attention(queries[..., part], keys[..., part], values[..., part]))
    return layer.output(torch.cat(outputs, dim=-1))


show_source(split_heads)
show_source(merge_heads)

# %% [markdown]
# The array form needs no loop, because attention treats heads as it treats a batch. It agrees with the loop, with the package's layer,
# and with torch's when both have the same weights (`from_torch` copies them):

# %%
torch.manual_seed(0)
theirs = nn.MultiheadAttention(embed_dim=12, num_heads=3, batch_first=True).double()
layer = from_torch(MultiHeadAttention(d_model=12, heads=3).double(), theirs)
x = torch.randn(2, 5, 12, dtype=torch.float64)           # (batch, tokens, d_model)
Q = split_heads(layer.query(x), heads=3)                 # (batch, heads, tokens, d_head)
K, V = split_heads(layer.key(x), heads=3), split_heads(layer.value(x), heads=3)
W = attention_weights(Q, K)                              # (batch, heads, queries, keys)
joined = merge_heads(W @ V)                              # (batch, tokens, d_model)
for other in (multi_head_loop(layer, x, heads=3), layer(x), theirs(x, x, x)[0]):
    assert torch.allclose(layer.output(joined), other)

# %% [markdown]
# The same as a picture, for the first of the two texts. Keys and values are made and cut just like the queries.

# %%
matrix = layer.output.weight.T
show(blocks(("tokens", x[0], "tokens d_model"), "project",
            ("queries", layer.query(x)[0], "tokens d_model", 3), "cut",
            ("queries", Q[0], "heads tokens d_head"), "\n",
            ("weights", W[0], "heads queries keys"), "@", ("values", V[0], "heads keys d_head"),
            "=", ("outputs", (W @ V)[0], "heads queries d_head"), "\n",
            ("outputs, joined", joined[0], "tokens d_model", 3), "@", ("W_O", matrix, "in out"),
            "=", ("outputs", (joined @ matrix)[0], "tokens d_model")),
     "Project, cut, attend, join. Dashed lines and sheets part the heads.")

# %% [markdown]
# ## Two questions at once
#
# What is a second head worth to a model that learns? A text has eight words; a word is four random numbers. One word is marked A,
# another is marked B. The question in front must report **both**: the four numbers of A, then the four of B. (`marked.texts` makes such
# texts; the marks and "I am the question" are three more numbers of each token.)
#
# Our model, a reader, widens each token to 32 numbers, attends, and answers from what the question, token 0, has read. It learns by
# Adam to make the *mean squared error* small, the mean of the squared differences between its answers and the right numbers. `train` is
# the loop of chapter [03](03_torch.ipynb); `[5e-3] * 600` is the learning rate of each of its 600 steps.

# %%
def loss(reader, batch):
    x, wanted = batch
    return nn.functional.mse_loss(reader(x)[:, 0], wanted)


def trained(heads):
    torch.manual_seed(1)
    reader = nn.Sequential(nn.Linear(7, 32), MultiHeadAttention(32, heads), nn.Linear(32, 8))
    generator = torch.Generator().manual_seed(2)
    train(reader, lambda: marked.texts(128, generator), [5e-3] * 600, loss)
    return reader

# %% [markdown]
# We train two readers: one has a single head of 32 numbers, the other two heads of 16. Then we measure how much of the *variance* of
# the eight numbers each explains. That is 1 minus the mean squared error divided by the variance: 0 for a reader that always answers 0 (the mean of the right numbers),
# 1 for one that gets every number right.
#
# **Predict first:** how much does the reader with the single head explain?

# %%
guess_one_head = None  # your guess, between 0 and 1

# %% tags=["claim:one-head-or-two"]
readers = {heads: trained(heads) for heads in (1, 2)}
x, wanted = marked.texts(4000, torch.Generator().manual_seed(3))
one, two = (1 - loss(readers[heads], (x, wanted)) / wanted.var() for heads in (1, 2))
claim("06.one-head-or-two", guess_one_head, one=one.item(), two=two.item())

# %% [markdown]
# A single head can look at both marks, but it returns one mean of two words. With fixed weights such a mean explains at most half of
# the variance, however wide the head is. A head does a little better, since its weights may depend on the words; the rest is lost.
# What counts here is the number of means. (`read` is linear, so A and B fill the same numbers. A layer below that bends, chapter 08,
# could put them into different ones; then a single mean would hold both.)
#
# Where do the heads look? `watching` collects the weights while the layers compute them:

# %%
with watching(readers[1][1], readers[2][1]) as seen:
    readers[1](x[:1]), readers[2](x[:1])
rows = torch.cat([calls[0][0, :, 0] for calls in seen])  # of the question, a row for each head
figure, axes = canvas(height=2.2)
heatmap(axes, rows, queries=["the one head", "head 0 of 2", "head 1 of 2"],
        keys=marked.names(x[0]), row_axis="", column_axis="tokens of one text")
show(figure, "Weights of the question (?) over one text. The one head must share its weight "
             "between A and B; of the two heads each mostly looks at one of them.")

# %% [markdown]
# ## What heads cost
#
# Did the second head win because it gave its reader more parameters? Let us count those of a layer that is 512 wide.
#
# **Predict first:** with 16 heads instead of 1, by what factor does the number of parameters grow?

# %%
guess_growth = None  # your guess, a factor

# %% tags=["claim:parameters-by-heads"]
def parameters(heads):
    return sum(each.numel() for each in MultiHeadAttention(512, heads).parameters())


claim("06.parameters-by-heads", guess_growth, fewest=parameters(1), most=parameters(16),
      growth=parameters(16) / parameters(1))

# %% [markdown]
# The four matrices are as large as before, and so are their offsets (*biases*), one for each output; more heads are only more cuts. So the
# two readers were equally large, and the second head did not win by size. Two other things do change. Each head has its own table of
# weights, queries × keys, to be computed. And each head is narrower, so it can tell fewer keys apart (chapter 01): width is the price
# of a head.
#
# ## Shared keys and values
#
# When a model writes a text (*decodes* is the usual word), it keeps the keys and values of all earlier tokens, so that they need not be
# computed again. This *cache* grows with the text. **Grouped-query attention** (Ainslie et al. 2023) lets several heads of queries share
# one head of keys and values, a *key head*; with a single key head for all it is *multi-query attention*. What the cache holds is what
# `keys_values` returns:

# %% tags=["claim:cache-by-key-heads"]
text = torch.randn(1, 1000, 512)
sizes = {}
for key_heads in (8, 2, 1):
    keys, values = MultiHeadAttention(512, heads=8, key_heads=key_heads).keys_values(text)
    sizes[key_heads] = keys.nbytes + values.nbytes
claim("06.cache-by-key-heads", two=sizes[8] / sizes[2], one=sizes[8] / sizes[1])

# %%
figure, panels = canvas(3, height=2.9)
for axes, key_heads in zip(panels, (8, 2, 1)):
    shared = torch.eye(key_heads).repeat_interleave(8 // key_heads, dim=0)
    links(axes, range(key_heads), range(8), shared, headings=("key head", "query head"),
          role="keys", title=f"cache {sizes[key_heads] / 1e6:.1f} MB")
show(figure, "Which of 8, 2 and 1 key heads each of the eight query heads uses, and the cache "
             "of one layer for 1000 tokens. Middle: grouped. Right: multi-query.")

# %% [markdown]
# ## Break it on purpose: a view in place of a transpose
#
# To cut `(batch, tokens, width)` into `(batch, heads, tokens, d_head)`, people write `x.view(batch, heads, tokens, d_head)`. It runs, and
# all shapes are right. But a view (here `reshape`, which does the same) leaves the numbers in their order and only gives them
# other axes. Take three tokens of four numbers; in 23, the 2 is the token and the 3 the place. Two heads should hold the places 1, 2
# and the places 3, 4 of **each** token:

# %%
def split_by_view(x, heads):
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


def merge_by_view(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


numbers = torch.tensor([[[11, 12, 13, 14], [21, 22, 23, 24], [31, 32, 33, 34]]])
figure, panels = canvas(2, height=2.2)
for axes, split, good in zip(panels, (split_heads, split_by_view), (True, False)):
    head = split(numbers, heads=2)[0, 0]
    heatmap(axes, head, title=split.__name__, good=good, role="queries", largest=80,
            wrong=head // 10 != torch.tensor([[1], [2], [3]]), queries=[1, 2, 3], keys=[0, 1],
            row_axis="token", column_axis="place in head 0")
show(figure, "Head 0 of three tokens. After a view row 2 is still token 1, and row 3 is token 2.")

# %% [markdown]
# Which output depends on which input? The **Jacobian**, the table of all derivatives of outputs by inputs, tells us. If all derivatives
# of an output token by an input token are 0, nothing gets from one to the other; if not, there is a link. Six tokens of 12 numbers go
# through 3 heads:

# %%
def links_through(split, merge, tokens=6, heads=3, width=12):
    torch.manual_seed(4)
    matrices, x = torch.randn(4, width, width) / width**0.5, torch.randn(tokens, width)

    def layer(x):
        queries, keys, values = (split((x @ matrix)[None], heads) for matrix in matrices[:3])
        return (merge(attention(queries, keys, values, causal(tokens))) @ matrices[3])[0]

    derivatives = torch.autograd.functional.jacobian(layer, x)  # (tokens, width, tokens, width)
    return derivatives.abs().amax(dim=(1, 3)) > 0               # (output tokens, input tokens)

# %% [markdown]
# With the causal mask (chapter 04), token $t$ may depend on tokens $0 \dots t$ and on nothing later: of the 36 possible links between
# six tokens, 21 are right and 15 are forbidden.
#
# **Predict first:** if only the *split* is a view and the merge is right, how many of the forbidden links open?

# %%
guess_leaks = None  # your guess, between 0 and 15

# %% tags=["claim:view-for-transpose"]
right, counts = links_through(split_heads, merge_heads), {}
found = {"split": links_through(split_by_view, merge_heads),
         "merge": links_through(split_heads, merge_by_view),
         "both": links_through(split_by_view, merge_by_view)}
for name, table in found.items():
    counts[f"{name}_leaks"] = int((table & ~right).sum())
    counts[f"{name}_cuts"] = int((right & ~table).sum())
claim("06.view-for-transpose", guess_leaks, right=int(right.sum()), **counts)

# %%
figure, panels = canvas(4, height=2.2)
for axes, (name, table) in zip(panels, {"right": right, **found}.items()):
    cut = [(key, query) for query, key in (right & ~table).nonzero().tolist()]
    heatmap(axes, table, title=name, good=name == "right", wrong=table & ~right, links=cut,
            numbers=False, role="tokens", largest=5, row_axis="output", column_axis="input")
show(figure, "Which output depends on which input. Wrong: a view to split, to merge, for both. "
             "Crossed out: links to tokens still to come. Framed: rightful links, cut.")
tally()

# %% [markdown]
# The mask compares *rows*, and after a view row 2 of a head is no longer token 2. With one view, tokens read from later ones, although
# the mask is right. Chapter 04 measured what follows from a leak: a training loss that is too good to be true, and a useless
# model. With a view both ways nothing leaks here, but each head holds just two neighbouring tokens, which hear nothing from earlier ones.
#
# ## What to take along
#
# - A head is one attention on a projection of its own. It sees the whole of every token, and it returns one mean.
# - Two answers from two places need two heads in one layer, unless a layer below has put them into different numbers.
# - Heads are not copies of the layer: the number of parameters stays the same, and each head gets narrower.
# - Fewer key heads make a smaller cache.
# - Cut, then transpose. A view alone has the right shapes and the wrong numbers.
#
# ## Five questions
#
# <details><summary>1. d_model is 768, there are 12 heads. How wide is a head, and by what are its scores divided?</summary>
#
# 64 numbers; by √64 = 8. The scale belongs to the width of a head, not to that of the model.
# </details>
# <details><summary>2. Does head 0 see only the first half of each token?</summary>
#
# No. Its matrix sees the whole token. What is cut is the result of the projection.
# </details>
# <details><summary>3. Batch 2, 5 tokens, d_model 12, 3 heads: what shape do the weights have?</summary>
#
# (2, 3, 5, 5): for each text and each head a table of queries × keys.
# </details>
# <details><summary>4. Why is there a matrix W_O after the heads are joined?</summary>
#
# Without it each head would write into columns of its own, and nothing in the layer would combine what two heads have found.
# </details>
# <details><summary>5. In a causal model the heads are split by a view. It runs, and the training loss is excellent. Which test finds the bug?</summary>
#
# Change one token and see which outputs move, or take the Jacobian: nothing before the changed token may move. Shapes tell you nothing.
# </details>
#
# ## Where to read on
#
# Vaswani et al. 2017, section 3.2.2. Voita et al. 2019 and Michel et al. 2019: what trained heads do, and how many can be taken away
# ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/06_exercises_multi_head_attention.ipynb), then go on to [07 · Positions](07_positions.ipynb).
