# %% [markdown]
# # 05 · Self-attention
#
# Until now queries, keys and values were mostly given. But a text has only tokens. **Where do the three come from?**
#
# Self-attention makes all three from the same tokens: each token asks, each token can be found, each token can be read. Three
# matrices say how, and they are *learned*. This chapter measures what that learning is worth.

# %%
import torch
from torch.nn.functional import cross_entropy, one_hot

from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.plots import arrows, bars, blocks, canvas, course_map, flow, heatmap, links, show
from selfattention.source import show_source

show(course_map(5), "Where we are: queries, keys and values are made from the tokens themselves.")

# %% [markdown]
# ## The idea in one picture
#
# *Bank* is the same word in *bank by river* and in *bank holds money*, and has the same vector in both. Only its neighbours tell which bank is
# meant. Our vectors have two numbers and are made by hand: how much a word has to do with **water**, and how much with **money**. *Bank*
# has a little of both. Now each word reads the whole text by self-attention and gets a new vector. Here is what becomes of *bank*:

# %%
VECTORS = {"bank": (1.0, 1.0), "river": (2.0, 0.0), "money": (0.0, 2.0), "by": (0.0, 0.0),
           "holds": (0.0, 0.0)}
query_matrix, key_matrix, value_matrix = 2 * torch.eye(2), torch.eye(2), torch.eye(2)
read, weights = {}, {}
for text in ("bank by river", "bank holds money"):
    x = torch.tensor([VECTORS[word] for word in text.split()])
    queries, keys, values = x @ query_matrix, x @ key_matrix, x @ value_matrix
    weights[text] = attention_weights(queries, keys)
    read[text] = attention(queries, keys, values)[0]     # what "bank" becomes
before = {word: VECTORS[word] for word in ("bank", "river", "money")}
figure = arrows(before | read, roles=dict.fromkeys(read, "outputs"), width=5.0)
figure.axes[0].set(xlabel="water", ylabel="money")
show(figure, "“Bank” (grey) becomes two vectors (yellow): in one text it moves towards "
             "“river”, in the other towards “money”.")

# %% [markdown]
# One word, two texts, two meanings. The weights tell which words were read, and how much:

# %%
figure, panels = canvas(2, height=2.4)
for axes, (text, each) in zip(panels, weights.items()):
    links(axes, text.split(), text.split(), each, title=text, only=0)
show(figure, "The weights of the query “bank”: the thicker, the larger. It reads itself, and "
             "the word with which it has something in common.")

# %% [markdown]
# In numbers: the query of *bank* is (2, 2). Its scores with *bank*, *by* and *river* are 4, 0 and 4; divided by $\sqrt 2$, they are 2.83, 0 and
# 2.83. The softmax turns them into 0.49, 0.03 and 0.49, and the new vector is 0.49 · (1, 1) + 0.03 · (0, 0) + 0.49 · (2, 0) = (1.46, 0.49)
# (rounded only at the end).
#
# The three matrices were as simple as can be: the query matrix doubles, the others change nothing. In general they turn a token into three
# *different* views of it, and each product with such a matrix is called a **projection**.
#
# ## Three tokens by hand
#
# Now with matrices that differ. Again a token has two numbers: is it a question, and how loud is it? The matrices below say: a **query** is
# the first number, doubled; a **key** is the second number; a **value** is the second number times ten.

# %%
x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 3.0]])   # a question, a quiet word, a loud word
query_matrix = torch.tensor([[2.0], [0.0]])
key_matrix = torch.tensor([[0.0], [1.0]])
value_matrix = torch.tensor([[0.0], [10.0]])
queries, keys, values = x @ query_matrix, x @ key_matrix, x @ value_matrix
by_hand = attention(queries, keys, values)
scores, weights = queries[0] * keys, attention_weights(queries, keys)[0]
show(flow(["question", "quiet", "loud"], ("token", x), ("key", keys, "@"),
          ("score", scores, "· query"), ("weight", weights, "softmax"), ("value", values),
          ("w · v", weights[:, None] * values, "×"), query=queries[0], result=by_hand[0]),
     "The question's query is 2. Nearly all its weight lies on the loud word.")

# %% [markdown]
# The scores are 0, 2 and 6 ($d_k$ is 1, so dividing by its root changes nothing). The two words ask nothing: their queries are 0, all their
# scores are equal, and they read the plain mean of 0, 10 and 30.
#
# ## The loop, then the array
#
# In the loop, each token asks all tokens, itself included. The array form makes the three views of all tokens at once, and hands them to
# the package's function:

# %%
def self_attention_loop(x, query_matrix, key_matrix, value_matrix):
    outputs = []
    for asking in x:
        query = asking @ query_matrix
        scores = [query @ (other @ key_matrix) / len(query) ** 0.5 for other in x]
        powers = torch.stack(scores).exp()
        weights = powers / powers.sum()
        outputs.append(sum(weight * (other @ value_matrix) for weight, other in zip(weights, x)))
    return torch.stack(outputs)


def self_attention(x, query_matrix, key_matrix, value_matrix):
    return attention(x @ query_matrix, x @ key_matrix, x @ value_matrix)

# %% [markdown]
# Both give the same, here for tokens of 6 numbers and views of 4. In the package's function below, `mix` is the product of weights and
# values, `#` marks an axis that may also have length 1 and is then stretched, and `bias` is left for chapter 07:

# %%
torch.manual_seed(0)
five, three = torch.randn(5, 6), torch.randn(3, 6, 4)    # tokens, and their three matrices
assert torch.allclose(self_attention(five, *three), self_attention_loop(five, *three), atol=1e-5)
show_source(attention)
views = []
for name, matrix in zip(("queries", "keys", "values"), three):
    views += ["\n", ("tokens", five, "tokens width"), "@", ("matrix", matrix, "width d", 1, name),
              "=", (name, five @ matrix, "tokens d")]
show(blocks(*views[1:]), "The same five tokens, three matrices, three views.")

# %% [markdown]
# ## A needle to be found
#
# What is gained by learning the matrices? We need a task that no plain average can solve. A text has twelve words, each with one of ten
# contents. One word is marked. A question stands in front, and must report the **content of the marked word**. A token is a vector of
# twelve numbers: ten for the content (a 1 at its place and 0 elsewhere: *one-hot*), one for the mark, one that says "I am the question".
# (With the question, a text is 13 tokens of 12 numbers: its axes differ in length, so mixing them up would be noticed, as chapter 00 advises.)

# %%
CONTENTS, WORDS = 10, 12
MARK, QUESTION = 10, 11                                  # which number of a token says so


def texts(count, generator):
    content = torch.randint(CONTENTS, (count, WORDS), generator=generator)
    place = torch.randint(WORDS, (count, 1), generator=generator)
    words = one_hot(content, 12).float()                 # a 1 at the content, 0 elsewhere
    words[..., MARK] = (torch.arange(WORDS) == place).float()
    question = one_hot(torch.tensor(QUESTION), 12).float().expand(count, 1, 12)
    return torch.cat([question, words], dim=1), content.gather(1, place)[:, 0]


tokens, wanted = texts(1, torch.Generator().manual_seed(0))
figure, axes = canvas(width=5.0, height=3.4)
heatmap(axes, tokens[0], role="tokens", numbers=False, row_axis="tokens", column_axis="numbers")
show(figure, f"One text. Numbers 0–9: content, 10: mark, 11: question. The answer is {wanted[0]}.")

# %% [markdown]
# Three readers are trained in the same way. One **learns** its three matrices. One weighs all tokens **equally** and learns only what to
# read, as an average would (*mean pooling*). One learns what to read, but compares the tokens **as they are**, without projections. In all
# three, the values are made from the content alone.

# %%
READERS = {
    "learned": lambda x, q, k, v: attention(x[:, :1] @ q, x @ k, x[..., :CONTENTS] @ v)[:, 0],
    "equal weights": lambda x, q, k, v: (x[..., :CONTENTS] @ v).mean(dim=1),
    "unprojected": lambda x, q, k, v: attention(x[:, :1], x, x[..., :CONTENTS] @ v)[:, 0],
}

# %% [markdown]
# `x[:, :1]` is the question, and `x[..., :CONTENTS]` are the contents. The loop of chapter 03 learns the matrices; they need no module. What
# is read serves as the scores of the ten answers; the loss is their cross-entropy.

# %%
def train(read):
    generator = torch.manual_seed(1)                     # of matrices and texts
    q, k, v = 0.1 * torch.randn(12, 4), 0.1 * torch.randn(12, 4), 0.1 * torch.randn(10, 10)
    matrices = [matrix.requires_grad_() for matrix in (q, k, v)]
    optimizer = torch.optim.Adam(matrices, lr=0.05)
    for step in range(300):
        x, wanted = texts(128, generator)
        loss = cross_entropy(read(x, *matrices), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [matrix.detach() for matrix in matrices]      # their numbers, without the notes

# %% [markdown]
# **Predict first:** there are ten contents, so a blind guess is right once in ten. How often is the reader with equal weights right?

# %%
guess_equal = None  # your guess, between 0 and 1

# %% tags=["claim:finding-the-mark"]
trained = {name: train(read) for name, read in READERS.items()}
x, wanted = texts(4000, torch.Generator().manual_seed(2))
right = {name: (READERS[name](x, *trained[name]).argmax(dim=-1) == wanted).float().mean()
         for name in READERS}
claim("05.finding-the-mark", guess_equal, learned=right["learned"],
      equal=right["equal weights"], unprojected=right["unprojected"])

# %% [markdown]
# An average is better than blind, because the marked content is *among* those it sees: the most frequent one is the best bet. Comparing the
# tokens as they are does not help: the question's vector has nothing in common with any word's, so these dot products are all 0. Projections can
# give "I am the question" and "I am marked" the same direction. That is what the matrices are for.

# %%
figure, axes = canvas(height=2.0)
bars(axes, right, title="share of right answers", limit=0.1, limit_name="chance")
show(figure, "Only learned projections find the marked word. The dashed line is a blind guess.")
q, k, v = trained["learned"]
names = ["?", *range(1, WORDS + 1)]
figure, axes = canvas(height=2.6)
marked = [(place, text) for text, place in enumerate(x[:5, :, MARK].argmax(dim=1).tolist())]
heatmap(axes, attention_weights(x[:5, :1] @ q, x[:5] @ k)[:, 0], keys=names, row_axis="texts",
        numbers=False, links=marked)
show(figure, "Weights of the question (?) in five texts, all on one word. Frames: the marked word.")

# %% [markdown]
# You may read that attention relates all tokens equally. Equal weights would be a plain average. The point of attention is that its weights
# depend on the tokens.
#
# ## Replace the keys, replace the values
#
# What do keys decide, and what do values decide? To see it in the trained reader, mix two texts: queries and keys from the first, values
# from the second.
#
# **Predict first:** how often does the reader report the content that is marked in the *first* text?

# %%
guess_from_first = None  # your guess, between 0 and 1

# %% tags=["claim:keys-and-values"]
one, other = x[:2000], x[2000:]
values = other[..., :CONTENTS] @ v
reported = attention(one[:, :1] @ q, one @ k, values)[:, 0].argmax(dim=-1)
marked = one[..., MARK].argmax(dim=1)                    # where the first text has its mark
at_the_mark = other[torch.arange(2000), marked, :CONTENTS].argmax(dim=-1)
own, found = (reported == wanted[:2000]).float().mean(), (reported == at_the_mark).float().mean()
claim("05.keys-and-values", guess_from_first, own=own, other=found)

# %% [markdown]
# The first text's mark decides *where* to look, and what the *second* text holds at that place is reported. The values contain nothing of the
# first text's contents. You may also read that the values are what a model predicts. They are not: they are what is mixed, and the target came
# in only once, in the loss.
#
# ## What about order?
#
# Does self-attention notice in which order its tokens come? Take random tokens and random matrices. Either put the tokens in another order (a
# **permutation**) and then attend, or attend and then put the outputs in that order.
#
# **Predict first:** how large is the largest difference between the two?

# %%
guess_error = None  # your guess; outputs are of size 1 or so

# %% tags=["claim:order-of-tokens"]
torch.manual_seed(3)
some, order = torch.randn(64, 16), torch.randperm(64)
layer = [torch.randn(16, 16) / 4 for _ in range(3)]
plain, permuted = self_attention(some, *layer), self_attention(some[order], *layer)
claim("05.order-of-tokens", guess_error, error=(permuted - plain[order]).abs().max(),
      moved=(permuted - plain).abs().max())

# %% [markdown]
# Every token takes its query along, and its output is a sum over all tokens; a sum does not depend on the order of its terms. What is left is
# rounding: 32-bit numbers keep about seven digits. So without a mask self-attention is **permutation equivariant**: permute the tokens, and the
# outputs are permuted in the same way.

# %%
other = five[[3, 0, 4, 1, 2]]
outputs, permuted = self_attention(five, *three), self_attention(other, *three)
show(blocks(("tokens", five, "tokens width"), "attend", ("outputs", outputs, "tokens d"), "\n",
            ("permuted", other, "tokens width"), "attend", ("outputs", permuted, "tokens d")),
     "The five tokens from above, then in the order 3, 0, 4, 1, 2. Each keeps its output.")
tally()

# %% [markdown]
# To this layer, *the dog bites the man* and *the man bites the dog* would be the same text: each word gets the same vector in both. Chapter 07
# adds positions.
#
# ## What to take along
#
# - Queries, keys and values are three learned views of the same tokens.
# - A token's new vector is a mixture of what it reads; that is how *bank* gets its meaning from its neighbours.
# - The projections let a question find an answer whose vector looks nothing like its own.
# - Queries and keys decide where to look, values what is read; equal weights are only an average.
# - Without a mask the layer does not see order.
#
# ## Five questions
#
# <details><summary>1. Tokens are 6 wide, queries and keys 4, values 11. What are the shapes of the three matrices?</summary>
#
# (6, 4), (6, 4) and (6, 11). The outputs are 11 wide, like the values.
# </details>
# <details><summary>2. Both the query matrix and the key matrix are zero. What does each token read?</summary>
#
# The plain mean of all values: all scores are 0, so all weights are equal.
# </details>
# <details><summary>3. Token A gives token B the weight 0.9. What does that tell about the weight that B gives A?</summary>
#
# Nothing: in one, A's query meets B's key; in the other, B's query meets A's key. These are two different dot products, in two different rows.
# </details>
# <details><summary>4. You double the value matrix. Which weights change?</summary>
#
# None. The weights come from queries and keys; the outputs double.
# </details>
# <details><summary>5. Is the layer still blind to order if it has a causal mask?</summary>
#
# Not quite: a token reads only itself and what comes before it, so in another order it reads other tokens (chapter 07).
# </details>
#
# ## Where to read on
#
# Vaswani et al. 2017, section 3.2.3: of three uses of attention, two are self-attention. Zaheer et al., *Deep Sets*, 2017: tasks in
# which order *should* make no difference ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/05_exercises_self_attention.ipynb), then go on to
# [06 · Multi-head attention](06_multi_head_attention.ipynb).
