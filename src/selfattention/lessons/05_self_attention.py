# %% [markdown]
# # 05 · Self-attention
#
# Until now someone handed us queries, keys and values. In a text there are only tokens. **Where do the three come from?**
#
# Self-attention makes all three from the same tokens: each token asks, each token can be found, each token can be read. Three
# matrices say how, and they are *learned*. This chapter measures what that learning is worth.

# %%
import inspect
import math

import torch

from selfattention.attention import attention, attention_weights
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, show

torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## Three tokens by hand
#
# Two numbers a token: is it a question, and how loud is it? The three matrices below say: a **query** is the first number, doubled; a **key** is the
# second number; a **value** is the second number times ten.

# %%
x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 3.0]])  # a question, a quiet word, a loud word
query_weight = torch.tensor([[2.0], [0.0]])
key_weight = torch.tensor([[0.0], [1.0]])
value_weight = torch.tensor([[0.0], [10.0]])
queries, keys, values = x @ query_weight, x @ key_weight, x @ value_weight
print("queries", queries.T, "keys", keys.T, "values", values.T)

# %% [markdown]
# The question's query is 2. Its scores with the three keys 0, 1 and 3 are 0, 2 and 6 (d_k is 1, so the scale is 1). After the softmax nearly all
# its weight lies on the loud word, so it reads a number near 30. The two words ask nothing: their queries are 0, all scores are equal, and they
# read the plain mean of 0, 10 and 30.

# %%
print(attention_weights(queries, keys))
print(attention(queries, keys, values).T)

# %% [markdown]
# ## The loop, then the array
#
# The loop says what is meant. The array form hands queries, keys and values to the package's function, whose body is printed below; in it `mix` is the product of weights and values.

# %%
def self_attention_loop(x, query_weight, key_weight, value_weight):
    rows = []
    for asking in x:
        query = asking @ query_weight
        powers = [torch.exp(query @ (other @ key_weight) / math.sqrt(len(query))) for other in x]
        rows.append(sum(power / sum(powers) * (other @ value_weight) for power, other in zip(powers, x)))
    return torch.stack(rows)


def self_attention(x, query_weight, key_weight, value_weight):
    return attention(x @ query_weight, x @ key_weight, x @ value_weight)


matrices = query_weight, key_weight, value_weight
assert torch.allclose(self_attention(x, *matrices), self_attention_loop(x, *matrices))
print(inspect.getsource(attention).split('"""')[2])

# %% [markdown]
# ## A needle to be found
#
# A task that no average can solve. A text has twelve words, each with one of ten contents. One word is marked. A question stands in front, and must
# report the **content of the marked word**. Every token is a vector of twelve numbers: ten for the content, one for the mark, one that says "I am the question".
# All twelve make queries and keys; the values are made of the content alone.

# %%
CONTENTS, WORDS = 10, 12


def texts(count, generator):
    """Tokens (count, 1 + WORDS, 12) with the question in front, and the content of the marked word."""
    content = torch.randint(CONTENTS, (count, WORDS), generator=generator)
    place = torch.randint(WORDS, (count, 1), generator=generator)
    words = torch.nn.functional.one_hot(content, CONTENTS + 2).float()
    words[..., CONTENTS] = torch.arange(WORDS) == place
    question = torch.nn.functional.one_hot(torch.tensor(CONTENTS + 1)).float().expand(count, 1, -1)
    return torch.cat([question, words], dim=1), content.gather(1, place)[:, 0]


tokens, answers = texts(3, torch.Generator().manual_seed(0))
print("tokens", tuple(tokens.shape), " marked contents", answers.tolist())

# %% [markdown]
# Three readers, all trained alike. One **learns** its three matrices. One weighs all tokens **equally** and learns only what to read, as an average would.
# One learns what to read but compares the tokens **as they are**, without projecting them first.

# %%
READERS = {
    "learned": lambda x, query, key, value: attention(x[:, :1] @ query, x @ key, x[..., :CONTENTS] @ value)[:, 0],
    "equal weights": lambda x, query, key, value: (x[..., :CONTENTS] @ value).mean(dim=1),
    "unprojected": lambda x, query, key, value: attention(x[:, :1], x, x[..., :CONTENTS] @ value)[:, 0],
}

# %% [markdown]
# They are trained by Adam (Kingma and Ba 2015), written out because it is short:

# %%
def train(read, steps=300, rate=0.05):
    generator = torch.Generator().manual_seed(1)
    shapes = (CONTENTS + 2, 4), (CONTENTS + 2, 4), (CONTENTS, CONTENTS)
    matrices = [(0.1 * torch.randn(shape, generator=generator)).requires_grad_() for shape in shapes]
    mean, square = ([torch.zeros_like(matrix) for matrix in matrices] for _ in range(2))
    for step in range(1, steps + 1):
        x, wanted = texts(128, generator)
        loss = torch.nn.functional.cross_entropy(read(x, *matrices), wanted)
        for i, slope in enumerate(torch.autograd.grad(loss, matrices, allow_unused=True, materialize_grads=True)):
            mean[i] = 0.9 * mean[i] + 0.1 * slope
            square[i] = 0.99 * square[i] + 0.01 * slope**2
            change = (mean[i] / (1 - 0.9**step)) / ((square[i] / (1 - 0.99**step)).sqrt() + 1e-8)
            matrices[i].data -= rate * change
    return [matrix.detach() for matrix in matrices]

# %% [markdown]
# **Predict first:** there are ten contents, so a blind guess is right once in ten. How often is the reader with equal weights right?

# %%
guess_equal = None  # your guess, between 0 and 1

# %% tags=["claim:learned-weights-find"]
trained = {name: train(read) for name, read in READERS.items()}
x, wanted = texts(4000, torch.Generator().manual_seed(2))
right = {name: (READERS[name](x, *trained[name]).argmax(dim=-1) == wanted).float().mean().item() for name in READERS}
learned, equal = Measured(right["learned"], above=0.95), Measured(right["equal weights"], digits=1, below=0.4)
unprojected = Measured(right["unprojected"], digits=1, below=0.4)
guessed(guess_equal, equal)
claim("learned matrices find the one word that matters; equal weights cannot",
      f"right: learned {learned}, equal weights {equal}, unprojected {unprojected}; a blind guess 0.1",
      learned, equal, unprojected)

# %% [markdown]
# The average is better than blind, because the marked content is *among* those it sees. Comparing raw tokens does not help: the question's vector has
# nothing in common with the mark's, so their dot product is 0. A projection can turn "I am the question" and "I am marked" into the
# same direction. That is what the matrices are for.
#
# One reads that attention relates all tokens equally: it need not. *Equal* weights are mean pooling. Weights that depend on the content are the point:

# %%
def weights_of(x, name="learned"):
    query_matrix, key_matrix, _ = trained[name]
    return attention_weights(x[:, :1] @ query_matrix, x @ key_matrix)[:, 0]


shown = x[:5]
names = ["?", *(f"{place}" for place in range(1, WORDS + 1))]
figure, axes = canvas(width=6.8, height=2.4)
heatmap(axes, weights_of(shown).numpy(), queries=[f"text {number}" for number in range(5)], keys=names)
axes.set(ylabel="", xlabel="tokens: the question, then twelve words")
show(figure, "Weights of the question over the thirteen tokens of five texts. In each text nearly all the weight lies on one word, another one each time: the marked one.")

# %% [markdown]
# ## Replace the keys, replace the values
#
# Take two texts: queries and keys from the first, values from the second. **Predict:** how often does the reader report the content that is marked in the *first* text?

# %%
guess_from_first = None  # your guess, between 0 and 1

# %% tags=["claim:keys-find-values-are-read"]
query_matrix, key_matrix, value_matrix = trained["learned"]
one, other = x[:2000], x[2000:]
marked = one[..., CONTENTS].argmax(dim=1)  # where the first text has its mark
values = other[..., :CONTENTS] @ value_matrix
reported = attention(one[:, :1] @ query_matrix, one @ key_matrix, values)[:, 0].argmax(dim=-1)
at_the_mark = other[torch.arange(2000), marked, :CONTENTS].argmax(dim=-1)
from_other = Measured((reported == at_the_mark).float().mean().item(), above=0.95)
from_one = Measured((reported == wanted[:2000]).float().mean().item(), digits=1, below=0.2)
guessed(guess_from_first, from_one)
claim("keys decide where, values decide what",
      f"reports what the other text holds at this text's mark: {from_other}; this text's own content: {from_one}",
      from_other, from_one)

# %% [markdown]
# About the first text it is right no more often than by chance: the first text's mark decides *where* to look, and what stands there in the *second* text is reported.
# That holds because the values know nothing of the mark. With the mark in them, 4 of 12 trainings let it stand for one of the contents: *where* and *what* were mixed, and half of their reports were wrong. One reads that the values are what a model predicts. They are not:
# the target came in once, in the loss.
#
# ## What about order?
#
# Take random tokens and a random layer. Either permute the tokens and run the layer, or run the layer and permute its outputs. **Predict:** how large is the largest difference between the two?

# %%
guess_error = None  # your guess; outputs are of size 1 or so

# %% tags=["claim:order-is-invisible"]
generator = torch.Generator().manual_seed(3)
some = torch.randn(64, 16, generator=generator)
layer = [torch.randn(16, 16, generator=generator) / 4 for _ in range(3)]
order = torch.randperm(64, generator=generator)
permuted, plain = self_attention(some[order], *layer), self_attention(some, *layer)
error = Measured((permuted - plain[order]).abs().max().item(), below=1e-5)
moved = Measured((permuted - plain).abs().max().item(), digits=1, above=0.1)
guessed(guess_error, error)
claim("without a mask self-attention does not see the order of its tokens",
      f"permuting before or after: outputs differ by {error}; permuted against not permuted, by {moved}", error, moved)

# %% [markdown]
# To five places the difference is 0; what is left is rounding (float32 keeps about seven digits). Every output is a sum over all tokens, and a sum does not know in which order it was made. So without a mask self-attention is
# **permutation equivariant**: permute the tokens, and the outputs are permuted along. *The dog bites the man* and *the man bites the dog* would be one text to this layer. Chapter 07 adds positions.
#
# ## What to take along
#
# - Queries, keys and values are three learned views of the same tokens.
# - The projections let a question find an answer that looks nothing like it.
# - Keys decide where to look, values what is read; equal weights are only an average.
# - Without a mask the layer does not see order.
#
# Now do the [exercises](../exercises/05_self_attention.ipynb), then go on to [06 · Multi-head attention](06_multi_head_attention.ipynb).
