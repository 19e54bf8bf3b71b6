# %% [markdown]
# # 04 · Masks
#
# A language model learns to predict the next token. During training it is given the whole text, the next token included. If attention
# may look there, little has to be learned: the answer can be copied. So a **mask** says who may see whom.
#
# A wrong mask rarely crashes. **Can you tell from the training loss that something is wrong?**

# %%
import torch
from torch import nn

from selfattention import masks
from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.data.steps import SYMBOLS, entropy, texts
from selfattention.plots import bars, canvas, course_map, flow, heatmap, lines, links, show
from selfattention.source import show_source

show(course_map(4, here=["mask"]), "Where we are: at the mask, between scores and softmax.")

# %% [markdown]
# ## The idea in one picture
#
# Training asks one question at every token: *given the text up to here, what comes next?* At *cat* the answer is *drinks*. All these
# questions are answered in one pass, and that pass has the whole text in front of it. A line means that a question reads a word:

# %%
words = ["the", "cat", "drinks", "milk"]
questions = [f"{word} → ?" for word in words]
past = masks.causal(4)                                   # who may see whom: see below
figure, (left, right) = canvas(2, height=2.7)
links(left, words, questions, torch.ones(4, 4), wrong=~past, title="no mask", good=False)
links(right, words, questions, past, title="causal mask", good=True)
show(figure, "Without a mask, questions also read later words (dashed), their answers among them.")

# %% [markdown]
# ## Three tokens by hand
#
# In this course a mask is boolean, and **`True` means: may attend.** A **causal** mask lets each token see itself and what comes before
# it.
#
# A hidden key must get the weight 0, and the other keys must share the whole weight of 1. A score of $-\infty$ does both: $e^{-\infty} = 0$,
# in the numerator *and* in the sum. Take *cat* as the query, with the scores 1, 2 and 9. *Drinks* would win by far, but is hidden. So
# the weights are $e^1/(e^1 + e^2) = 0.27$ and $e^2/(e^1 + e^2) = 0.73$:

# %%
scores = torch.tensor([1.0, 2.0, 9.0])
mask = torch.tensor([True, True, False])
masked = scores.masked_fill(~mask, -torch.inf)            # ~ turns True into False
powers = masked.exp()
weights = powers / powers.sum()
assert torch.allclose(weights, torch.softmax(masked, dim=-1))
show(flow(words[:3], ("score", scores), ("mask", mask, "and"), ("score", masked, "hide"),
          ("exp", powers, "exp"), ("weight", weights, "÷ sum")),
     "The row of the query “cat”; in the mask, 1 is True. The hidden score becomes −∞.")

# %% [markdown]
# ## The loop, then one line
#
# For a whole text the mask is a table: a row for each query, a column for each key. The loop spells out what it means. The course's own
# function needs one line for it, after a check of the sizes:

# %%
def causal_loop(tokens):
    mask = torch.zeros(tokens, tokens, dtype=torch.bool)
    for query in range(tokens):
        for key in range(tokens):
            mask[query, key] = key <= query
    return mask


assert torch.equal(masks.causal(5), causal_loop(5))
show_source(masks.causal)

# %% [markdown]
# `tril` keeps the lower triangle. With fewer queries than keys, the queries are the **last** positions, as when a text is continued: the
# newest token sees everything. (Torch's `is_causal` takes them to be the first. Both make sense; it is easy to mix them up.)
#
# ## Padding, and both together
#
# Texts of different lengths are filled up with **padding** to fit into one array. This filling must not be seen either. Which keys are
# filling is the same for all queries of a text, so this mask has the shape (batch, 1, keys). If the two masks are **combined**, a key
# may be seen only where both allow it.

# %%
causal = masks.causal(5)
padding = masks.padding(torch.tensor([3]), keys=5)       # one text: 3 real tokens, 2 filled up
pictures = {"causal": causal, "padding": padding[0].expand(5, 5),
            "both": masks.combine(causal, padding)[0]}
figure, panels = canvas(3, height=2.4)
for axes, (title, mask) in zip(panels, pictures.items()):
    heatmap(axes, mask, title=title, role="masks", numbers=False, largest=1.4)
show(figure, "Three masks over five tokens, the last two of them padding; grey means may attend.")

# %% [markdown]
# ## What padding does when nobody masks it
#
# Does it matter what stands in the padding? Texts of 3 real tokens are padded with random numbers to 6 tokens. Then the padding is
# filled with other random numbers, and we measure how far the outputs of the real tokens move.
#
# **Predict first:** if the padding is **not** masked, by how much do these outputs move, in per cent of their size?

# %%
guess_moved = None  # your guess, in per cent

# %% tags=["claim:padding"]
def moved(mask):
    torch.manual_seed(1)
    q, k, v = torch.randn(3, 200, 6, 16)                 # 200 texts of 6 tokens, 16 numbers wide
    before = attention(q, k, v, mask)[:, :3]
    k[:, 3:], v[:, 3:] = torch.randn(2, 200, 3, 16)      # fill the last three anew
    return 100 * (attention(q, k, v, mask)[:, :3] - before).norm() / before.norm()


real = masks.padding(torch.full((200,), 3), keys=6)
claim("04.padding", guess_moved, without=moved(None), masked=moved(real))

# %% [markdown]
# Half of the keys were filling, so about half of each mean was noise, and the second time it was other noise. Why 100 % and not 50?
# The old noise goes *and* new noise comes. Real part and noise are about equally large, and independent parts add up in squares: old and new
# noise together are about as large as the whole output was. Masked filling has no effect, as
# long as it is finite: zero times NaN is NaN, here and in torch's own function. So fill up with zeros.
#
# ## What can be known, and what cannot
#
# Now to the training loss. To judge one, we must know how good it can get. So we use the texts of chapter 03, whose **source** we know:
# each symbol is 1, 2 or 4 further on than the one before, with the chances 0.6, 0.3 and 0.1. Suppose you know these chances too, and
# predict with them. You still do not know which step comes next, and your loss at each one is the cross-entropy, $-\log(\text{chance})$:

# %%
text = texts(1, 6, torch.Generator().manual_seed(3))[0]
moves = (text[1:] - text[:-1]) % SYMBOLS
chances = torch.tensor([{1: 0.6, 2: 0.3, 4: 0.1}[move] for move in moves.tolist()])
names = [f"step {step}" for step in range(1, 6)]
show(flow(names, ("from", text[:-1]), ("to", text[1:]), ("moved by", moves),
          ("its chance", chances, "", "weights"), ("loss", -chances.log(), "−log", "outputs")),
     "Five steps of a text, and what each costs somebody who knows the source.")

# %% [markdown]
# Averaged over all texts that the source can make, this loss is $0.6 \cdot 0.511 + 0.3 \cdot 1.204 + 0.1 \cdot 2.303 = 0.898$ nats: the
# **entropy** of the source, by the formula of chapter 02. An **honest** model, as we call one that sees only the past, cannot do better on
# average (Shannon 1948). This is why the loss of chapter 03 stopped falling.
#
# ## A small model
#
# A module of your own is a class: `__init__` makes the layers, `forward` says what they do. `super().__init__()` comes first, so that torch
# can list the parameters of each layer made below it. Each token becomes a vector, and its position adds another (chapter 07). Three
# matrices make queries, keys and values from it (chapter 05). What attention returns is added to the vector (a *way past*, elsewhere
# *residual connection*: chapter 08). A last matrix gives each symbol a score, which the loss turns into probabilities by a softmax.
# `attend` is the attention to be tried.

# %%
class Model(nn.Module):
    def __init__(self, attend, width=32):
        super().__init__()
        self.attend = attend
        self.symbols, self.positions = nn.Embedding(SYMBOLS, width), nn.Embedding(16, width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.scores = nn.Linear(width, SYMBOLS)

    def forward(self, text):
        x = self.symbols(text) + self.positions.weight[:text.shape[-1]]
        past = masks.causal(text.shape[-1])
        x = x + self.attend(self.query(x), self.key(x), self.value(x), past)
        return self.scores(x)

# %% [markdown]
# The loss is the mean cross-entropy over all tokens but the last, and the loop is that of chapter 03. Every step draws 64 **fresh** texts,
# unless we give the model a `few` to learn again and again.

# %%
def loss_of(model, text):
    scores, wanted = model(text[:, :-1]), text[:, 1:]
    return nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())


def train(attend, few=None):
    generator = torch.manual_seed(0)                     # of weights and texts
    model, history = Model(attend), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(400):
        loss = loss_of(model, texts(64, 16, generator) if few is None else few)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return model, history

# %% [markdown]
# ## Break it on purpose, four times
#
# If anything of the future gets through, that is a **leak**. Beside the right mask we try four bugs that are easily written:
#
# - **no mask:** it was forgotten, or not passed on.
# - **one too far:** `tril(1)`, so that every token also sees the next one.
# - **zero scores:** hidden scores are multiplied by the mask. They become 0, not $-\infty$.
# - **masked late:** the mask comes after the softmax. Hidden weights do become 0.
#
# We measure each model in two ways, both on fresh texts. For its **training loss**, `loss_of`, it is given whole texts, as in training. For
# its **true loss** it is given the beginning of a text and nothing else, as when it really has to write, and predicts the next token. Then
# there is no future to be seen. `@torch.no_grad()` above a function says that torch need not note down its operations (chapter 03): a
# measurement needs no gradient.

# %%
def scaled(q, k):
    return q @ k.transpose(-2, -1) / k.shape[-1] ** 0.5


ATTEND = {
    "right": attention,
    "no mask": lambda q, k, v, mask: attention(q, k, v),
    "one too far": lambda q, k, v, mask: attention(q, k, v, torch.ones_like(mask).tril(1)),
    "zero scores": lambda q, k, v, mask: torch.softmax(scaled(q, k) * mask, dim=-1) @ v,
    "masked late": lambda q, k, v, mask: torch.softmax(scaled(q, k), dim=-1) * mask @ v,
}


@torch.no_grad()
def true_loss(model, text):
    last = [model(text[:, :tokens])[:, -1] for tokens in range(1, 16)]
    return nn.functional.cross_entropy(torch.cat(last), text[:, 1:].T.flatten()).item()

# %% [markdown]
# **Predict first:** the entropy is 0.898 nats, a blind guess costs $\log 7 = 1.946$. What training loss does the model *without a mask* reach?

# %%
guess_loss = None  # your guess, in nats

# %% tags=["claim:four-bugs"]
trained = {name: train(attend) for name, attend in ATTEND.items()}
fresh = texts(2000, 16, torch.Generator().manual_seed(1))
training = {name: loss_of(model, fresh).item() for name, (model, _) in trained.items()}
true = {name: true_loss(model, fresh) for name, (model, _) in trained.items()}
wrong = [name for name in ATTEND if name != "right"]
claim("04.four-bugs", guess_loss, bugs=len(wrong), seen=max(training[name] for name in wrong),
      unmasked=training["no mask"], true=min(true[name] for name in wrong))

# %% [markdown]
# Without a mask the answer is one of the keys, and copying it is the shortest way to a small loss. But when the model writes, the answer is
# not there yet, and copying is of no use.
#
# What is left is the loss at the last of the 15 questions, whose answer is not among the keys: averaged over all 15, $0.898 / 15 = 0.06$ nats.

# %%
figure, (left, right) = canvas(2, height=2.9)
for axes, losses, title in ((left, training, "training loss"), (right, true, "true loss")):
    bars(axes, losses, role="tokens", title=title, most=3.0, limit=entropy, limit_name="entropy")
show(figure, "Each bug looks better in training and is worse in use. Losses in nats.")
figure, axes = canvas(height=3.3)
curves = {name: history[::20] for name, (_, history) in trained.items()}
lines(axes, range(0, 400, 20), curves, xlabel="training step", ylabel="training loss (nats)",
      limit=entropy, limit_name="entropy")
show(figure, "The right model stays at the entropy; the others fall through this floor.")

# %% [markdown]
# None of them crashed, and every one of them *looks better than the right model*. But on texts that it has never seen, no honest model can
# beat the entropy, except by a little luck. **If the loss on fresh texts is clearly below the entropy of the source, there is a leak.**
#
# The last bug may surprise most: its hidden values are multiplied by 0, so nothing of them is mixed in. But the softmax had already divided
# by a sum over **all** keys. How far the visible weights fall short of 1 tells the model something of the future.
#
# And the right model? It should come close to the entropy, and be just as good when the future is really absent:

# %% tags=["claim:the-right-mask"]
claim("04.the-right-mask", gap=abs(training["right"] - entropy),
      difference=true["right"] - training["right"])

# %% [markdown]
# ## Under the entropy without a leak
#
# *On fresh texts*, we said. Now take the right mask, and train the model 400 times on the same eight texts. What loss does it reach on
# these eight, and what on others?

# %% tags=["claim:memorised-texts"]
eight = texts(8, 16, torch.Generator().manual_seed(2))
by_heart, _ = train(ATTEND["right"], few=eight)
seen, on_fresh = true_loss(by_heart, eight), true_loss(by_heart, fresh)
claim("04.memorised-texts", seen=seen, fresh=on_fresh)

# %% [markdown]
# In these eight texts hardly anything is left to chance: after a few tokens it is clear which of them this is. The entropy bounds what can
# be *predicted*, not what can be *remembered*. On fresh texts this model is worse than a blind guess, because it is sure of what it
# remembers. So before you search for a leak, measure on texts that the model has not seen.
#
# ## A query that may attend to nothing
#
# In a text of length 0, or where filling stands *in front* of a text and a causal mask hides what comes after, all scores of a row are $-\infty$, and its softmax
# is 0/0, which is NaN. One NaN makes the whole loss NaN. It is tempting to add $-\infty$ where a key is hidden, and to replace NaN in the
# result by 0. Query 1 below may see nothing. We look at the gradient of the scores:

# %% tags=["claim:nan-gradient"]
mask = torch.tensor([[True, True, False], [False, False, False]])
scores = torch.zeros(2, 3, requires_grad=True)
added = torch.zeros(2, 3).masked_fill(~mask, -torch.inf)
weights = {"patched": torch.softmax(scores + added, dim=-1).nan_to_num(0.0),
           "course": attention_weights(scores, torch.eye(3), mask)}
rows = {}
for name, each in weights.items():
    (slopes,) = torch.autograd.grad(each[:, 0].sum(), scores)  # of any loss; here the first weights
    rows[name] = slopes.isnan().any(dim=-1).sum()
claim("04.nan-gradient", **rows)

# %%
tally()

# %% [markdown]
# The patch mends the result only. The way back to the scores leads through the softmax, which still holds NaN, and zero times NaN is NaN. The
# course's function sets nothing to $-\infty$ in an empty row, so its softmax is finite, and makes its weights 0 afterwards.
#
# ## What to take along
#
# - `True` means may attend. Hidden scores become $-\infty$ **before** the softmax, so that the visible weights share everything.
# - Causal masks hide the future, padding masks hide filling, and both must allow a key.
# - A leak makes the training loss better. Know the entropy of your data, or test: change a token, and no output before it may change.
# - A loss clearly below the entropy on fresh texts is a leak; only on texts that were trained on, it may be memory.
# - A query that may attend to nothing needs care, in the result and in the gradient.
#
# ## Five questions
#
# <details><summary>1. A text has 5 tokens. How many of the 25 links does a causal mask allow?</summary>
#
# 15: one for the first query, two for the second, and so on to five.
# </details>
# <details><summary>2. A causal mask (5, 5) and a padding mask (2, 1, 5) are combined. What is the shape of the result?</summary>
#
# (2, 5, 5): for each of the two texts a causal mask, with the columns of its own filling hidden.
# </details>
# <details><summary>3. A hidden score is set to 0 instead of −∞. What weight can its key get?</summary>
#
# Any between 0 and 1: 0 is a score like others. If all visible scores are negative, the hidden key gets the largest weight.
# </details>
# <details><summary>4. A language model's loss falls and falls on the texts it is trained on. Is that a leak?</summary>
#
# Perhaps; or it is memory. Measure the loss on fresh texts, and then change the last token of one: no prediction before it may change.
# </details>
# <details><summary>5. A model of real language has a small training loss. Why does that alone not tell whether its mask is right?</summary>
#
# Nobody knows the entropy of real language exactly, so a small loss may be skill or a leak. The test of changing a token needs no entropy.
# </details>
#
# ## Where to read on
#
# Shannon, *Prediction and Entropy of Printed English*, 1951: how well anybody can predict the next letter. The page of
# `torch.nn.functional.scaled_dot_product_attention` in PyTorch's documentation: what its masks mean ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/04_exercises_masks.ipynb); the last of them is a probe that looks for such leaks in any model. Then go
# on to [05 · Self-attention](05_self_attention.ipynb).
