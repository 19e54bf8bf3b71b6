# %% [markdown]
# # 04 · Masks
#
# A language model learns to predict the next token. During training the whole text lies before it, the next token included. If attention may look
# there, nothing has to be learned: the answer can be copied. So a **mask** says who may see whom.
#
# A wrong mask rarely crashes. **Can you tell from the training loss that something is wrong?**

# %%
import inspect
import math

import torch

from selfattention import masks
from selfattention.attention import attention, attention_weights
from selfattention.claims import Measured, claim, guessed
from selfattention.plots import canvas, heatmap, lines, show

torch.set_printoptions(precision=3, sci_mode=False)
torch.set_default_dtype(torch.float64)

# %% [markdown]
# ## Three tokens by hand
#
# In this course a mask is boolean, and **`True` means: may attend.** A **causal** mask lets each token see itself and what stands before it:
#
# | | key 0 | key 1 | key 2 |
# |---|---|---|---|
# | query 0 | True | False | False |
# | query 1 | True | True | False |
# | query 2 | True | True | True |
#
# A hidden key must get the weight 0, and the others must share all of it. A score of $-\infty$ does that: $e^{-\infty} = 0$, in the numerator *and*
# in the sum. For query 1 with the scores 1, 2 and 9, the weights are $e^1/(e^1 + e^2) = 0.269$ and $e^2/(e^1 + e^2) = 0.731$. The 9 has no say.

# %%
scores = torch.tensor([[5.0, 7.0, 7.0], [1.0, 2.0, 9.0], [0.0, 0.0, 0.0]])
mask = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
print(torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1))

# %% [markdown]
# ## The loop, then one line

# %%
def causal_loop(tokens):
    mask = torch.zeros(tokens, tokens, dtype=torch.bool)
    for query in range(tokens):
        for key in range(tokens):
            mask[query, key] = key <= query
    return mask


assert torch.equal(torch.arange(5) <= torch.arange(5)[:, None], causal_loop(5))
assert torch.equal(masks.causal(5), causal_loop(5))
print(inspect.getsource(masks.causal).split('"""')[2])

# %% [markdown]
# With fewer queries than keys, the course's queries are the **last** positions, as when a text is continued: the newest token sees everything.
# (`is_causal` of torch puts the queries first. Both make sense; mixing them up is a classic.)
#
# ## Padding, and both together
#
# Sentences of different lengths are filled up with **padding** to fit into one array. Filling must not be seen either. That is a statement about keys,
# the same for all queries of a sentence: shape (batch, 1, keys). Combined, a key must be allowed by **both** masks.

# %%
causal = masks.causal(5)
padding = masks.padding(torch.tensor([3, 5]), keys=5)
both = masks.combine(causal, padding)
print("causal", tuple(causal.shape), " padding", tuple(padding.shape), " both", tuple(both.shape))
figure, panels = canvas(3, width=7.6, height=2.5)
for axes, what, title in zip(panels, (causal, padding[0].expand(5, 5), both[0]), ("causal", "padding: 3 of 5 are real", "both")):
    heatmap(axes, what.double(), title=title, numbers=False, largest=1.4)
show(figure, "Three masks over five tokens, queries down and keys across; dark means may attend. Causal: the lower triangle. Padding: the first three "
             "columns. Both: the lower triangle within the first three columns.")

# %% [markdown]
# ## What padding does when nobody masks it
#
# **Predict first:** a sentence of 3 real tokens is padded to 6. Fill the padding with other random numbers. By how much do the outputs of the real tokens
# move, relative to their size, if the padding is **not** masked?

# %%
guess_moved = None  # your guess, in per cent

# %% tags=["claim:padding"]
def moved(mask):
    """Relative change of the real tokens' outputs when the padding is filled anew."""
    generator = torch.Generator().manual_seed(1)
    q, k, v = torch.randn(3, 200, 6, 16, generator=generator)
    before = attention(q, k, v, mask)[:, :3]
    k[:, 3:], v[:, 3:] = torch.randn(2, 200, 3, 16, generator=generator)
    return ((attention(q, k, v, mask)[:, :3] - before).norm() / before.norm()).item()


without = Measured(100 * moved(None), digits=0, above=50)
with_mask = Measured(100 * moved(masks.padding(torch.tensor([3] * 200), 6)), digits=0, exactly=0)
guessed(guess_moved, without, "%")
claim("unmasked padding speaks, masked padding is silent",
      f"outputs of real tokens move by {without} % without the mask, by {with_mask} % with it", without, with_mask)

# %% [markdown]
# Silent, as long as it is a number. What is hidden has the weight 0, and 0 · NaN is NaN. So fill up with zeros. In `torch`'s own function a hidden NaN spoils the result as well:

# %%
values, real = torch.tensor([[1.0], [2.0], [math.nan]]), torch.tensor([[True, True, False]])
print("ours", attention(torch.zeros(1, 1), torch.zeros(3, 1), values, real).tolist(), " torch",
      torch.nn.functional.scaled_dot_product_attention(torch.zeros(1, 1), torch.zeros(3, 1), values, real).tolist())

# %% [markdown]
# ## A source whose entropy we know
#
# Now to the training loss. We make texts of 7 symbols: from each token to the next, the symbol moves on by 1, 2 or 4 places (and around), with the probabilities 0.6,
# 0.3 and 0.1. Nobody can know which step comes, so no honest model can have a smaller expected loss than the **entropy** of the step:

# %%
STEP, CHANCE, SYMBOLS, TOKENS, WIDTH = torch.tensor([1, 2, 4]), torch.tensor([0.6, 0.3, 0.1]), 7, 16, 32
entropy = -(CHANCE * CHANCE.log()).sum().item()


def texts(count, generator):
    steps = STEP[torch.multinomial(CHANCE, count * TOKENS, replacement=True, generator=generator)].reshape(count, TOKENS)
    return (torch.randint(SYMBOLS, (count, 1), generator=generator) + steps.cumsum(dim=1)) % SYMBOLS


print("a text:", texts(1, torch.Generator().manual_seed(0))[0].tolist())
print(f"entropy of a step: {entropy:.3f} nats; guessing blindly costs log 7 = {math.log(7):.3f} nats")

# %% [markdown]
# ## A small model
#
# Each token becomes a vector, and its position adds another (chapter 07). One layer of attention; its output is added to the vector, and a last matrix gives a
# score for each symbol. The **loss** is the mean of −log(probability of the true next token), in nats. `attend` is the attention to try.

# %%
def logits(parameters, tokens, attend):
    embedding, positions, to_queries, to_keys, to_values, read_out = parameters
    x = embedding[tokens] + positions[:tokens.shape[-1]]
    return (x + attend(x @ to_queries, x @ to_keys, x @ to_values)) @ read_out


def training_loss(parameters, text, attend):
    predicted = logits(parameters, text[:, :-1], attend)
    return torch.nn.functional.cross_entropy(predicted.flatten(0, 1), text[:, 1:].flatten())

# %% [markdown]
# The same training for each: 400 steps of Adam (Kingma and Ba 2015), written out because it is short.

# %%
def train(attend, steps=400, rate=0.01):
    generator = torch.Generator().manual_seed(0)
    sizes = [(SYMBOLS, WIDTH), (TOKENS, WIDTH), *[(WIDTH, WIDTH)] * 3, (WIDTH, SYMBOLS)]
    parameters = [(torch.randn(size, generator=generator) / math.sqrt(size[-1])).requires_grad_() for size in sizes]
    means, squares = ([torch.zeros(size) for size in sizes] for _ in range(2))
    history = []
    for step in range(1, steps + 1):
        loss = training_loss(parameters, texts(64, generator), attend)
        history.append(loss.item())
        for i, slope in enumerate(torch.autograd.grad(loss, parameters)):
            means[i] = 0.9 * means[i] + 0.1 * slope
            squares[i] = 0.99 * squares[i] + 0.01 * slope**2
            change = means[i] / (1 - 0.9**step) / ((squares[i] / (1 - 0.99**step)).sqrt() + 1e-8)
            parameters[i].data -= rate * change
    return parameters, history

# %% [markdown]
# ## Break it on purpose, four times
#
# The right mask, and four that people really write. Each changes one line.

# %%
def past(q):
    return masks.causal(q.shape[-2])


def scaled(q, k):
    return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])


ATTEND = {
    "right": lambda q, k, v: attention(q, k, v, past(q)),
    "no mask": lambda q, k, v: attention(q, k, v),
    "sees the next token": lambda q, k, v: attention(q, k, v, torch.ones(q.shape[-2], q.shape[-2]).tril(1).bool()),
    "hidden scores set to 0": lambda q, k, v: torch.softmax(scaled(q, k) * past(q), dim=-1) @ v,
    "masked after the softmax": lambda q, k, v: (torch.softmax(scaled(q, k), dim=-1) * past(q)) @ v,
}

# %% [markdown]
# **Predict first:** the entropy is 0.898 nats. Which training loss does the model *without a mask* reach?

# %%
guess_loss = None  # your guess, in nats

# %%
trained = {name: train(attend) for name, attend in ATTEND.items()}
test = texts(2000, torch.Generator().manual_seed(1))
measured = {name: training_loss(parameters, test, ATTEND[name]).item() for name, (parameters, _) in trained.items()}
guessed(guess_loss, Measured(measured["no mask"], below=entropy / 2), "nats")

# %% [markdown]
# The training loss cheats where the mask leaks. The **true loss** does not: give the model only the beginning of each text, as when it must really go on
# writing, and score its prediction of the next token. No future is there to be seen.

# %%
@torch.no_grad()
def true_loss(parameters, text, attend):
    last = [logits(parameters, text[:, :n], attend)[:, -1] for n in range(1, text.shape[1])]
    return torch.nn.functional.cross_entropy(torch.cat(last), text[:, 1:].T.flatten()).item()


true = {name: true_loss(parameters, test, ATTEND[name]) for name, (parameters, _) in trained.items()}
for name in ATTEND:
    print(f"{name:26} training loss {measured[name]:.1f}   true loss {true[name]:.1f} nats")

# %% tags=["claim:leaks-look-good"]
wrong = [name for name in ATTEND if name != "right"]
best_true = Measured(min(true[name] for name in wrong), above=1.2)
worst_seen = Measured(max(measured[name] for name in wrong), below=entropy - 0.1)
claim("a leaking mask makes the training loss better and the model worse",
      f"{len(wrong)} bugs: training loss under the entropy of {entropy:.1f} nats, true loss {best_true} nats",
      worst_seen, best_true)

# %% [markdown]
# None of them crashed, and every one of them *looks better than the right model*. But no honest model can beat the entropy. **A loss below the entropy of the
# source is a leak.** The last one surprises most: its hidden values are multiplied by 0, so nothing of them is mixed in. But the softmax had already divided by a sum
# over **all** keys. How much the visible weights lack tells the model what the future holds.

# %%
figure, axes = canvas(height=3.4)
steps = range(1, 401, 16)
lines(axes, steps, {name: history[::16] for name, (_, history) in trained.items()}, xlabel="training step", ylabel="training loss (nats)")
axes.axhline(entropy, color="0.3", linewidth=1)
axes.text(344, entropy + 0.09, "entropy", color="0.3")
show(figure, "Training loss against training step for the right mask and four wrong ones. The right one falls to the entropy of 0.9 nats and stays "
             "there. The wrong ones fall through this floor.")

# %% tags=["claim:honest-model-meets-entropy"]
gap = Measured(abs(measured["right"] - entropy), below=0.06)
difference = Measured(true["right"] - measured["right"], digits=3, above=-1e-6, below=1e-6)
claim("the right model learns all there is to learn, and is as good when the future is really absent",
      f"the training loss differs from the entropy by {gap} nats, and from the true loss by {difference}", gap, difference)

# %% [markdown]
# ## A query that may attend to nothing
#
# A sentence of length 0 in a batch, or a row in which causal and padding leave nothing: all scores are $-\infty$, and the softmax is 0/0. One NaN in one row makes the
# loss NaN. Patching the result is not enough when $-\infty$ was *added*: the NaN is still on the way back.

# %% tags=["claim:nan-gradient"]
mask = torch.tensor([[True, True, False], [False, False, False]])
added = torch.zeros(2, 3).masked_fill(~mask, -math.inf)
bad_rows = {}
for name, weigh in {"added, patched": lambda s: torch.softmax(s + added, dim=-1).nan_to_num(0.0),
                    "this course   ": lambda s: attention_weights(s, torch.eye(3), mask)}.items():
    scores = torch.randn(2, 3, generator=torch.Generator().manual_seed(3)).requires_grad_()
    weights = weigh(scores)
    (slope,) = torch.autograd.grad((weights * torch.arange(3.0)).sum(), scores)
    bad_rows[name] = slope.isnan().any(dim=-1).sum().item()
    print(f"{name} weights of the empty row {weights[1].tolist()}   its gradient {slope[1].tolist()}")
patched, here = (Measured(rows, exactly=wanted) for rows, wanted in zip(bad_rows.values(), (1, 0)))
claim("a NaN patched in the result can live on in the gradient",
      f"rows with NaN gradients: {patched} patched, {here} in this course", patched, here)

# %% [markdown]
# ## What to take along
#
# - `True` means may attend. Hidden scores become $-\infty$ **before** the softmax, so that the visible weights share everything.
# - Causal masks hide the future, padding masks hide filling, and both must allow a key.
# - A leak makes the training loss better. Know the entropy of your data, or test: change a token, and nothing before it may move.
# - An empty row needs care in the result and in the gradient.
#
# Now do the [exercises](../exercises/04_masks.ipynb): the last of them is a leak probe that finds such bugs in any model. Then go on to
# [05 · Self-attention](05_self_attention.ipynb).
