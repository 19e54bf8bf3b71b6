# %% [markdown]
# # 03 · From NumPy to torch
#
# So far every number was given. In a Transformer, numbers are *learned*: one matrix of 512 × 512 already holds 262,144 of them, and
# nobody chooses them by hand.
#
# **How does a program know in which direction to change a number?**
#
# From here on the course uses torch. This second half of chapter 03 shows as much of it as the next chapters need: tensors,
# gradients, losses, and one training loop.

# %%
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from selfattention import arrays, attention
from selfattention.claims import claim, tally
from selfattention.data.steps import SYMBOLS, texts
from selfattention.plots import blocks, canvas, course_map, descent, flow, heatmap, lines, show

show(course_map(3, here=["source vectors", "target vectors", "training"]),
     "Where we are: the token vectors near the bottom are new, and we take a first look at the "
     "loss at the top, which chapter 10 builds.")

# %% [markdown]
# ## The idea in one picture
#
# The smallest model there is has a single number $w$. It turns 2 into $2w$, and we want 6. The **loss** measures how wrong it is: here it
# is the difference, squared. Start at $w = 0$, look at the slope, go a little way down, and look again:

# %%
def loss_at(w):
    return (2 * w - 6) ** 2


def descend(rate, steps):
    path = [0.0]
    for step in range(steps):
        slope = 2 * (2 * path[-1] - 6) * 2
        path.append(path[-1] - rate * slope)
    return path


figure, axes = canvas(height=3.2)
descent(axes, loss_at, descend(0.05, steps=3), slopes=[-24.0], around=(-0.5, 6.5))
show(figure, "The loss of one number, and three steps down. The thick line is the slope at 0. "
             "Where the curve is steep, a step is long; near the bottom, steps get short.")

# %% [markdown]
# This is **gradient descent**, and every model of this course is trained by a form of it: *number − rate × slope*, again and again. The
# rate is called the **learning rate**; here it is 0.05. The slope is the derivative, worked out by hand with the chain rule:
# $2\,(2w - 6) \cdot 2$, which is −24 at $w = 0$. With torch, nobody has to work it out.
#
# ## Tensors
#
# A **tensor** is torch's array. Most of what you know from NumPy has the same name; where NumPy says `axis`, torch says `dim`. The usual
# type (`dtype`) differs: torch makes 32-bit numbers, with about 7 digits, where NumPy makes 64-bit ones, with about 16.

# %%
array = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
tensor = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(array.sum(axis=-1), array.dtype, "and", tensor.sum(dim=-1), tensor.dtype)
print("from NumPy:", torch.from_numpy(array).dtype, " one number:", tensor[0, 1].item())

# %% [markdown]
# `torch.from_numpy` and `.numpy()` lead there and back; `.item()` turns a tensor that holds a single number into a Python number.
#
# ## The slope, by hand and by torch
#
# Tell torch that you want the slope with respect to a number: `requires_grad=True`. It then notes down every operation that the number
# goes through. `backward()` walks through these notes from the loss back to the number, one chain rule after the other, and leaves the
# slope in `.grad`. The slopes for all numbers of a model together are the **gradient**; finding it backwards like this is
# called *backpropagation*, and the part of torch that does it **autograd**.
#
# How can we check it? Take a small step to either side, and divide the difference of the losses by the distance between the two points:
# the **difference quotient**. It needs no calculus and works for any smooth function.

# %%
w = torch.tensor(0.0, requires_grad=True)
loss_at(w).backward()
quotient = (loss_at(0.001) - loss_at(-0.001)) / 0.002
print(f"by hand -24, by torch {w.grad.item():.0f}, by small steps {quotient:.0f}")

# %% [markdown]
# The difference quotient runs the function twice **for each number**. With a hundred million numbers that is hopeless; `backward()` finds
# all their slopes in a single pass. This is what makes large models possible.
#
# ## Down to the bottom
#
# How much depends on the learning rate? We count steps at the rate from above, and then try one that is about five times as large.
#
# **Predict first:** the loss begins at 36. After how many steps, at the rate 0.05, is it below 0.001?

# %%
guess_steps = None  # your guess

# %% tags=["claim:step-size"]
path = descend(rate=0.05, steps=100)
steps = sum(loss_at(w) >= 0.001 for w in path)
climbed = loss_at(descend(rate=0.26, steps=steps)[-1])
claim("03.step-size", guess_steps, steps=steps, climbed=climbed)

# %% [markdown]
# Each step multiplies the distance to the bottom by the same factor, $1 - 8 \cdot \text{rate}$, because the slope is 8 times that
# distance. At the rate 0.05 the factor is 0.6. At 0.26 it is −1.08: each step goes too far and ends higher up on the other side, and
# the next one goes farther still.

# %%
figure, panels = canvas(2, height=3.0)
for axes, rate in zip(panels, (0.05, 0.26)):
    descent(axes, loss_at, descend(rate, steps=6), title=f"rate {rate}", good=rate < 0.25)
show(figure, "Six steps at two rates. The small one leads to the bottom, the large one climbs.")

# %% [markdown]
# ## Attention in torch
#
# Here are the four lines of the first half, in torch. Little has changed: `.T` became `transpose`, because there may be a batch in
# front, and the softmax is torch's.

# %%
def attend(queries, keys, values):
    scores = queries @ keys.transpose(-2, -1)            # (queries, keys)
    scaled = scores / keys.shape[-1] ** 0.5              # (queries, keys)
    weights = torch.softmax(scaled, dim=-1)              # (queries, keys), each row sums to 1
    return weights @ values                              # (queries, d_v)


torch.manual_seed(1)                                     # the same random numbers each time
Q, K, V = torch.randn(3, 7).double(), torch.randn(5, 7).double(), torch.randn(5, 11).double()
assert np.allclose(attend(Q, K, V), arrays.attention(Q.numpy(), K.numpy(), V.numpy()))
assert torch.allclose(attend(Q, K, V), attention.attention(Q, K, V))
assert torch.allclose(attend(Q, K, V), F.scaled_dot_product_attention(Q, K, V))
assert torch.autograd.gradcheck(attend, [part.requires_grad_() for part in (Q, K, V)])

# %% [markdown]
# Four functions give the same numbers: the one above, the one in NumPy, the course's (`selfattention.attention`, which also takes a
# mask: chapter 04) and torch's own. The last line compares the slopes of all outputs with respect to all inputs with difference
# quotients; `.double()`, 64 bits, gives these enough digits.
#
# ## A loss for choices
#
# A model that *writes* (the usual word is *decodes*) chooses again and again: which symbol comes next? It gives each symbol a score
# (elsewhere: a *logit*), and the softmax turns the scores into probabilities $p$. The loss is then the **cross-entropy**, $-\log p$ of the
# symbol that really came: 0 where the model was certain and right, large where it gave the truth little chance. Its unit is the **nat**.
#
# `F.cross_entropy` takes the scores and applies the softmax itself. Its slope is that of chapter 02, *prediction minus truth*, $p - y$:

# %%
scores = torch.tensor([2.0, 0.0, 1.0], requires_grad=True)
F.cross_entropy(scores, torch.tensor(2)).backward()      # symbol 2 is the one that came
p, y = torch.softmax(scores, dim=-1), torch.tensor([0.0, 0.0, 1.0])
assert torch.allclose(scores.grad, p - y)
show(flow(["symbol 0", "symbol 1", "symbol 2"], ("score", scores), ("p", p, "softmax", "weights"),
          ("y", y, "", "masks"), ("slope", scores.grad, "p − y", "outputs")),
     "y is 1 for the symbol that came. That symbol's slope is negative, so a step raises its "
     "score; the others' are positive, so theirs fall.")

# %% [markdown]
# ## Symbols become vectors
#
# A symbol is a whole number, but attention needs vectors. An **embedding** is a table with a row for each symbol; to look up symbols is
# to pick their rows. The table starts with random numbers and is learned like any other matrix.

# %%
table, symbols = nn.Embedding(SYMBOLS, 4), torch.tensor([3, 1, 3, 6, 0])
show(blocks(("table", table.weight, "symbols width"), "rows\n3, 1, 3, 6, 0",
            ("vectors", table(symbols), "tokens width")),
     "One vector for each token. Symbol 3 appears twice in the text, and so does its row.")

# %% [markdown]
# ## A model, and the loop that trains it
#
# The parts of a model are **modules**: objects that hold learned numbers, its **parameters**. `nn.Embedding` is one, and
# `nn.Linear(4, 7)` is another: a matrix that makes 7 numbers out of 4, plus an **offset** (*bias*) for each of the 7. `nn.Sequential`
# sends its input through several modules in turn; a model of another form gets a class of its own (chapter 04).
#
# One learning rate may not fit all parameters, because some slopes can be far larger than others. **Adam** (Kingma and Ba 2015) is descent
# with a step size of its own for each number: it divides a running mean of the number's slopes by the root of a running mean of their
# squares. So slopes of 1000 make no longer steps than slopes of 1; what counts is how steadily they point the same way.
#
# The model learns from a **batch** of 64 texts of 16 symbols at a time, and the loss is the mean over all predictions. The symbols are 0
# to 6; each is 1, 2 or 4 further on than the one before (after 6 comes 0), with the chances 0.6, 0.3 and 0.1. The model is told none of
# this. (`flatten(0, 1)` joins the axes of texts and tokens, because `cross_entropy` wants one long list of choices.)

# %%
model = nn.Sequential(nn.Embedding(SYMBOLS, 4), nn.Linear(4, SYMBOLS))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
generator, history = torch.Generator().manual_seed(2), []
for step in range(200):
    text = texts(64, 16, generator)
    scores, wanted = model(text[:, :-1]), text[:, 1:]    # for each symbol but the last: the next
    loss = F.cross_entropy(scores.flatten(0, 1), wanted.flatten())
    optimizer.zero_grad()                                # backward() adds to what is there
    loss.backward()
    optimizer.step()
    history.append(loss.item())

# %%
learned = torch.softmax(model(torch.arange(SYMBOLS)), dim=-1)
figure, (left, right) = canvas(2, height=3.1)
lines(left, range(0, 200, 8), {"loss": history[::8]}, xlabel="training step", ylabel="loss (nats)")
heatmap(right, learned, numbers=False, row_axis="a symbol", column_axis="the next one")
show(figure, "Left: the loss falls, then levels off. Right: the chances learned for the next "
             "symbol, in slanting bands: one place on, two places on, and faintly four.")
tally()

# %% [markdown]
# Nobody mentioned 1, 2 and 4 to the model; *scores, loss, slopes, step*, repeated 200 times, found them. But the loss does not go to 0.
# Chapter 04 explains why it stops where it does, and what it means when a loss falls lower than seems possible.
#
# ## What to take along
#
# - A tensor is an array that can note down what was done to it. `backward()` goes back through the notes and finds all slopes at once.
# - Training is *number − rate × slope*, many times. If the rate is too large, the loss climbs.
# - Cross-entropy is $-\log p$ of what really came; its slope with respect to the scores is $p - y$.
# - An embedding picks rows of a learned table; modules hold parameters; Adam gives each parameter a step size of its own.
#
# ## Five questions
#
# <details><summary>1. How does torch say <code>x.mean(axis=-2)</code>?</summary>
#
# `x.mean(dim=-2)`. (It understands `axis` as well; its own name is `dim`.)
# </details>
# <details><summary>2. You forget <code>zero_grad()</code>. What happens?</summary>
#
# `backward()` adds each new slope to all the old ones, so each step follows a sum of past slopes. Nothing crashes.
# </details>
# <details><summary>3. A model gives the true symbol the probability 1/7. What is its loss?</summary>
#
# $-\log(1/7) = \log 7 = 1.95$ nats: the loss of a blind guess among seven.
# </details>
# <details><summary>4. The slope of the cross-entropy with respect to some score is −0.2. Was it the score of the true symbol?</summary>
#
# Yes: $p - y$ is negative only where $y = 1$. The model gave the truth 0.8.
# </details>
# <details><summary>5. Two texts of 5 symbols go into <code>nn.Embedding(7, 4)</code>. What shape comes out?</summary>
#
# (2, 5, 4): a row of 4 numbers for each symbol.
# </details>
#
# ## Where to read on
#
# Kingma and Ba 2015, algorithm 1: Adam on half a page ([bibliography](bibliography.ipynb)). *Learn the Basics*, among PyTorch's own
# tutorials, covers the same ground with pictures of clothes.
#
# The last of the [exercises](../exercises/03_exercises_scaled_dot_product_attention.ipynb) of this chapter is in torch. Then go on to
# [04 · Masks](04_masks.ipynb).
