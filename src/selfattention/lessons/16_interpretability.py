# %% [markdown]
# # 16 · Interpretability
#
# Attention gives a table of weights for free, and it is often shown as the reason for an answer. **Do the weights say why a model answers what it answers?**
#
# The [first part](16_induction.ipynb) took a small model apart until we could foretell what a change does to it: a head of layer 1 lets each token note the one before it, and heads of layer 2 look for the note. Such a model is a good place to try tools on. We take the usual ones and compare what each of them says with what happens when something is changed.

# %%
import torch
from scipy.stats import spearmanr

from selfattention.claims import claim, tally
from selfattention.data import repeats
from selfattention.data.asked import Asked, Stream, accuracy, loss
from selfattention.interpretability import (
    cut, effects, head_means, induction_score, lens, previous_token_score, recording, rollout)
from selfattention.models.attention_only import AttentionOnly, Sizes
from selfattention.plots import canvas, course_map, heatmaps, links, shaded, show
from selfattention.source import show_source
from selfattention.training import Recipe, fit, muon

show(course_map(16, machine="decoder", here=["masked self-attention", "softmax", "next token"]),
     "Where we are: between the weights that a softmax gives and the next token. As before, the "
     "model has attention alone.")

# %% [markdown]
# ## The idea in one picture
#
# We train the model of the first part again and give it a short text. It ends with a symbol, say *a*, that stood there before, followed by *b*; so *b* is next. Two questions for each token: how much weight does the last layer give it? How much probability does the answer lose if it is another?

# %%
torch.manual_seed(0)
model = AttentionOnly(Sizes(repeats.SYMBOLS, heads=2, layers=2))
fit(model, Stream(repeats.texts, 32), Recipe(steps=200, rate=2e-2, warmup=20), loss=loss,
    make=lambda model, rate: muon(model, rate, times=2))
model.double()  # so that the smallest effects are not lost in rounding


@torch.no_grad()
def chance(batch):
    return repeats.chances(model(batch.texts), batch)


def other_token(batch, place):
    changed = batch.texts.clone()
    changed[:, place] = (changed[:, place] + 5) % repeats.SYMBOLS  # five letters further
    return Asked(changed, batch.answers)

# %%
example = repeats.texts(1, torch.Generator().manual_seed(4), tokens=24)
names, behind = repeats.names(example.texts[0]), int(repeats.found(example))
weights = model.weights(example.texts)
lost = [float(chance(example) - chance(other_token(example, place))) for place in range(23)]
rows = {"weight, layer 2": weights[1][0, :, -1].mean(dim=0), "lost if another": lost}
show(shaded(names, rows, query=22, marked=[behind - 1, behind], largest=1),
     "Above: how much the last token (blue frame) looks at each token in layer 2, mean of both "
     "heads. Below: how much probability the answer loses when a token is another (another last "
     "one asks something else). Black frames: where the same symbol stood before, and what "
     "followed it.")

# %% [markdown]
# The two rows do not agree. What followed is dark in both. The symbol in front of it matters as much, and has no weight. Is it so in 200 longer texts?

# %% tags=["claim:a-token-without-weight"]
test = repeats.last(repeats.texts(200, torch.Generator().manual_seed(1)))
text, place = torch.arange(len(test.texts)), repeats.found(test) - 1
layers = model.weights(test.texts)
weight = layers[1].mean(dim=1)[text, -1, place].mean()
lost = (chance(test) - chance(repeats.damaged(test))).mean()
claim("16.a-token-without-weight", weight=weight, lost=lost)

# %% [markdown]
# Weights in layer 2 point at *places*, not at tokens. What stands there after layer 1 is made of several; here the place behind the symbol has noted what stood before it.
#
# ## Two views
#
# The **head view** shows all that one head does. The **token-by-token view** takes one token, and shows for each head where it looks from there.

# %%
figure, panels = canvas(2, height=5.6)
before = int(previous_token_score(weights[0]).argmax())
for axes, layer, head in zip(panels, (1, 2), (before, 0)):
    links(axes, names, names, weights[layer - 1][0, head], title=f"layer {layer}, head {head}",
          only=22)
show(figure, "Head view: each line leads from a token that is read (left) to one that reads "
             "(right); where there is no line, the weight is below 0.03. In colour, as thick as "
             "its weight: what the last token reads. Grey: what all others read. Left: the head of "
             "layer 1 that looks most at the token before.")
rows = {f"layer {number}, head {head}": layer[0, head, -1]
        for number, layer in enumerate(weights, start=1) for head in range(2)}
show(shaded(names, rows, query=22, marked=[behind], largest=1),
     "Token-by-token view: where the last token looks, head by head. Black frame: the answer, "
     "which the heads of layer 2 look for.")

# %% [markdown]
# ## Rollout, by hand
#
# **Attention rollout** (Abnar and Zuidema 2020) follows the weights through all layers. They take a token's vector after a layer to be half what came by attention and half what went past, and the weights to be the mean over the heads:
#
# $$\tilde A_0 = I, \qquad \tilde A_l = A_l\, \tilde A_{l-1}, \qquad A_l = \tfrac12 W_l + \tfrac12 I .$$
#
# ($W_l$ are the mean weights of layer $l$; their eq. 1.) Three tokens: in layer 1 each looks at the one before it, in layer 2 the last two look at the second; the first has only itself. As a loop over paths, then as products:

# %%
one = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0]])
two = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 1, 0]])
paths = torch.zeros(3, 3)
for top in range(3):
    for middle in range(3):
        for below in range(3):
            upper = (two[top, middle] + (top == middle)) / 2
            paths[top, below] += upper * (one[middle, below] + (middle == below)) / 2
assert torch.equal(paths, rollout([one[None, None], two[None, None]])[0])
show_source(rollout)

# %% [markdown]
# The last token has a quarter of its rollout on the first one, which it looks at in no layer: it looked at the second, and that had looked at the first.
#
# **Break it on purpose.** Two mistakes leave every shape right: to forget the identity, and to multiply in the wrong order.

# %%
half_one, half_two = ((layer + torch.eye(3)) / 2 for layer in (one, two))
tables = {"✓ rollout": paths, "✗ no identity": two @ one, "✗ wrong order": half_one @ half_two}
show(heatmaps(tables, queries=[["t0", "t1", "t2"]] * 3, keys=[["t0", "t1", "t2"]] * 3,
              row_axis="token at the top", column_axis="token of the text", largest=1),
     "Row: a token after two layers; column: the token of the text that it comes from. Without "
     "the identity t2 has nothing of itself; in the wrong order it has nothing of t0, as if t1 "
     "had not looked at it yet.")

# %% [markdown]
# ## Weight and effect
#
# For the last token of 40 texts we take, token by token, the weight of layer 2 (mean of the heads), the rollout, and two effects on the probability of the answer, without their sign: **cutting the look**, so that this one weight is 0 in both heads of layer 2 and all else stays, and **changing the token** of the text. Then we ask how well the *orders* agree. **Spearman's rank correlation** is 1 where both put all tokens in the same order, 0 where one says nothing of the other, −1 where one is the other turned round.
#
# **Predict first:** how large is the rank correlation between the last layer's weights and the effect of changing a token?

# %%
guess_changed = None  # your guess, between -1 and 1

# %% tags=["claim:weight-and-effect"]
some = Asked(test.texts[:40], test.answers[:40])
whole, cuts, changes = chance(some), [], []
for place in range(46):
    changes.append((whole - chance(other_token(some, place))).abs())
    with cut(model.attentions, 1, query=-1, key=place):
        cuts.append((whole - chance(some)).abs())
cuts, changes = torch.stack(cuts, dim=1), torch.stack(changes, dim=1)
looks, rolled = layers[1][:40, :, -1, :46].mean(dim=1), rollout(layers)[:40, -1, :46]


def agreement(one, other):
    return sum(spearmanr(*rows).statistic for rows in zip(one, other)) / len(one)


claim("16.weight-and-effect", guess_changed, cut=agreement(looks, cuts),
      changed=agreement(looks, changes), rollout=agreement(rolled, changes))

# %% [markdown]
# Both effects are real, and they answer two questions. *What does this layer read at this place?* The weights know that: cut a look, and what is lost goes by its weight. (Here that is nearly built in: the scores are made of a sum of values times weights, and no layer follows.) *Which tokens of the text does the answer hang on?* Of that the last layer's weights say little, for the layers below have moved things about. Rollout, which follows them, agrees better.
#
# A rank correlation counts all 46 tokens alike, however small their effect. So we also ask how high the earlier occurrence of the symbol ranks, without which there is no answer: how many of the 45 others are ranked above it?

# %% tags=["claim:before-the-symbol"]
def before_it(values):
    symbol = values.gather(1, repeats.found(some)[:, None] - 1)
    return (values > symbol).double().sum(dim=1).mean()


claim("16.before-the-symbol", weights=before_it(looks), rollout=before_it(rolled),
      changed=before_it(changes), small=(changes < 0.05).double().mean())

# %% [markdown]
# A rank correlation here is mostly an order of trifles, but the verdict is the same. Rollout is blind, though, to what values hold and to whether anybody uses them, and its half for the way past is a convention. (Abnar and Zuidema, too, found it closer than raw weights to the effect of taking words out.)
#
# ## Heads: zero or mean
#
# What a head is worth is found by taking it out. With *zero* in its place, the layers above may meet a stream unlike any they were trained on. With its *mean* over many texts at each position, only what it tells of this text is gone. Do the two agree, and what has the induction score to do with either?

# %% tags=["claim:zero-or-mean"]
means = head_means(lambda: model(test.texts), model.attentions)
by_zero, by_mean = (effects(model.attentions, lambda: accuracy(model, test), given).flatten()
                    for given in (None, means))
scores = torch.cat([induction_score(layer, test.texts, last=1) for layer in layers])
most = int(by_mean[:2].argmax())  # of the two in layer 1
claim("16.zero-or-mean", score=scores[most], cost=min(by_zero[most], by_mean[most]),
      spared=max(by_zero[2:].min(), by_mean[2:].min()), apart=(by_zero - by_mean).abs().max())

# %%
shown = {"induction score": scores, "lost, with zero": by_zero, "lost, with mean": by_mean}
show(heatmaps({title: values.view(2, 2) for title, values in shown.items()}, height=2.3,
              queries=[["layer 1", "layer 2"]] * 3, keys=[["head 0", "head 1"]] * 3, largest=1,
              row_axis="", column_axis=""),
     "The four heads. Left: how much each looks at the right place. Then: what share of the "
     "answers is lost without it, with zero or with its mean in its place.")

# %% [markdown]
# A score is not an effect. One head of layer 1 hardly ever looks at the answer, and everything hangs on it; the heads of layer 2 look at hardly anything else, and the less needed one can be spared, for the other does the same. Zero and mean agree here; elsewhere, try both.
#
# ## Read the stream early
#
# The **logit lens** (nostalgebraist 2020) reads the stream as if the model ended there: each state goes straight to the scores (in a model with a last norm, through that norm first).
#
# **Predict first:** read after layer 1, what share of the last answers is right?

# %%
guess_early = None  # your guess, between 0 and 1

# %% tags=["claim:read-early"]
with torch.no_grad(), recording(model.embedding, *model.layers) as calls:
    model(test.texts)
    read = lens([state for (state,) in calls], model.unembedding).argmax(dim=-1)
right = (read[:, :, -1] == test.answers[:, 0]).double().mean(dim=1)
note = (read[1, text, repeats.found(test)] == test.texts[:, -1]).double().mean()
claim("16.read-early", guess_early, early=right[1], late=right[2], note=note)
show_source(lens)

# %% [markdown]
# At the last place the lens sees no answer before the last layer, and rightly so: after layer 1 the answer is not there yet. What decides it stands elsewhere, as patching found in the first part: the note behind the symbol. Yet even at that place the lens does not read what was noted: layer 2 can read this form, the scores cannot. A lens that shows nothing does not say that nothing is there.
#
# ## When there is gold
#
# Chapter 10 had what is nearly always missing: the right answer to the question *which word became which*. [There](10_training_a_translator.ipynb) the best head of cross-attention found the links with an error rate of less than 0.15, where the diagonal had 0.4; in 23 of 24 trainings it was ahead of IBM Model 1, a method made for it. The same weights, read one row later, had more than 0.8. So weights can be evidence, after they have been scored: for this layer, this head, this row, this question.

# %%
tally()

# %% [markdown]
# ## What to take along
#
# - A weight says how much a layer reads at a place. What stands there was made by the layers below, out of several tokens.
# - Ask which effect you mean: cutting a look, changing a token, or taking a head out. They give different orders.
# - Rollout is a better guess at which tokens matter than the last layer alone, and still a guess.
# - A head with a fine pattern may be spared, one without may be all that matters. Measure.
#
# ## Five questions
#
# <details><summary>1. A map of the last layer is dark at one word. Does the answer hang on this word?</summary>
#
# It hangs on what stands at this place after the layers below, and that may come from other words. Change the word and see.
# </details>
# <details><summary>2. What does rollout leave out?</summary>
#
# What the values hold, and whether the output matrices let it through; in other models also the feed-forward layers and norms.
# </details>
# <details><summary>3. Why put the mean in place of a head, rather than zero?</summary>
#
# The layers above have always met what it gives on average, and may fail for want of that alone.
# </details>
# <details><summary>4. The logit lens shows the right answer after layer 7 of 12. Did layers 8 to 12 do nothing for it?</summary>
#
# Not shown. It can be read from there on; whether the later layers only hand it on is for ablation to say.
# </details>
# <details><summary>5. Rank correlation of weights and effects is 0.2 over 46 tokens, and yet the largest weight is at the token that matters most. How?</summary>
#
# One token in 46 hardly counts for an order, and most have next to no effect. Report both.
# </details>
#
# ## Where to read on
#
# Abnar and Zuidema 2020 on rollout; Jain and Wallace 2019, and the reply of Wiegreffe and Pinter 2019, on whether attention on top of recurrent networks explains; nostalgebraist 2020 on the lens: all in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/16_exercises_interpretability.ipynb) ask for rollout, the induction score, an ablation, a patched run, the lens and the rank correlation. Then go on to [17 · Graph attention](17_graph_attention.ipynb).
