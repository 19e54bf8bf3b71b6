# %% [markdown]
# # 11 · Side by side
#
# The [first part](11_recurrence_convolution_attention.ipynb) built three ways to bring information from token to token: a state, a window, attention. **Put into the same model: what does each one cost, and, with as many parameters, what can it remember?**

# %%
from functools import partial

import torch

from selfattention.claims import claim, tally
from selfattention.convolution import receptive_field
from selfattention.data import order, recall
from selfattention.data.asked import Stream, accuracy, loss
from selfattention.masks import dependence, path_length
from selfattention.models.sequence import (
    MIXINGS, SequenceModel, Sizes, dependent_products, equally_large, parameter_count, seconds)
from selfattention.plots import canvas, course_map, heatmap, lines, show, token_rows
from selfattention.recurrence import GRU, Recurrent
from selfattention.training import Recipe, fit, muon

show(course_map(11, here=["masked self-attention"], machine="decoder"),
     "Where we are: three rivals stand in this box, and all else in the model stays the same.")

# %% [markdown]
# ## The idea in one picture
#
# Here is the task on which we compare them. It is called **associative recall**. First come keys (letters), each followed by its value (a number). Then comes filler. Then the keys are asked again, in another order. At each of them the model should answer with the value that stood beside it.

# %%
example = recall.texts(1, torch.Generator().manual_seed(4), pairs=2, fillers=2)
text = recall.names(example.texts[0])
blank = ["–"] * (len(text) - 2)
looks = [(place, text.index(text[place]) + 1) for place in (6, 7)]
show(token_rows({"reads": text, "answers": [*blank, *recall.names(example.answers[0])]},
                faint=["–"], looks=looks),
     "Two pairs, two fillers, two questions. C asks for the 13 that stood behind the first C, N "
     "for the 6 behind the first N. Only the answers at the questions count.")

# %% [markdown]
# Keys and values are drawn anew for each text, so nothing can be learned by heart: the model must *look it up*. There are 16 keys and 16 values; blind guessing is right in 1 of 16 cases, 0.06. But one can do better without any look-up: a **bag** of the tokens, without their order, tells *which* values there are, only not which belongs to which key.
#
# ## How many steps follow each other
#
# Before we train: what does it cost? The first cost is time on a parallel machine. With processors enough, it is decided not by how much there is to compute, but by how long the longest *chain* is in which each product of matrices needs the one before.
#
# We measure two things, on layers with random weights (the convolutions have three taps, and as many dilations, 1, 2, 4, …, as the length needs):
#
# - the **path**: after how many rounds the last token depends on the first (`path_length` watches the gradient). A *round* is what all tokens can do at the same time: in recurrence each takes one step from its left neighbour's state; in a stack of windows one convolution; in attention one look;
# - the **chain**: the most matrix products that must follow each other (`dependent_products` follows torch's own graph of what was computed).

# %% tags=["claim:steps-and-paths"]
def steps(kind, tokens):
    dilations = [1]
    while receptive_field(3, dilations) < tokens:
        dilations.append(2 * dilations[-1])
    layer = MIXINGS[kind](Sizes(vocab=1, width=8, dilations=tuple(dilations)))
    x = torch.randn(1, tokens, 8)
    return path_length(layer.rounds, x), dependent_products(layer(x))


torch.manual_seed(0)
lengths, NAMES = [7, 15, 31, 63, 127], ("attention", "GRU", "convolution")
measured = [[steps(name.lower(), tokens) for tokens in lengths] for name in NAMES]
(look, products), (gru, gru_products), (windows, window_products) = (rows[-1] for rows in measured)
claim("11.steps-and-paths", recurrent=gru, convolution=windows, attention=look,
      recurrent_products=gru_products, convolution_products=window_products,
      attention_products=products)

# %%
figure, panels = canvas(2, height=3.2)
for number, title in enumerate(("path: rounds", "chain: products")):
    curves = {name: [row[number] for row in rows] for name, rows in zip(NAMES, measured)}
    lines(panels[number], lengths, curves, xlabel="tokens", ylabel="", title=title, log_x=True,
          log_y=True)
    panels[number].set_yticks([1, 4, 12, 127], [1, 4, 12, 127])
show(figure, "Steps that must follow each other, by the length of the text, as measured. A GRU "
             "needs one for each token; convolutions the logarithm; attention is level.")

# %% [markdown]
# (Attention makes queries, keys and values at the same time, then scores, mixes, projects: four products. Our convolutions are *gated*, van den Oord et al. 2016, eq. 2: a window makes a content (tanh) and a gate (sigmoid), and a second product mixes what comes through.) This is table 1 of Vaswani et al. (2017), measured: *sequential operations* and *maximum path length*. For the former they count a single convolution, $O(1)$; we count the stack that spans the text.
#
# It holds for training, where all tokens are known. When a model *writes*, the next token must be chosen before the one after it, and all three go step by step.
#
# ## How much there is to compute
#
# The second cost is work. We count additions and multiplications in products of matrices (FLOP); a product of $(a \times b)$ with $(b \times c)$ costs $2abc$. For $n$ tokens of width $d$ (no dilation any more):
#
# | | products | FLOP |
# |---|---|---|
# | Elman, GRU, LSTM | $W x_t$ and $U h_{t-1}$, for each of 1, 3 or 4 parts | $4nd^2$, $12nd^2$, $16nd^2$ |
# | five gated convolutions with three taps | window to content and gate; mixing | $5 \cdot 14nd^2$ |
# | attention | four projections; scores; mixing | $8nd^2 + 4n^2d$ |
#
# (In our layer all scores are computed, also those that a causal mask hides. Five convolutions with dilations 1 to 16 span 63 tokens; a longer text needs more.) Some texts say that attention "reduces complexity". Does it?
#
# **Predict first:** with a width of 64, from which length on does attention cost more than an LSTM?

# %%
guess_tokens = None  # your guess, a number of tokens

# %% tags=["claim:where-attention-is-dearer"]
layers = {name: MIXINGS[name.lower()](Sizes(vocab=1)) for name in (*NAMES, "LSTM")}


def dearer_than(name):
    tokens = 1
    while layers["attention"].flops(tokens) <= layers[name].flops(tokens):
        tokens += 1
    return tokens


times = layers["attention"].flops(4096) / layers["LSTM"].flops(4096)
claim("11.where-attention-is-dearer", guess_tokens, lstm=dearer_than("LSTM"),
      gru=dearer_than("GRU"), convolution=dearer_than("convolution"), times=times)

# %% [markdown]
# Set both costs equal: $8nd^2 + 4n^2d = 16nd^2$ gives $n = 2d$. (For a GRU it is $d$, as in Vaswani et al.'s comparison of $n^2 d$ with $n d^2$. Elman's network is cheaper at every length.) Attention is the cheaper one in short texts of wide vectors, such as sentences, and the dearer one in long texts, without limit. So attention reduces the work in short texts only; how the work grows, with the square of the length, it makes worse. What it buys are short paths and no waiting. (Chapter 14 is about paying less.)
#
# And by the clock? Work is not time. Our LSTM is a loop in Python: it calls torch a dozen times for each token, and on products as small as these the calls cost more than the numbers. torch's own `nn.LSTM` takes the same steps in compiled code. Let all read eight texts, forward and backward, and divide attention's seconds by those of each LSTM. (All were taken on the same processor, so the ratio says something even where the seconds do not.)

# %% tags=["claim:time-crosses-later"]
lengths, attention, lstm = [64, 128, 256, 512, 1024, 2048], layers["attention"], layers["LSTM"]
compiled = torch.nn.LSTM(64, 64, batch_first=True)
texts = [torch.randn(8, tokens, 64) for tokens in lengths]
work = [attention.flops(tokens) / lstm.flops(tokens) for tokens in lengths]
taken = [seconds(attention, x) for x in texts]
looped = [spent / seconds(lstm, x) for spent, x in zip(taken, texts)]
torchs = [spent / seconds(lambda x: compiled(x)[0], x) for spent, x in zip(taken, texts)]
crossing = min((n for n, ratio in zip(lengths, looped) if ratio > 1), default=4096)
claim("11.time-crosses-later", work=work[2], time=looped[2], crossing=crossing,
      compiled=torchs[-1])

# %%
figure, axes = canvas(height=3.2)
curves = {"work (FLOP)": work, "time, our LSTM": looped, "time, torch's LSTM": torchs}
lines(axes, lengths, curves, xlabel="tokens", ylabel="attention ÷ LSTM", log_x=True, log_y=True,
      limit=1, limit_name="as much as an LSTM")
show(figure, "Attention's work and time as shares of an LSTM's, at width 64. Where a curve crosses "
             "the line, attention becomes the dearer one: late beside a loop in Python, early "
             "beside compiled steps, if not from the start.")

# %% [markdown]
# The two LSTMs compute the same function (first part), and the clock judges them apart. On a machine with thousands of processors, where each step is short and all that is independent is done at once, it is the waiting that counts. So never compare ways to mix by the clock without saying of which program and which machine.
#
# ## What can each one remember?
#
# Now the task above, with **4 pairs and 16 fillers**. The model is the same each time: embedding, two layers, each with mixing and a feed-forward layer in pre-norm, and scores over the vocabulary. Only the mixing is exchanged; in a layer of convolutions it is five gated ones, one after another, each added to what it got. The width is chosen so that all have nearly the same number of parameters.

# %%
four_pairs, sizes = partial(recall.texts, pairs=4, fillers=16), Sizes(vocab=recall.VOCAB)
parameters = parameter_count(SequenceModel("attention", sizes))
rivals = {name: equally_large(name.lower(), sizes, parameters) for name in NAMES}
for name, one in rivals.items():
    count = parameter_count(SequenceModel(name.lower(), one))
    print(f"{name}: width {one.width}, {count:,} parameters")
# The best use of a bag: at each question, the value that occurs most often in the text.
bag = recall.best_bag(four_pairs(512, torch.Generator().manual_seed(10**9)))

# %% [markdown]
# Attention has rotary positions (chapter 07). The convolutions have dilations 1, 2, 4, 8 and 16 in each layer, and span the whole text. So many of them leave a width of 34; whether width or window is to blame for what follows, this comparison does not say.
#
# All are trained with **Muon** for the matrices inside, an optimizer that makes each step of a matrix equally large in all directions (Jordan et al. 2024), and Adam for all else. (With Adam alone, attention was still at 0.33 after as many steps: `python benchmarks/recall.py --adam --kinds attention --fillers 16 --steps 150 --seeds 1`, in the repository.) The learning rate rises for 20 steps, then falls in a line to zero at the end.
#
# The first part names a reason why this may be hard for a GRU: about 20 tokens lie between value and question, and over so many a fresh one's gradient falls by about four powers of ten. So we train a second GRU whose update gates start open (3 is added to their biases).
#
# **Predict first:** each is trained for 150 steps on 64 new texts a step. By then attention recalls nearly all values. What share does the usual GRU recall?

# %%
guess_gru = None  # your guess, between 0 and 1

# %% tags=["claim:recall"]
def trained(kind, sizes, texts, steps=150, opened=0.0):
    torch.manual_seed(0)
    model, test = SequenceModel(kind, sizes), texts(256, torch.Generator().manual_seed(10**9))
    for layer in model.layers if opened else ():
        layer.mixing.recurrent.open_gate(opened)
    return fit(model, Stream(texts, 64), Recipe(steps, rate=2e-3, warmup=20), loss=loss, make=muon,
               every=steps // 10, watch=lambda model: accuracy(model, test)).watched


curves = {name: trained(name.lower(), one, four_pairs) for name, one in rivals.items()}
curves["GRU, gate open"] = trained("gru", rivals["GRU"], four_pairs, opened=3.0)
attention, gru, convolution, opened = (shares[-1] for shares in curves.values())
claim("11.recall", guess_gru, attention=attention, gru=gru, convolution=convolution,
      opened=opened, bag=bag)

# %%
figure, axes = canvas(height=3.6)
lines(axes, range(15, 151, 15), curves, xlabel="training step", ylabel="values recalled",
      limit=bag, limit_name="best use of a bag")
show(figure, "Values recalled in new texts, while the models are trained. Only attention gets "
             "beyond a bag. (All flatten at the end, because the rate goes to zero there.)")

# %% [markdown]
# Attention does what the task asks for: a query that matches a key (chapter 01). (In two steps: one layer lets each value know the key before it, the next looks it up. Chapter 16 finds such pairs of heads.) It first learns *which* values there are, as a bag would, halts there, and then learns to look up. (The rivals' first points lie below blind guessing: the scores go over all 36 tokens, and no model knows yet that only values are asked for.)
#
# No rival has passed the bag. With its gates open, the GRU comes to that line in less than half of the steps, and stays there, as if it carried the values past the filler, but not which key each belongs to. So the fading gradient was *one* reason, and not the only one. Nor is the state shown to be too small: four pairs are 32 bits, and it has 60 numbers.
#
# All this is after 150 steps. After 400, with three seeds each, GRU and convolutions stand at the bag's line, 0.33 to 0.34, and no rival is above 0.35, even with no filler at all (`python benchmarks/recall.py --steps 400 --seeds 3`, about an hour; figures in benchmarks/README.md).
#
# ## Where the order of words decides
#
# Recall is a task for attention. Here is one that suits all three: a text of eleven words holds a dog and a man, all other words are drawn at random, and the question is which of the two came first. Texts come in twos: the same words, but dog and man have changed places, and so has the answer.
#
# A **bag of words** knows how often each word stands in a text, and nothing of their order. Its best use is to give each bag its more frequent answer.

# %%
test = order.texts(512, torch.Generator().manual_seed(10**9))
for text, answer in zip(test.texts[:2], test.answers[:2]):
    print(order.sentence(text), "→", order.sentence(answer))
best_bag = order.best_bag(test)

# %% tags=["claim:a-bag-is-a-coin"]
small = Sizes(vocab=order.VOCAB, width=32, dilations=(1, 2, 4))
curves = {name: trained(name.lower(), small, order.texts, steps=120) for name in NAMES}
attention, gru, convolution = (shares[-1] for shares in curves.values())
claim("11.a-bag-is-a-coin", bag=best_bag, attention=attention, gru=gru, convolution=convolution)

# %%
figure, axes = canvas(height=3)
lines(axes, range(12, 121, 12), curves, xlabel="training step", ylabel="right answers",
      limit=best_bag, limit_name="best use of a bag")
show(figure, "Which came first, the dog or the man? All three kinds of model learn it. A bag of "
             "words knows nothing of it.")

# %% [markdown]
# Two small layers are enough, of whichever kind (all of width 32, so not equally large here). Each bag occurs with both answers, so no classifier on bags, however large, gets more than half. Not every text classification is like that: often the words alone tell most of it. So before you praise a model for what it reads, ask what a bag of words gets.
#
# ## Break it on purpose: whose state is it?
#
# A recurrent layer gives back its last state, and takes one to begin with. Two texts of five tokens come one after the other. Read the second with the state that the first has left, as happens when nobody sets it back, and ask `dependence` (chapter 08) what depends on what:

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
# Shapes are right, and nothing warns. (In training, torch refuses the second `backward` until the state is detached, `state.detach()`; that stops the gradient, and the numbers of the old text still get in. And `dependence`, which looks at gradients, then finds no link. Change a token of the first text instead, and see whether the second text's outputs move.) Within one long text, handing the state on is right, and is how such texts are read in pieces. Chapter 15 does the same with attention.
#
# ## What to take along
#
# - In training, recurrence waits for each token; dilated convolutions wait for the logarithm of the length; attention does not wait.
# - Work is another matter. Attention grows with $n^2$ and computes more than an LSTM of the same width from $n = 2d$ on. How the clock decides depends on the program and the machine.
# - Attention is made for looking something up by its key. After as many steps, rivals of the same size knew no more than a bag of the tokens. Ask what a bag gets before you call a number a success.
# - Where order alone tells, a bag of words is a coin, and all three that read in order succeed.
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
# One layer reaches back 2 · 15 = 30 tokens in four rounds. In the second layer the dilations begin with 1 again. They add 2, then 4, then 8: after three rounds 44 tokens back, and only the fourth, with 16 more, reaches 60. Eight rounds.
# </details>
# <details><summary>3. A model with attention writes a text. Can it compute all of its tokens at once?</summary>
#
# No. Each new token needs the one before it as input, whatever mixes them. In training all tokens are known.
# </details>
# <details><summary>4. The GRU recalled few values. Does that show that its state is too small?</summary>
#
# No. It shows what it had learned after so many steps, from where it started: with open gates it learned more. To speak of the state, train until nothing changes, and vary its size.
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
