# %% [markdown]
# # 11 · Side by side
#
# The [first part](11_recurrence_convolution_attention.ipynb) built three ways to bring information from token to token: a state, a window, attention. **Put into the same model, with the same number of parameters: what does each one cost, and what can it remember?**

# %%
import torch

from selfattention.claims import claim, tally
from selfattention.data import order, recall
from selfattention.data.asked import Stream, accuracy, loss
from selfattention.masks import dependence, path_length
from selfattention.models.sequence import (
    MIXINGS, SequenceModel, Sizes, dependent_products, equally_large, parameter_count)
from selfattention.plots import bars, canvas, course_map, heatmap, lines, show, token_rows
from selfattention.recurrence import GRU, Recurrent
from selfattention.training import Recipe, fit, muon

show(course_map(11, here=["masked self-attention"], machine="decoder"),
     "Where we are: three rivals stand in this box, and all else in the model stays the same.")

# %% [markdown]
# ## The idea in one picture
#
# Here is the task on which we compare them. It is called **associative recall**. First come keys (letters), each followed by its value (a number). Then comes filler. Then the keys are asked again, in another order. At each of them the model shall answer with the value that stood beside it.

# %%
example = recall.texts(1, torch.Generator().manual_seed(4), pairs=2, fillers=2)
text = recall.names(example.texts[0])
blank = ["–"] * (len(text) - 2)
show(token_rows({"reads": text, "answers": [*blank, *recall.names(example.answers[0])]},
                faint=["–"]),
     "Two pairs, two fillers, two questions. Only the answers at the questions count.")

# %% [markdown]
# Keys and values are drawn anew for each text, so nothing can be learned by heart: the model must *look it up*. A bag of the tokens is of no use, and no rule of grammar helps. There are 16 keys and 16 values; guessing is right in 1 of 16 cases, 0.06.
#
# ## How many steps follow each other
#
# Before we train: what does it cost? The first cost is time on a parallel machine. It is decided not by how much there is to compute, but by how long the longest *chain* is in which each product of matrices needs the one before.
#
# We measure two things, on layers with random weights and with three taps and as many dilations (1, 2, 4, …) as the length needs:
#
# - the **path**: after how many rounds of work the last token depends on the first (`path_length` watches the gradient);
# - the **chain**: the most matrix products that must follow each other (`dependent_products` follows torch's own graph of what was computed).

# %% tags=["claim:steps-and-paths"]
def steps(kind, tokens):
    dilations = tuple(2**layer for layer in range((tokens + 1).bit_length() - 2))
    layer = MIXINGS[kind](Sizes(vocab=1, width=8, dilations=dilations))
    x = torch.randn(1, tokens, 8)
    return path_length(layer.rounds, x), dependent_products(layer(x))


torch.manual_seed(0)
lengths = [7, 15, 31, 63, 127]
measured = {kind: [steps(kind, tokens) for tokens in lengths]
            for kind in ("gru", "convolution", "attention")}
last = {kind: row[-1] for kind, row in measured.items()}
claim("11.steps-and-paths", **{"recurrent": last["gru"][0], "recurrent_products": last["gru"][1]},
      **{kind: last[kind][0] for kind in ("convolution", "attention")},
      **{f"{kind}_products": last[kind][1] for kind in ("convolution", "attention")})

# %%
figure, (left, right) = canvas(2, height=3.2)
panels = ((left, 0, "path: rounds of work"), (right, 1, "chain: products"))
for axes, number, title in panels:
    lines(axes, lengths, {kind: [row[number] for row in rows] for kind, rows in measured.items()},
          xlabel="tokens", ylabel="", title=title, log_x=True, log_y=True)
show(figure, "Steps that must follow each other, by the length of the text, as measured. A GRU "
             "needs one for each token; convolutions the logarithm; attention is level.")

# %% [markdown]
# (A gated convolution has two products in each layer; attention makes queries, keys and values at the same time, then scores, then mixes, then projects.) This is table 1 of Vaswani et al. (2017), measured: *sequential operations* and *maximum path length*.
#
# It holds for training, where all tokens are known. When a model *writes*, the next token must be chosen before the one after it, and all three go step by step.
#
# ## How much there is to compute
#
# The second cost is work. We count additions and multiplications in products of matrices (FLOP); a product of $(a \times b)$ with $(b \times c)$ costs $2abc$. For $n$ tokens of width $d$:
#
# | | products | FLOP |
# |---|---|---|
# | Elman, GRU, LSTM | $W x_t$ and $U h_{t-1}$, for each of 1, 3 or 4 parts | $4nd^2$, $12nd^2$, $16nd^2$ |
# | attention | four projections; scores; mixing | $8nd^2 + 4n^2d$ |
#
# (All scores are computed, also those that a causal mask hides.) Some texts say that attention "reduces complexity". Does it?
#
# **Predict first:** with a width of 64, from which length on does attention cost more than an LSTM?

# %%
guess_tokens = None  # your guess, a number of tokens

# %% tags=["claim:where-attention-is-dearer"]
names = {"Elman": "rnn", "GRU": "gru", "LSTM": "lstm", "attention": "attention"}
layers = {name: MIXINGS[kind](Sizes(vocab=1)) for name, kind in names.items()}


def dearer_than(name):
    tokens = 1
    while layers["attention"].flops(tokens) <= layers[name].flops(tokens):
        tokens += 1
    return tokens


times = layers["attention"].flops(4096) / layers["LSTM"].flops(4096)
claim("11.where-attention-is-dearer", guess_tokens, lstm=dearer_than("LSTM"),
      gru=dearer_than("GRU"), times=times)

# %%
lengths = [2**power for power in range(4, 13)]
figure, axes = canvas(height=3.4)
lines(axes, lengths, {name: [layer.flops(tokens) / tokens / 1e6 for tokens in lengths]
                      for name, layer in layers.items()},
      xlabel="tokens in the text", ylabel="million FLOP per token", log_x=True, log_y=True)
show(figure, "Work for each token, by the length of the text, at width 64. In recurrence a token "
             "costs the same wherever it stands. In attention it costs more in a longer text.")

# %% [markdown]
# Set both costs equal: $8nd^2 + 4n^2d = 16nd^2$ gives $n = 2d$. Attention is the cheaper one in short texts of wide vectors, such as sentences, and the dearer one in long texts, without limit. So attention does not reduce complexity. It buys short paths and no waiting, and pays with work that grows with the square of the length. (Chapter 14 is about paying less.)
#
# ## What can each one remember?
#
# Now the task above, with **4 pairs and 16 fillers**. The model is the same each time: embedding, two layers, each with mixing and a feed-forward layer in pre-norm, and scores over the vocabulary. Only the mixing is exchanged. The width is chosen so that all have nearly the same number of parameters.

# %%
sizes = Sizes(vocab=recall.VOCAB)
parameters = parameter_count(SequenceModel("attention", sizes))
rivals = {kind: equally_large(kind, sizes, parameters) for kind in ("gru", "convolution")}
KINDS = {"attention": sizes, **rivals}
for kind, one in KINDS.items():
    print(f"{kind}: width {one.width}, {parameter_count(SequenceModel(kind, one)):,} parameters")

# %% [markdown]
# Attention has rotary positions (chapter 07). The convolutions have three taps and dilations of 1, 2, 4, 8 and 16 in each layer: they span the whole text. All are trained with **Muon** for the matrices inside, an optimizer that makes each step of a matrix equally large in all directions (Jordan et al. 2024), and with Adam for all else.
#
# **Predict first:** each is trained for 150 steps on 64 new texts a step. By then attention recalls nearly all values. What share does the GRU recall?

# %%
guess_gru = None  # your guess, between 0.06 (guessing) and 1

# %% tags=["claim:recall"]
def trained(kind, sizes, make, seed=0):
    torch.manual_seed(seed)
    model, test = SequenceModel(kind, sizes), make(512, torch.Generator().manual_seed(10**9))
    course = fit(model, Stream(make, 64, seed), Recipe(steps=150, rate=2e-3, warmup=20),
                 loss=loss, make=muon, every=15,
                 watch=lambda model: accuracy(model, test))
    return course.watched


def four_pairs(count, generator):
    return recall.texts(count, generator, pairs=4, fillers=16)


curves = {kind: trained(kind, one, four_pairs) for kind, one in KINDS.items()}
claim("11.recall", guess_gru, **{kind: watched[-1] for kind, watched in curves.items()})

# %%
figure, axes = canvas(height=3.4)
lines(axes, range(15, 151, 15), curves, xlabel="training step", ylabel="values recalled",
      limit=recall.CHANCE, limit_name="guessing")
show(figure, "Values recalled in new texts, while the three models are trained. Attention finds "
             "out how to look something up; its rivals rise slowly.")

# %% [markdown]
# Attention does what the task asks for: a query that matches a key (chapter 01). The GRU must write all four pairs into its state before it knows which one will be asked, and carry them past the filler. Four pairs are 32 bits, and its state has room for them; it is *learning* to write, hold and read them that takes long. Rivals with more training come farther. The course's benchmark (`python benchmarks/recall.py`) trains all five kinds at growing distances, for longer.
#
# One more thing the curve of attention shows: it stands still for a while, then rises quickly. What is learned at such a moment is a question for chapter 16.
#
# ## Where the order of words decides
#
# Recall is a task for attention. Here is one that suits all three: a text of eleven words holds a dog and a man, and the question is which of them came first. Texts come in twos: the same words, but dog and man have changed places, and so has the answer.
#
# A **bag of words** knows how often each word stands in a text, and nothing of their order. The best use that anybody could make of it: give each bag its more frequent answer.

# %%
test = order.texts(512, torch.Generator().manual_seed(10**9))
for text, answer in zip(test.texts[:2], test.answers[:2]):
    print(order.sentence(text), "→", order.sentence(answer))
bags, which = order.bags(test.texts).unique(dim=0, return_inverse=True)
counts = torch.zeros(len(bags), order.VOCAB)
counts.index_put_((which, test.answers[:, 0]), torch.ones(len(test.texts)), accumulate=True)
best_bag = (counts.max(dim=1).values.sum() / counts.sum()).item()

# %% tags=["claim:a-bag-is-a-coin"]
small = Sizes(vocab=order.VOCAB, width=32, dilations=(1, 2, 4))
right = {kind: trained(kind, small, order.texts)[-1] for kind in KINDS}
claim("11.a-bag-is-a-coin", bag=best_bag, **right)

# %%
figure, axes = canvas(height=2.2)
bars(axes, {"best use of a bag": best_bag, **right}, role="tokens", limit=0.5,
     limit_name="a coin", title="right answers")
show(figure, "Which came first, the dog or the man? A bag of words knows nothing of it.")

# %% [markdown]
# Two small layers are enough, of whichever kind. Each bag occurs with both answers, so no classifier on bags, however large, gets more than half. Not every text classification is like that: often the words alone tell most of it. So before you praise a model for what it reads, ask what a bag of words gets.
#
# ## Break it on purpose: whose state is it?
#
# A recurrent layer gives back its last state, and takes one to begin with. Two texts of five tokens come one after the other. Read the second with the state that the first has left, as happens when nobody sets it back, and ask chapter 04's `dependence` what depends on what:

# %% tags=["claim:a-state-that-is-left-over"]
layer = Recurrent(GRU, 4, 4).double()


def left_over(x):
    first, state = layer(x[None, :5])
    return torch.cat([first, layer(x[None, 5:], state)[0]], dim=1)[0]


def set_back(x):
    return torch.cat([layer(x[None, :5])[0], layer(x[None, 5:])[0]], dim=1)[0]


x = torch.randn(10, 4, dtype=torch.float64)
tables = [dependence(one, x) for one in (left_over, set_back)]
links = [int(table[5:, :5].sum()) for table in tables]
claim("11.a-state-that-is-left-over", left_over=links[0], set_back=links[1])

# %%
figure, panels = canvas(2, height=2.9)
foreign = torch.zeros(10, 10, dtype=torch.bool)
foreign[5:, :5] = True
for axes, table, good in zip(panels, tables, (False, True)):
    heatmap(axes, table.double(), title="state set back" if good else "state left over",
            wrong=table & foreign, good=good, row_axis="output", column_axis="token", role="masks",
            numbers=False, largest=2)
show(figure, "Two texts of five tokens. With the state left over, each output of the second "
             "depends on all tokens of the first (crossed out).")
tally()

# %% [markdown]
# Nothing else tells of it: shapes are right, training goes on, and the loss looks much as before. Within one long text, handing the state on is right, and is how such texts are read in pieces. Chapter 15 does the same with attention.
#
# ## What to take along
#
# - In training, recurrence waits for each token; dilated convolutions wait for the logarithm of the length; attention does not wait.
# - Work is another matter. Attention grows with $n^2$ and is dearer than an LSTM of the same width from $n = 2d$ on.
# - To look something up by its key, attention is made. Rivals of the same size were far behind after the same number of steps.
# - Where order alone tells, a bag of words is a coin, and all three ways of reading in order do it.
# - A state belongs to one text. Set it back.
#
# ## Five questions
#
# <details><summary>1. A text of 512 tokens, width 1,024. Which layer computes more, attention or an LSTM?</summary>
#
# The LSTM: 512 is less than $2 \cdot 1024$.
# </details>
# <details><summary>2. Three taps, dilations 1, 2, 4, 8 in each layer, and two layers. How many rounds until a token 50 places back is seen?</summary>
#
# One layer reaches back 2 · 15 = 30 tokens in four rounds. In the second layer the dilations begin with 1 again: 2, 6 and 14 more after three rounds make 44, and only the fourth reaches 60. Eight rounds.
# </details>
# <details><summary>3. A model with attention writes a text. Can it compute all of its tokens at once?</summary>
#
# No. Each new token needs the one before it as input, whatever mixes them. In training all tokens are known.
# </details>
# <details><summary>4. The GRU recalled few values. Does that show that its state is too small?</summary>
#
# No. It shows what it had learned after so many steps. To speak of the state, train until nothing changes, and vary its size.
# </details>
# <details><summary>5. A classifier of reviews gets 0.90. A bag of words gets 0.88. What do you know of how it reads?</summary>
#
# Little. Most of it can be had without order. Look at the texts in which the order decides.
# </details>
#
# ## Where to read on
#
# Vaswani et al. 2017, §4 and table 1, for paths and steps; Bai et al. 2018, who found convolutions ahead of recurrence on many tasks; Arora et al. 2024, who trace most of the gap between attention and its rivals in language models to recall ([bibliography](bibliography.ipynb), [glossary](glossary.ipynb)).
#
# Now do the [exercises](../exercises/11_exercises_recurrence_convolution_attention.ipynb). Then go on to [12 · BERT](12_bert.ipynb), which keeps attention alone, and lets it look both ways.
