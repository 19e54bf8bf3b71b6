# %% [markdown]
# # 11 · Recurrence, convolution, attention
#
# Since chapter 03 attention has been the only way in which one token learns of another. It was not the first way, and it is not the only one. **What else can bring information from token to token, and how far does it come?**
#
# This first part builds the two older ways, recurrence and convolution, and holds them against torch's own. The [second](11_side_by_side.ipynb) trains all three on the same task.

# %%
import math

import torch
from torch import nn

from selfattention.claims import claim, tally
from selfattention.convolution import CausalConvolution, causal_convolution, receptive_field
from selfattention.masks import causal, dependence, gradient_by_distance
from selfattention.models.sequence import Attending, Recurring
from selfattention.parity.recurrent import from_recurrent
from selfattention.plots import canvas, course_map, flow, heatmap, lines, show, wiring
from selfattention.recurrence import ELMAN, GRU, LSTM, Recurrent, gru_step, lstm_step
from selfattention.source import show_source

show(course_map(11, here=["masked self-attention"], machine="decoder"),
     "Where we are: at the box that mixes tokens. This chapter puts other things in its place.")

# %% [markdown]
# ## The idea in one picture
#
# Six tokens at the bottom, six outputs at the top. Each output may know the tokens up to its own, none later. Strong lines are those on the way to the last output:

# %%
def reads(tokens, *distances):
    return sum(torch.eye(tokens).roll(one, dims=0).tril() for one in distances)


words = ["a", "dog", "bit", "me", "and", "ran"]
figure, panels = canvas(3, height=2.2)
wiring(panels[0], words, [reads(6, 0)], along=True, title="a state")
wiring(panels[1], words, [reads(6, 0, 1, 2)], title="a window")
wiring(panels[2], words, [causal(6)], title="attention")
show(figure, "Three ways to mix. Left, each output hands a state on to the next. Middle, a window "
             "of three slides along. Right, each output looks at all tokens so far.")

# %% [markdown]
# - **Recurrence** reads one token after another and keeps what it has read in a *state*, a vector that is passed on. "dog" reaches "ran", but through four hands.
# - **Convolution** looks through a *window* that slides along the text. "ran" sees itself and the two words before it, nothing else, unless windows are stacked.
# - **Attention** looks at all tokens at once: one line from each.
#
# You sometimes read that recurrent networks "give more weight to adjacent tokens". They give no weights to tokens. They squeeze all that was read into one vector of fixed size, and what arrives from far away is what got through all of these steps.
#
# ## A state that is carried along
#
# The simplest recurrent network is Elman's (1990). The new state is made of the token and of the state before:
#
# $$h_t = \tanh(W x_t + U h_{t-1} + b)$$
#
# (Elman used another squashing function; tanh is what is used today. It takes any number to one between −1 and 1.) Three tokens, each a single number, 1, 0 and −1, with $W = 1$, $U = 0.5$, $b = 0$, and a state that starts at 0:

# %%
tokens, state, before, states = [1.0, 0.0, -1.0], 0.0, [], []
for token in tokens:
    before.append(token + 0.5 * state)  # half of the state before goes into this sum
    state = math.tanh(before[-1])
    states.append(state)
handed = [0.5 * state for state in [0.0, *states[:-1]]]
show(flow(["first", "second", "third"], ("token", tokens), ("½ · state before", handed),
          ("sum", before, "add"), ("state", states, "tanh")),
     "An Elman network by hand. Half of each state goes into the sum of the next row: 0.76 at the "
     "end of the first becomes 0.38 in the second. That token is 0, but its state is not.")

# %% [markdown]
# The second token is zero, and still its state is 0.36: that is the first token, remembered. Something of it is in the third state, too, but less.
#
# Nothing here can be computed for all tokens at once: the third state needs the second, and that needs the first. So the loop over tokens is not a matter of style, as it was in chapter 01. It *is* the method. (Because tanh stands between two steps. Where the state is only multiplied and added to, there are ways around the loop: chapter 14.)
#
# ## Gates
#
# In Elman's network each step overwrites the state. A **gate** is a number between 0 and 1, computed from the token and the state by a sigmoid, $\sigma(a) = 1/(1 + e^{-a})$, that says how much of something is let through. Each number of the state has its own gates.
#
# The **gated recurrent unit** (GRU, Cho et al. 2014, eq. 5–8) has two. *Reset* says how much of the old state is read when a *candidate*, a proposal for the new state, is made; *update* how much of the old state is kept: with the update gate $z$ and the candidate $n$, the new state is $h_t = z \odot h_{t-1} + (1 - z) \odot n$. (1 keeps, as in that paper and in torch; others write it the other way round.) For one number of a state and three update gates:

# %%
old, candidate, update = 0.8, -0.5, [1.0, 0.5, 0.0]
kept = [gate * old for gate in update]
new = [gate * old + (1 - gate) * candidate for gate in update]
show(flow(["keeps", "half", "replaces"], ("update", update), ("kept", kept, "· old"),
          ("state", new, "+ (1 − update) · candidate")),
     "One number of a GRU's state. It was 0.8, the candidate is −0.5; the update gate decides.")

# %% [markdown]
# In the code, `token` is what the token adds, $W x_t + b$, computed for all tokens before the loop, as it needs no state. `weight` and `bias` are those of the state. Both sums are three vectors side by side, for two gates and the candidate; `chunk` cuts them apart. `state` is a tuple, here of one vector:

# %%
show_source(gru_step)

# %% [markdown]
# (As in torch, `reset` multiplies the product; the paper resets the state before it.)
#
# **Long short-term memory** (LSTM, Hochreiter and Schmidhuber 1997) is older and has one vector more. Beside the state it carries a *cell*, to which it adds: what is in there is not squashed anew in each step. Three gates decide what is written (*input gate* $i$), what is kept (*forget gate* $f$, added by Gers et al. 2000: 1 keeps all, 0 forgets all), and what is read (*output gate* $o$). With the candidate $g$, the cell is $c_t = f \odot c_{t-1} + i \odot g$ and the state $h_t = o \odot \tanh(c_t)$:

# %%
show_source(lstm_step)

# %% [markdown]
# That is all. The package's layer `Recurrent` runs one of these steps in a loop over the tokens, as you did above, with a zero state at the start of each text. Do we build the same as everybody? Take torch's three layers, give ours their weights, and compare outputs and the gradients that arrive at the tokens:

# %% tags=["claim:the-cells-of-torch"]
torch.manual_seed(0)
apart, x = 0.0, torch.randn(2, 11, 5, dtype=torch.float64, requires_grad=True)
for cell, kind in ((ELMAN, nn.RNN), (GRU, nn.GRU), (LSTM, nn.LSTM)):
    theirs = kind(5, 7, batch_first=True).double()
    ours = from_recurrent(Recurrent(cell, 5, 7).double(), theirs)
    one, other = ours(x)[0], theirs(x)[0]
    gradients = [torch.autograd.grad(out.square().sum(), x)[0] for out in (one, other)]
    differences = [one - other, gradients[0] - gradients[1]]
    apart = max(apart, *(difference.abs().max().item() for difference in differences))
claim("11.the-cells-of-torch", difference=apart)

# %% [markdown]
# The loop also returns the last state, and takes one to begin with. That is how a long text can be read in pieces. It also invites a common mistake: if you pass the state on to a *different* text, you let the end of one story into the beginning of another. No shape tells. (In training, torch refuses the second `backward` while the state hangs on the graph of the step before. The usual remedy, `state.detach()`, silences that, and the stories still mix.)
#
# ## A window that slides
#
# A **convolution** multiplies each token of a window by a weight of its own (a *tap*; for vectors it is a matrix, $W_j$), and adds up. The window slides along the text, always with the same weights. With $k$ taps,
#
# $$y_t = b + \sum_{j=0}^{k-1} W_j\, x_{t-(k-1-j)d}$$
#
# (van den Oord et al. 2016, §2.1, the *WaveNet*), where $d$ is the **dilation** (not the width): the window takes only every $d$-th token. The last tap meets the token itself, and none a later one: the convolution is *causal*. Before the text stand zeros. By hand, with two taps, 10 and 1, and $d = 2$: each output is the token plus ten times the token two places before.

# %%
x = [3.0, 1.0, 4.0, 1.0, 5.0]
by_loop = [x[t] + (10 * x[t - 2] if t >= 2 else 0) for t in range(5)]
ours, taps = torch.tensor(x).reshape(1, 5, 1), torch.tensor([[[10.0, 1.0]]])
in_one = causal_convolution(ours, taps, torch.zeros(1), dilation=2)
theirs = nn.functional.conv1d(nn.functional.pad(ours.mT, (2, 0)), taps, dilation=2)
assert in_one.flatten().tolist() == theirs.flatten().tolist() == by_loop
show(flow(["first", "second", "third", "fourth", "fifth"], ("token", x),
          ("two before, or 0", [0, 0, *x[:3]]), ("output", by_loop, "token + 10 ·")),
     "A causal convolution with two taps and dilation 2, by hand.")

# %% [markdown]
# Loop, package and `torch.nn.functional.conv1d` agree. No output needs another output, so all can be computed at once: on a parallel machine that is the great advantage over recurrence.
#
# ## How far a stack of windows sees
#
# One window sees few tokens. Windows are stacked, and each layer's dilation is twice that of the layer below:

# %%
places = [str(place) for place in range(1, 17)]
figure, panels = canvas(2, height=2.5)
wiring(panels[0], places, [reads(16, 0, 1)] * 4, title="dilation 1, 1, 1, 1")
doubled = [reads(16, 0, 2**layer) for layer in range(4)]
wiring(panels[1], places, doubled, title="dilation 1, 2, 4, 8")
show(figure, "Four layers of windows with two taps. Without dilation the last output sees five "
             "tokens, with doubled dilations all sixteen.")

# %% [markdown]
# How many tokens an output spans is its **receptive field**. A layer with $k$ taps and dilation $d$ adds $(k-1)\,d$ tokens. (It *spans* them: two taps with dilations 1 and 4 span six tokens and read four. Doubled dilations leave no holes.)
#
# **Predict first:** with *three* taps and doubled dilations (1, 2, 4, …), how many layers are needed to span 1,000 tokens?

# %%
guess_layers = None  # your guess, a number of layers

# %% tags=["claim:layers-for-a-thousand"]
dilated = plain = 0
while receptive_field(3, [2**layer for layer in range(dilated)]) < 1000:
    dilated += 1
while receptive_field(3, [1] * plain) < 1000:
    plain += 1
claim("11.layers-for-a-thousand", guess_layers, dilated=dilated, plain=plain)

# %% [markdown]
# With doubled dilations, a distance of $n$ costs about $\log_2 n$ layers. But that a token is in the receptive field means only that there is a path, not that much comes through.
#
# It is often said that convolutional networks need inputs of a fixed size. Let one stack, with the same weights, read three texts, and count the tokens on which its last output depends (the probe `dependence` of chapter 08 looks at the Jacobian, chapter 06):

# %% tags=["claim:any-length"]
torch.manual_seed(0)
windows = nn.Sequential(*(CausalConvolution(4, 4, 3, dilation=2**layer) for layer in range(3)))
known = {}
for tokens in (10, 40, 160):
    table = dependence(lambda x: windows(x[None])[0], torch.randn(tokens, 4))
    known[tokens] = int(table[-1].sum())
claim("11.any-length", short=known[10], middle=known[40], long=known[160])

# %% [markdown]
# The length of a text is free. Fixed is how far the stack sees: $1 + 2 \cdot (1 + 2 + 4) = 15$ tokens.
#
# ## Break it on purpose: padding on both sides
#
# In most libraries a convolution that keeps the length puts half of the zeros before the text and half behind it (`padding="same"`). The shapes are right. Take three taps and two layers, with dilations 1 and 2, and six tokens. A causal model has 15 forbidden links: 5 tokens to the right of the first, 4 to the right of the second, and so on.
#
# **Predict first:** how many of these 15 are open in that stack? `dependence` counts them.

# %%
guess_leaks = None  # your guess, between 0 and 15

# %% tags=["claim:padding-on-both-sides"]
torch.manual_seed(0)
layers = [nn.Conv1d(4, 4, 3, dilation=dilation) for dilation in (1, 2)]


def stack(x, left):  # left: the share of the padding that stands before the text
    for layer in layers:
        zeros = 2 * layer.dilation[0]  # as many as keep the length, with three taps
        before = int(left * zeros)
        x = torch.tanh(layer(nn.functional.pad(x.mT, (before, zeros - before)))).mT
    return x


depends = {share: dependence(lambda x: stack(x, share), torch.randn(6, 4)) for share in (0.5, 1)}
leaks, on_the_left = (int((table & ~causal(6)).sum()) for table in depends.values())
claim("11.padding-on-both-sides", guess_leaks, leaks=leaks, none=on_the_left)

# %%
figure, panels = canvas(2, height=2.9)
for axes, (share, table) in zip(panels, depends.items()):
    title = "padding on the left" if share == 1 else "padding on both sides"
    heatmap(axes, table.double(), title=title, good=share == 1, wrong=table & ~causal(6),
            row_axis="output", column_axis="token", numbers=False, role="masks",
            largest=2)
show(figure, "Which output depends on which token. With padding on both sides each output sees "
             "up to three later tokens (crossed out), and three earlier ones only.")

# %% [markdown]
# Each layer looks one dilation ahead, and the layers' views add up: three tokens of the future. A language model built like this reads its answer off the next tokens (chapter 04: a loss under the entropy). The remedy is to put all of the zeros before the text.
#
# ## How far a gradient comes
#
# Can a model *learn* that a token matters 30 tokens later? Only if a gradient finds its way back over those 30 steps. We take fresh layers of width 64, with torch's start values (uniform within $\pm 1/\sqrt{64}$; with others the curves are others), and measure how strongly the last output depends on the token $k$ places before it ($T$ is the last token; $k$ is a distance now, not the number of taps; the norm of a table is the root of the sum of its squares):
#
# $$\lVert \partial h_T / \partial x_{T-k} \rVert$$
#
# In a recurrent network this holds a product of $k$ matrices, one for each step (Pascanu et al. 2013, eq. 5): it shrinks or grows exponentially, unless something holds it level. The LSTM was invented to hold it: "constant error flow" is in its paper's abstract.
#
# **Predict first:** from the last token to the one 30 places before it, the gradient of the Elman network becomes about $10^{10}$ times smaller: it falls by ten powers of ten. By how many does that of the LSTM fall?

# %%
guess_powers = None  # your guess, a number of powers of ten; 0 if it stays level

# %% tags=["claim:gradient-by-distance"]
def curve(make, opened=0.0):
    torch.manual_seed(1)
    layer, x = make().double(), torch.randn(8, 64, 64, dtype=torch.float64)
    if opened:  # added to the biases of an LSTM's forget gates, so that they stand open
        layer.recurrent.open_gate(opened)
    norms = gradient_by_distance(layer, x)
    # The geometric mean over the texts, for such numbers differ by powers of ten.
    return (norms / norms[:, :1]).log().mean(dim=0).exp()


curves = {"attention": curve(lambda: Attending(64, 2)), "GRU": curve(lambda: Recurring(GRU, 64)),
          "LSTM": curve(lambda: Recurring(LSTM, 64)),
          "LSTM, gate + 1": curve(lambda: Recurring(LSTM, 64), 1.0),
          "LSTM, gate + 3": curve(lambda: Recurring(LSTM, 64), 3.0),
          "Elman": curve(lambda: Recurring(ELMAN, 64))}
powers = [-math.log10(norms[30]) for norms in curves.values()]
names = ("attention", "gru", "lstm", "advised", "opened", "elman")
claim("11.gradient-by-distance", guess_powers, **dict(zip(names, powers)))

# %%
figure, axes = canvas(height=3.6)
shown = range(0, 64, 3)
lines(axes, shown, {name: norms[shown] for name, norms in curves.items()}, log_y=True,
      xlabel="distance in tokens", ylabel="gradient (share of distance 0)")
show(figure, "How strongly the last output depends on the token so many places before, in fresh "
             "layers. A straight line down means: by the same factor less with each token.")
tally()

# %% [markdown]
# With torch's start values the forget gates of an LSTM stand half open, near $\sigma(0) = 0.5$: with each token the cell loses about half of what it holds. That alone would be nine powers of ten in 30 tokens; it is less, a factor of about 0.6 a token, because something comes through by other paths. The cell of 1997 had *no* forget gate: it was carried on times exactly 1, and in that the error was constant. The gate of 2000 multiplies it.
#
# So the cell *can* carry a thing far, but its gate must be open. Gers et al. (2000) and Jozefowicz et al. (2015) advise a positive start value for that bias (torch's is random around 0). The latter advise 1, and $\sigma(1) = 0.73$: better, but far from level. With 3, $\sigma(3) = 0.95$, it is nearly level.
#
# In attention the gradient falls to about a tenth at once (the token itself counts most, mainly because it also makes the query) and stays there: a token far away counts about as much as one nearby. But the weights of all tokens sum to one, so in a longer text each has less on average. And all this says how a layer *starts*. Training changes it, in either direction.
#
# ## What to take along
#
# - Recurrence: one state, handed from token to token. A loop that these cells cannot avoid, and any length of text.
# - Gates decide what the state keeps. An LSTM's step is four lines, a GRU's seven.
# - Convolution: a window that slides. All tokens at once, but a receptive field that is fixed by taps and dilations.
# - A causal convolution has all of its padding on the left. `dependence` finds it where it does not.
# - Gates do not keep a memory by themselves: with torch's start values an LSTM's gradient loses about 40 % with each token. An open forget gate holds it.
#
# ## Five questions
#
# <details><summary>1. An Elman network reads 1,000 tokens on a machine with 1,000 processors. How many steps must follow each other?</summary>
#
# 1,000. Each state needs the one before; only the products $W x_t$ can be computed all at once.
# </details>
# <details><summary>2. In a GRU, the update gate is 1 everywhere. What does the layer do with the token?</summary>
#
# Nothing: the new state is the old one. With our convention $z = 1$ keeps.
# </details>
# <details><summary>3. Two taps, dilations 1, 2, 4. How many tokens does an output span?</summary>
#
# Eight: 1 + (1 + 2 + 4).
# </details>
# <details><summary>4. A colleague trains a GRU on film reviews, one after another, and never sets the state back. What will you see?</summary>
#
# With the state detached, as one must in training: no error. But the answer to a review depends on the review before it, and in another order the answers are others.
# </details>
# <details><summary>5. "LSTMs solve the vanishing gradient." What would you say?</summary>
#
# The one of 1997 multiplies its cell by 1. Those in use have a forget gate, and hold the gradient as long as it is open. With torch's start values it is half open, and the gradient vanishes.
# </details>
#
# ## Where to read on
#
# Elman 1990, "Finding structure in time"; Cho et al. 2014 for the GRU; Hochreiter and Schmidhuber 1997 and Gers et al. 2000 for the LSTM; van den Oord et al. 2016 and Bai et al. 2018 for causal convolutions; Pascanu et al. 2013 on what happens to gradients ([bibliography](bibliography.ipynb), [glossary](glossary.ipynb)).
#
# Go on to the second part, [11 · Side by side](11_side_by_side.ipynb), which trains all three on one task. The [exercises](../exercises/11_exercises_recurrence_convolution_attention.ipynb) belong to both.
