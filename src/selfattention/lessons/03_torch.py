# %% [markdown]
# # 03 · From NumPy to torch
#
# So far every number was given. In a Transformer they are *learned*: one matrix of 512 × 512 already holds 262,144 numbers, and nobody
# chooses them by hand.
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
     "Where we are: new are the token vectors below, and the loss at the top.")

# %% [markdown]
# ## The idea in one picture
#
# The smallest model there is has a single number $w$. It turns 2 into $2w$, and we want 6. How wrong it is, is measured by the **loss**:
# here the difference, squared. Start at $w = 0$, look at the slope, go a little way down, and look again:

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
             "Where the curve is steep a step is long; near the bottom, steps grow short.")

# %% [markdown]
# This is **gradient descent**, and every model of this course is trained so: *number − rate × slope*, again and again. The **learning
# rate** is 0.05 here. The slope is the derivative, worked out by hand with the chain rule: $2\,(2w - 6) \cdot 2$, which is −24 at
# $w = 0$. What torch adds is that nobody has to work it out.
#
# ## Tensors
#
# A **tensor** is torch's array. Most of what you know from NumPy has the same name; where NumPy says `axis`, torch says `dim`. What
# differs is the type (`dtype`): torch makes 32-bit numbers, with about 7 digits, where NumPy makes 64-bit ones, with about 16.

# %%
array = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
tensor = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(array.sum(axis=-1), array.dtype, "and", tensor.sum(dim=-1), tensor.dtype)
print("from NumPy:", torch.from_numpy(array).dtype, " one number:", tensor[0, 1].item())

# %% [markdown]
# `torch.from_numpy` and `.numpy()` lead there and back; `.item()` makes Python's own number of a tensor that holds only one.
#
# ## The slope, by hand and by torch
#
# Tell torch that you want the slope by a number: `requires_grad=True`. It then notes down every operation that the number goes
# through. `backward()` walks through these notes from the loss back to the number, one chain rule after the other, and leaves the slope
# in `.grad`. The slopes by all numbers of a model together are the **gradient**; finding it this way is called **autograd**.
#
# How can we check it? Take a small step to either side, and divide the difference of the losses by the way between: the **difference
# quotient**. It knows no calculus and works for any function.

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
# distance. At the rate 0.05 the factor is 0.6. At 0.26 it is −1.08: each step goes too far, arrives higher up on the other side, and
# the next one goes farther still.

# %%
figure, panels = canvas(2, height=3.0)
for axes, rate in zip(panels, (0.05, 0.26)):
    descent(axes, loss_at, descend(rate, steps=6), title=f"rate {rate}", good=rate < 0.25)
show(figure, "Six steps at two rates. The small one leads to the bottom, the large one climbs.")

# %% [markdown]
# ## Attention in torch
#
# The four lines of the first half, in torch. Little has changed: `.T` became `transpose`, because there may be a batch in front, and the
# softmax is torch's.

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
# Four times the same numbers: yours, NumPy's, the course's (`selfattention.attention`, which also takes a mask: chapter 04) and
# torch's own. The last line holds the slopes of all outputs by all inputs against difference quotients; `.double()`, 64 bits, gives
# these enough digits.
#
# ## A loss for choices
#
# A model that writes makes choices: which symbol comes next? It gives each one a score, and the softmax turns the scores into
# probabilities $p$. The loss is then the **cross-entropy**, $-\log p$ of the symbol that really came: 0 where the model was certain and
# right, large where it gave the truth little chance. Its unit is the **nat**, because the logarithm is the natural one.
#
# Its slope by the scores is as simple as can be: *what was said minus what was true*, $p - y$.

# %%
scores = torch.tensor([2.0, 0.0, 1.0], requires_grad=True)
F.cross_entropy(scores, torch.tensor(2)).backward()      # symbol 2 is the one that came
p, y = torch.softmax(scores, dim=-1), torch.tensor([0.0, 0.0, 1.0])
assert torch.allclose(scores.grad, p - y)
show(flow(["symbol 0", "symbol 1", "symbol 2"], ("score", scores), ("p", p, "softmax", "weights"),
          ("y", y, "", "masks"), ("slope", scores.grad, "p − y", "outputs")),
     "y is 1 for the symbol that came. Its slope is negative: a step raises its score.")

# %% [markdown]
# ## Symbols become vectors
#
# A symbol is a whole number, but attention needs vectors. An **embedding** is a table with a row for each symbol, and looking up means
# picking rows. The table begins at random and is learned like any other matrix.

# %%
table, symbols = nn.Embedding(SYMBOLS, 4), torch.tensor([3, 1, 3, 6, 0])
show(blocks(("table", table.weight, "symbols width"), "rows\n3, 1, 3, 6, 0",
            ("vectors", table(symbols), "tokens width")),
     "One vector for each token. Symbol 3 stands twice in the text, and so does its row.")

# %% [markdown]
# ## A model, and the loop that trains it
#
# The parts of a model are **modules**: objects that hold learned numbers, its **parameters**. `nn.Embedding` is one, and
# `nn.Linear(4, 7)` another: a matrix that makes 7 numbers of 4, plus an **offset** (*bias*) for each. `nn.Sequential` sends its input
# through several modules in turn; a model of another form is a class of its own (chapter 04).
#
# One learning rate for all parameters is a poor fit, for some slopes are a thousand times larger than others. **Adam** (Kingma and Ba
# 2015) is descent with a step size of its own for each number: it divides a running mean of the number's slopes by the root of a running
# mean of their squares. So a slope of 1000 makes no longer step than a slope of 1; what counts is how steadily it points the same way.
#
# We learn from a **batch** at once, here 64 texts of 16 symbols, and take the mean of their losses. In these texts each symbol moves on by
# 1, 2 or 4 of seven (after 6 comes 0), with the chances 0.6, 0.3 and 0.1. The model is told nothing of that.

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
show(figure, "Left: the loss falls, and then it stays. Right: the chances learned for the next "
             "symbol, in slanting bands: one place on, two places on, and faintly four.")
tally()

# %% [markdown]
# Nobody mentioned the steps 1, 2 and 4 to the model; *scores, loss, slopes, step*, 200 times, found them. But the loss does not go to 0.
# Why it stays where it is, and what it means when a loss is lower than it can be, is a matter of chapter 04.
#
# ## What to take along
#
# - A tensor is an array that can note down what was done to it. `backward()` goes back through the notes and finds all slopes at once.
# - Training is *number − rate × slope*, many times. With too large a rate it climbs.
# - Cross-entropy is $-\log p$ of what really came; its slope by the scores is $p - y$.
# - An embedding picks rows of a learned table; modules hold parameters; Adam gives each of them a step size of its own.
#
# ## Five questions
#
# <details><summary>1. How does torch say <code>x.mean(axis=-2)</code>?</summary>
#
# `x.mean(dim=-2)`. (It understands `axis` as well; its own name is `dim`.)
# </details>
# <details><summary>2. You forget <code>zero_grad()</code>. What happens?</summary>
#
# `backward()` adds each new slope to all the old ones, and the steps follow a sum over the past. Nothing crashes.
# </details>
# <details><summary>3. A model gives the true symbol the probability 1/7. What is its loss?</summary>
#
# $-\log(1/7) = \log 7 = 1.95$ nats: that is blind guessing among seven.
# </details>
# <details><summary>4. The slope by some score is −0.2. Was it the score of the true symbol?</summary>
#
# Yes: $p - y$ is negative only where $y = 1$. The model gave the truth 0.8.
# </details>
# <details><summary>5. Two texts of 5 symbols go into <code>nn.Embedding(7, 4)</code>. Which shape comes out?</summary>
#
# (2, 5, 4): a row of 4 numbers for each symbol.
# </details>
#
# ## Where to read on
#
# Kingma and Ba 2015, algorithm 1: Adam on half a page ([bibliography](bibliography.ipynb)). *Learn the Basics*, the first tutorial of
# PyTorch's own documentation, passes through the same stations with pictures of clothes.
#
# The last of the [exercises](../exercises/03_exercises_scaled_dot_product_attention.ipynb) of this chapter is in torch. Then go on to
# [04 · Masks](04_masks.ipynb).
