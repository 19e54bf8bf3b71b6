# %% [markdown]
# # 16 · Induction heads
#
# Somewhere in a text stands *a b*. Much later comes *a* again. **How does a model know that *b* is next, and how do we know how it knows?**
#
# A model that copies what followed the last time can go on with names, phrases and patterns that it has never been trained on. Olsson et al. (2022) think that most of what large language models pick up from the text that they are reading, without any training (*in-context learning*), may rest on this, and say themselves that their evidence is indirect. We train one that can do nothing else, watch the skill come, find the heads that have it, and prove it: by taking heads out, and by mending a damaged run.

# %%
import torch

from selfattention.claims import claim, tally
from selfattention.data import repeats
from selfattention.data.asked import Stream, accuracy, loss
from selfattention.interpretability import (
    changing, induction_score, previous_token_score, recording, traced, zeroed)
from selfattention.models.attention_only import AttentionLayer, AttentionOnly, Sizes
from selfattention.plots import (
    canvas, course_map, heatmap, heatmaps, lines, shaded, show, token_rows)
from selfattention.source import show_source
from selfattention.training import Recipe, fit, muon

show(course_map(16, machine="decoder", here=["masked self-attention", "mix"]),
     "Where we are: in a decoder's attention. The model of this lesson has nothing else: no "
     "feed-forward layers, no norms.")

# %% [markdown]
# ## The idea in one picture
#
# A head sees a token as a query and other tokens as keys. The last *a* could look for an earlier *a*; but what is needed stands one place further. So two heads work together. In layer 1, a **previous-token head** lets each token look at the one before it, and notes what that was: *b* now also knows "before me stood *a*". In layer 2, an **induction head** lets *a* look for the token that has noted *a*, and copies that token's symbol, *b*, into the answer. (Keys of layer 2 that are made of what layer 1 wrote: Elhage et al. 2021 call this *K-composition*.)

# %%
short = ["k", "a", "b", "m", "c", "a"]
show(token_rows({"reads": short, "answers": ["–"] * 5 + ["b"]}, faint=["–"],
                looks=[(2, 1), (5, 2)]),
     "Two looks, one after the other. First, in layer 1, b looks at a, the token before it (short "
     "arc). Then, in layer 2, the last a looks at b, which has noted a (long arc), and answers b.")

# %% [markdown]
# ## By hand
#
# Which places should an induction head look at? For each token: right after every earlier occurrence of the same symbol. First as a loop, then as a table of equal symbols, moved by one place:

# %%
text = torch.tensor([[10, 0, 1, 12, 2, 0]])  # k a b m c a
looks = torch.zeros(6, 6)
for query in range(6):
    for place in range(query):
        if text[0, place] == text[0, query]:
            looks[query, place + 1] = 1

same = (text[0][:, None] == text[0]).float().tril(-1)  # strictly before
moved = torch.nn.functional.pad(same[:, :-1], (1, 0))
assert torch.equal(looks, moved) and looks.sum() == 1 and looks[5, 2] == 1
assert induction_score(looks[None, None], text) == 1
show_source(induction_score)

# %% [markdown]
# The **induction score** of a head (Olsson et al. 2022 call it *prefix matching*) adds up a token's weights on these places, and takes the mean over all tokens that have such places: 1 for a head with the weights above. With `last=1` it asks the last token alone. The **previous-token score** is the mean weight on the token before.
#
# ## The task and the model
#
# A text has 48 symbols from an alphabet of 24 (the last is the last answer, and is not shown to the model). It ends with a *stretch* of ten different symbols which also stands somewhere before, at a distance drawn anew for each text. All else is drawn at random. The loss counts what follows each symbol of the second stretch. Most symbols also occur elsewhere by chance, so what follows is often not sure. It is sure at the last one, which occurred only once before: there we count right answers. A blind guess is right in 1 of 24 cases, 0.04.

# %%
test = repeats.last(repeats.texts(200, torch.Generator().manual_seed(10**6)))
example = repeats.texts(1, torch.Generator().manual_seed(4), tokens=21, stretch=6)
read, place = example.texts[0], int(repeats.found(example))
stretch = {*range(place - 5, place + 1), *range(15, 20)}
show(shaded(repeats.names(read), {"a text": [0.4 * (at in stretch) for at in range(20)]},
            query=19, marked=[place], role="tokens", largest=1),
     "A shorter text of this kind. Grey: the stretch, which stands there twice, the second time "
     "without its last symbol. Blue frame: the last question. Black frame: the answer.")
show_source(AttentionLayer)

# %% [markdown]
# The model is that of Elhage et al. (2021), but for its positions, with two heads in each layer. Everything is *added* to the stream that runs past the layers (chapter 08), and nothing else happens to it. So the scores of the next token are a plain sum, over the token's own vector and all heads:
#
# $$\mathrm{scores} = W_U \Big( x_0 + \sum_{h \in \mathrm{layer}\,1} h(x_0) + \sum_{h \in \mathrm{layer}\,2} h(x_1) \Big)$$
#
# with $x_0$ the token's own vector, $x_1$ the stream after layer 1, and $W_U$ the matrix that makes scores of a stream. Where a token stands is not in the stream; each head learns a number for each distance, which is added to its attention scores (chapter 07; `FASTER` lets these numbers learn ten times as fast).
#
# We train two models alike by Muon (chapter 11), one with two layers, one with a single one.
#
# **Predict first:** what share of the last answers does the model with *one* layer have right after 200 steps?

# %%
guess_one = None  # your guess, between 0 and 1

# %% tags=["claim:layers-it-takes"]
def seen(model):
    weights = model.weights(test.texts)
    return {"accuracy": accuracy(model, test), "first": previous_token_score(weights[0]),
            "last": induction_score(weights[-1], test.texts, last=1)}


models, courses = {}, {}
for layers in (1, 2):
    torch.manual_seed(0)
    models[layers] = AttentionOnly(Sizes(repeats.SYMBOLS, heads=2, layers=layers))
    recipe = Recipe(steps=200, rate=2e-2, warmup=20)
    courses[layers] = fit(models[layers], Stream(repeats.texts, 32), recipe, loss=loss,
                          make=lambda *given: muon(*given, times=2), every=5, watch=seen)
one, (losses, two) = courses[1].watched, courses[2]
claim("16.layers-it-takes", guess_one, one=one[-1]["accuracy"], two=two[-1]["accuracy"])

# %% [markdown]
# In a single layer the last *a* sees all tokens as they are, and nothing about *b* says that *a* stood before it. Longer training does not help: after 1,500 steps, two such models had 0.08 and 0.07 of the answers right (`python benchmarks/induction.py --layers 1 --steps 1500 --seeds 2`).
#
# ## When does it come?
#
# We have looked at the model every five steps.
#
# **Predict first:** of the 200 steps, how many lie between the last look with less than 0.2 of the answers right and the first with more than 0.8?

# %%
guess_steps = None  # your guess, a number of steps

# %% tags=["claim:steps-of-the-change"]
right = [one["accuracy"] for one in two]
below = max(look for look, share in enumerate(right) if share < 0.2)
above = next(look for look, share in enumerate(right) if share > 0.8)
scores = [float(one["last"].max()) for one in two]
claim("16.steps-of-the-change", guess_steps, steps=5 * (above - below), before=scores[below],
      after=scores[above])

# %%
figure, (loss_side, score_side) = canvas(2, height=2.8)
steps, blind = range(5, 201, 5), torch.tensor(repeats.SYMBOLS).log().item()
mean = {f"layers: {layers}": [sum(course.losses[at - 5:at]) / 5 for at in steps]
        for layers, course in courses.items()}
lines(loss_side, steps, mean, xlabel="training step", ylabel="loss, nats", limit=blind)
shares = {"previous": [float(look["first"].max()) for look in two], "induction": scores,
          "right": right}
lines(score_side, steps, shares, xlabel="training step", ylabel="score, or share")
show(figure, "The phase change. Left: for a long time both losses stay near that of a blind "
             "guess (thin line), then that of two layers falls. Right, two layers: first the "
             "previous-token score of layer 1's best head rises, then the induction score of "
             "layer 2's, and with it the share of right answers.")

# %% [markdown]
# Olsson et al. (2022) saw such a *phase change* in all their language models of more than one layer: a bump in the loss, at the very time when induction heads form. In our run the note comes first, then the look for it. Each head is of little use without the other, so at first both learn slowly; once one has begun, the other has something to learn from.
#
# ## Which heads do it?

# %% tags=["claim:heads-by-score"]
model, weights = models[2], models[2].weights(test.texts)
previous = torch.stack([previous_token_score(one) for one in weights])
induction = torch.stack([induction_score(one, test.texts, last=1) for one in weights])
claim("16.heads-by-score", previous=previous[0].max(), induction=induction[1].max(),
      other=max(previous[1].max(), induction[0].max()))

# %%
noting = int(previous[0].argmax())  # the number of the previous-token head
first, second = model.weights(test.texts[:1])  # of one text, in layer 1 and layer 2
tables = {f"layer 1, head {noting}\nprevious token {previous[0, noting]:.2f}": first[0, noting]}
for head in range(2):
    tables[f"layer 2, head {head}\ninduction {induction[1, head]:.2f}"] = second[0, head]
show(heatmaps(tables, largest=1, height=2.6),
     "Where heads look in one text, and their scores over all. Left: a line right below the "
     "diagonal, at the token before. In the last ten rows part of the weight goes far back; what "
     "these tokens note is hardly needed. Middle and right: the short line at "
     "the bottom is the second stretch, each token looking at what followed it in the first. "
     "The loss asks for nothing above it: a dark dot may be what followed the same symbol by "
     "chance, and a symbol that has not occurred before must look somewhere all the same.")

# %% [markdown]
# ## Proof one: take heads out
#
# A pattern of weights shows where a head looks, not that the answer hangs on it. So we put zero in place of what a head gives (**ablation**) and count again. `zeroed` does so by a hook (chapter 13) on the layer, so the model's own code runs. In code, layers count from 0.
#
# **Predict first:** of the two heads in layer 2, that with the *lower* induction score is taken out, and nothing else. What share of the answers remains right?

# %%
guess_without = None  # your guess, between 0 and 1

# %% tags=["claim:heads-taken-out"]
lower = int(induction[1].argmin())
with zeroed(model.attentions, 0, noting):
    without_previous = accuracy(model, test)
with zeroed(model.attentions, 1, lower):
    without_lower = accuracy(model, test)
with zeroed(model.attentions, 1, 0), zeroed(model.attentions, 1, 1):
    without_both = accuracy(model, test)
claim("16.heads-taken-out", guess_without, previous=without_previous, single=without_lower,
      both=without_both)

# %% [markdown]
# Without this head most answers remain right; without both, few. Where both have learned to look at the right place (their scores are above; with other seeds, now and then one is weaker), either can do the work alone (the second part takes out each in turn). Who takes out one head at a time would then call both useless. Take out pairs, too, before you say that a head does nothing.
#
# ## Proof two: mend a damaged run
#
# We damage a text: where the last symbol, say *a*, occurred before, we put another. Now *a* stands nowhere before, so an induction head finds nothing. (A reader who compared the symbols before it could still tell the answer; this model does not.) Then we run the model on the damaged text, but at *one* place and after *one* layer we put in the vector of the clean run (**activation patching**; Meng et al. 2022, who damage by noise, call it *causal tracing*). Where this brings the answer back, there the information was.
#
# **Predict first:** mended after layer 1 at the damaged place itself, what probability does the right answer get? (In the clean text it has nearly 1.)

# %%
guess_own = None  # your guess, between 0 and 1

# %% tags=["claim:where-the-answer-is"]
damaged, found = repeats.damaged(test), repeats.found(test)  # the text; where the answer stands
parts = [model.embedding, *model.layers]  # gives x₀, x₁ and x₂: the stream
with torch.no_grad(), recording(*parts) as calls:
    model(test.texts)
    lost = repeats.chances(model(damaged.texts), damaged).mean()
places = [found - 2, found - 1, found, found + 1, -1]  # k, a, b, m and the last a
mended = traced(parts, [clean for clean, _ in calls], places,
                lambda: repeats.chances(model(damaged.texts), damaged).mean())
claim("16.where-the-answer-is", guess_own, text=mended[0, 1], own=mended[1, 1],
      after=mended[1, 2], end=mended[2, 4], damaged=lost)

# %%
figure, axes = canvas(height=2.6)
heatmap(axes, mended, queries=["in the text", "after layer 1", "after layer 2"],
        keys=["k", "a (damaged)", "b", "m", "last a"], largest=1, row_axis="",
        column_axis="the place that is mended", role="values")
show(figure, "Probability of the right answer when one vector is mended; letters as in the first "
             "picture. The first row and the last cannot be otherwise: they put in the clean text, "
             "and the clean answer. The middle row is the finding: now it stands at b.")

# %% [markdown]
# After layer 1 the damaged place is of no use any more: *b* has noted what stood before it, and layer 2 reads it there.
#
# ## Break it on purpose
#
# If the story is right, we can write the weights of the previous-token head ourselves. So we let it look *two* places back, always. Then *m* in *a b m* carries the note "*a* stood before me".
#
# **Predict first:** what share of the answers is now the symbol *after* the right one?

# %%
guess_skipped = None  # your guess, between 0 and 1

# %% tags=["claim:looks-two-back"]
def by_hand(back):
    pattern = torch.eye(test.texts.shape[1]).roll(back, 0).tril()  # 1 so many places back
    head = torch.arange(2)[:, None, None] == noting
    written = changing(model.attentions[0].weights, lambda own: torch.where(head, pattern, own))
    with written:
        answers = model(test.texts)[:, -1].argmax(dim=1)
    beyond = test.texts.gather(1, found[:, None] + 1)[:, 0]
    return [float((answers == other).double().mean()) for other in (test.answers[:, 0], beyond)]


assert by_hand(1)[0] > 0.9  # written by hand, looking one place back: it works
right_two, skipped = by_hand(2)
claim("16.looks-two-back", guess_skipped, right=right_two, skipped=skipped)
tally()

# %% [markdown]
# ## What to take along
#
# - To find what followed the last time, two heads in two layers work together: one notes the token before, one looks for the note.
# - The skill comes within a few steps, after a long time in which the loss hardly moves.
# - Scores find candidates. Ablation tells whether something hangs on them, patching what is where.
# - Two heads may do the same. Then neither seems to count.
#
# ## Five questions
#
# <details><summary>1. Why can our single layer not do it?</summary>
#
# In layer 1 a key is made of the token alone (and its distance). Nothing in it says which token stood before.
# </details>
# <details><summary>2. The stretch always stands 24 places before. What would one layer learn?</summary>
#
# To look 23 places back, whatever stands there. That is why the distance is drawn anew.
# </details>
# <details><summary>3. A head looks from the last <em>a</em> at the earlier <em>a</em>. What is its induction score?</summary>
#
# 0 from there: it looks at the same symbol, not at what followed.
# </details>
# <details><summary>4. Taking a head out changes nothing. Does the head do nothing?</summary>
#
# Not necessarily: another may do the same. Take both out.
# </details>
# <details><summary>5. The vector after layer 2 at the end is mended. Why does the answer come back whatever happened before?</summary>
#
# The scores at the last place are made of this vector and nothing else.
# </details>
#
# ## Where to read on
#
# Elhage et al. 2021 on attention-only models and how heads compose; Olsson et al. 2022 on induction heads and the phase change; Meng et al. 2022 on causal tracing: all in the [bibliography](bibliography.ipynb).
#
# Go on to [16 · Interpretability](16_interpretability.ipynb): rollout, lens, and what attention weights do not tell.
