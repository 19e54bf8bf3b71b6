# %% [markdown]
# # 19 · Debugging attention
#
# A model trains, its loss falls, nothing crashes. **How do you find out that it is wrong all the same?**
#
# In this last chapter you are given models and not their code. Each has one bug, a mistake of an earlier chapter. What you have are their training curves, and *probes*: questions that can be put to a model without reading how it is written.

# %%
import torch

from selfattention import certificate, masks
from selfattention.claims import claim, tally
from selfattention.debugging import HEALTHY, NUMBERS, PROBES, by_cost, examine, fewest, probes
from selfattention.debugging import solve, source, suspect, untrained
from selfattention.plots import bars, canvas, course_map, flow, heatmap, heatmaps, lines, lineup
from selfattention.plots import show, token_rows
from selfattention.source import show_source

show(course_map(19, machine="decoder", here=[
    "target positions", "masked self-attention", "decoder norm", "next token", "training", "cut",
    "mask", "softmax", "join"]), "Where the bugs of this chapter sit; where exactly, you find out.")

# %% [markdown]
# ## The idea in one picture
#
# All models of this chapter are decoders of one layer and 32 numbers a token. Each of their texts is made of two texts of chapter 04, a symbol from each in turn: so a symbol is 1, 2 or 4 steps further on than the one *before the last*, and the model must look back. The source is known, and so is the best mean loss that is possible, the *floor*: 0.97 nats. A blind guess among 8 tokens (the symbols 0 to 6, and 7 for padding) costs $\log 8 = 2.08$.
#
# Three such models, A, B and C. One is healthy. Which?

# %%
three = {"A": suspect(11), "B": suspect(HEALTHY), "C": suspect(6)}
figure, axes = canvas(width=5.2, height=2.7)
every, tenth = range(0, 150, 10), slice(0, None, 10)
lines(axes, every, {name: one.losses[tenth] for name, one in three.items()},
      xlabel="training step", ylabel="training loss (nats)", limit=source.floor(),
      limit_name="floor")
show(figure, "B and C learn alike. A is better than is possible: it falls below the floor.")
text = probes.sample()
tables = {name: 1.0 * probes.dependence(one.model, text) for name, one in three.items()}
show(heatmaps(tables, numbers=False, role="masks", largest=1.4, row_axis="outputs",
              column_axis="tokens"),
     "Grey: this output (down) depends on this token (across). A also sees the next token; "
     "From its second half on, C sees nothing of the first; B sees each token and those before.")

# %% [markdown]
# B is healthy. A's curve looks *too good*. C's tells nothing; the table shows its fault at once. The table is a probe: it asks the model who depends on whom, and needs neither its code nor its curve.
#
# ## Three tokens by hand
#
# The simplest probe of all: **change one token and look who moves.** Three tokens are the numbers 1, 2 and 6. In an honest causal model each output is, say, the mean of the tokens so far; in a leaking one it is the mean up to the *next* token. Now change the third token from 6 to 9. The honest output 3 moves by 1, from $(1 + 2 + 6)/3 = 3$ to $(1 + 2 + 9)/3 = 4$. The leaking output 2 is that same mean, and moves as well.

# %%
before, after = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([1.0, 2.0, 9.0])
honest, leaking = masks.causal(3).double(), torch.ones(3, 3).tril(1).double()
moved = {}
for name, seen in (("honest", honest), ("leaking", leaking)):
    weights = seen / seen.sum(dim=1, keepdim=True)
    moved[name] = weights @ (after - before).double()
show(flow(["token 1", "token 2", "token 3"], ("before, after", torch.stack([before, after], dim=1)),
          ("honest", moved["honest"], "outputs move by", "outputs"),
          ("leaking", moved["leaking"], "", "outputs")),
     "Token 3 was changed. In the honest model only output 3 moves; in the leaking one output 2, "
     "which stands before it, moves as well.")

# %% [markdown]
# ## The loop, and the table
#
# For a whole text: change each token in turn, and note every output *before* it that moves. The Jacobian (chapter 06) gives the same in one go, above the diagonal of the table:

# %%
show_source(probes.change_before)
for one in three.values():
    moved = probes.change_before(one.model, text) > 1e-9
    depends = probes.dependence(one.model, text)
    assert torch.equal(moved.T, depends.triu(1))  # above the diagonal: later tokens

# %% [markdown]
# The limit is $10^{-9}$ and not 0: two ways of adding the same numbers may differ in their last digit, in float64 about the sixteenth. A leak may be small, but is larger than that.
#
# ## The suspects
#
# `suspect(1)` to `suspect(12)` have been trained for 150 steps, as the healthy model was; each has one bug. (A and C were two of them.) They stand in `selfattention/debugging/bank.py`: look there at the end, not before.
#
# We hold each model's loss on fresh texts, measured as in its training, against the healthy one's. What differs by less than 0.1 nats counts as alike.
#
# **Predict first:** how many of the twelve end with a *larger* loss than the healthy model?

# %%
guess_worse = None  # your guess, a number of models

# %% tags=["claim:curves"]
healthy = probes.fresh_loss(suspect(HEALTHY))
behind = [probes.fresh_loss(suspect(number)) - healthy for number in NUMBERS]
worse, better = sum(one > 0.1 for one in behind), sum(one < -0.1 for one in behind)
claim("19.curves", guess_worse, worse=worse, better=better, alike=12 - worse - better)

# %%
curves = {f"suspect {number}": suspect(number).losses[tenth] for number in NUMBERS}
show(lineup(every, curves, suspect(HEALTHY).losses[tenth], reference_name="healthy",
            xlabel="training step", ylabel="loss (nats)", limit=source.floor(),
            limit_name="floor"),
     "The training curves of all suspects, each beside the healthy model's.")

# %% [markdown]
# A large loss says that something is wrong, and not what. One that is too small says so only to somebody who knows the floor, which for real language nobody does. And four curves look healthy: their bugs bite when the model is *used*.
#
# ## Who probes the probe?
#
# A probe is code, and code has bugs. Here the probe for leaks is used on model A, which lets each of 15 tokens leak into the output before it. We change a token's *vector*: once all its 32 numbers grow by 1, once by 0, 1, 2 and so on.
#
# **Predict first:** of the 15 tokens, how many leaks does the probe notice when all numbers grow by 1?

# %%
guess_noticed = None  # your guess, from 0 to 15

# %% tags=["claim:blind-probe"]
@torch.no_grad()
def noticed(amount, model=three["A"].model):
    vectors, real, count = model.embed(text), text != source.PADDING, 0
    for t in range(1, 16):
        changed = vectors.clone()
        changed[0, t] += amount
        moved = model.read(changed, real)[0] - model.read(vectors, real)[0]
        count += bool(moved[0, :t].abs().max() > 1e-9)
    return count


claim("19.blind-probe", guess_noticed, alike=noticed(1.0),
      different=noticed(torch.arange(32.0)))

# %% [markdown]
# A layer norm subtracts each token's mean (chapter 08), and with it what was added to all numbers alike. A probe that finds nothing looks like good news, so **try every probe on a model that is known to be ill.** Other ways to be blind: compare only the last output, or take too large a limit. And three ways to cry wolf: compare the changed token itself (it may move), take 0 for a limit, or leave dropout on.
#
# ## The same answer in two ways
#
# Many bugs hide where a model is used in another way than it was trained. So compute the same outputs in two ways:

# %%
show(token_rows({"as it is": ["a", "b", "c", "d"]}, {"padding": ["pad", "pad", "a", "b", "c", "d"]},
                {"batch": ["a", "b", "c", "d"], "with others": ["e", "f", "g", "h"]},
                {"cache": ["a", "+ b", "+ c", "+ d"]}, {"once more": ["a", "b", "c", "d"]},
                faint=["pad", "e", "f", "g", "h"]),
     "Behind padding, in a batch with others, token by token with a cache (chapter 13), or simply "
     "once more: the outputs of a, b, c, d must be the same.")

# %%
ways = ["padding", "batch", "cache", "twice"]
measured = torch.tensor([one.value for one in examine(map(suspect, NUMBERS), ways)])
digits = (-measured.clamp(min=1e-16, max=1).log10()).floor().view(12, 4).T
figure, axes = canvas(height=2.6)
heatmap(axes, digits, queries=ways, keys=list(NUMBERS), role="outputs", largest=40, row_axis="",
        column_axis="suspect", wrong=digits < 9)
show(figure, "In how many digits after the point the two ways agree: from 14 on it is rounding. "
             "Crossed out: fewer than 9, another result. NaN, not a number, agrees with nothing.")

# %% [markdown]
# Ask *twice* first: where it finds something, chance is at work, and all other comparisons of two runs differ as well. For one comparison a difference is what must be: when two earlier tokens change places, the last output has to move. This probe, *order*, finds forgotten positions in one layer; in deeper decoders the causal mask alone tells much of the order (chapter 07).
#
# ## Losses that cannot be
#
# Three things hold for the loss of any healthy model here. **Before training** it knows nothing, so its loss is near that of a blind guess, 2.08 nats. **After training**, on fresh texts, it is not below the floor. And **in use**, where a token is predicted from what stands before it and nothing else is given, it is what it was in training. (Suspect 7's is *smaller* in use. Can that be?)

# %%
figure, panels = canvas(2, height=4.0)
for axes, probe, title in ((panels[0], "start", "at the start: off by"),
                           (panels[1], "in use", "in use: larger by")):
    found = examine(map(suspect, [HEALTHY, *NUMBERS]), [probe])
    heights = {f"{one.suspect or 'healthy'}": one.value for one in found}
    bars(axes, heights, role="tokens", title=title, xlabel="nats", numbers=False,
         limit=PROBES[probe].limit, limit_name="limit")
show(figure, "Left: distance of the first loss from that of a blind guess. Right: how much the "
             "loss grows when no future is given. Numbers are suspects; beyond the limit: alarm.")

# %% [markdown]
# ## What learns, and what cannot
#
# Two probes look at training itself. **Gradients:** after one backward pass, each matrix and vector of the model has a gradient that is not all 0. (One exception, which our models do not have: a bias of the keys adds the same to all scores of a query, so the softmax takes it out, and a healthy model gives it no gradient either.) **One batch:** a model that is trained on the same four texts again and again must learn them by heart. If it cannot, something stands in its way, whatever the data.

# %%
figure, (left, right) = canvas(2, height=2.9)
dead = {name: probes.without_gradient(suspect(number))
        for name, number in (("healthy", HEALTHY), ("suspect 3", 3), ("suspect 12", 12))}
bars(left, dead, role="tokens", title="without gradient", xlabel="matrices")
by_heart = {name: probes.by_heart(suspect(number))[tenth]
            for name, number in (("healthy", HEALTHY), ("suspect 9", 9))}
lines(right, range(0, 100, 10), by_heart, xlabel="step on four texts", ylabel="loss (nats)")
show(figure, "Left: suspects 3 and 12 have matrices that never learn. Right: suspect 9 cannot "
             "learn four texts by heart.")

# %% [markdown]
# ## Your turn
#
# Here is the whole box, from cheap to dear; from *one batch* on, probes need a training. `solve(number, probe)` accuses a suspect, and tells what is wrong only where the probe finds something. Suspect 7 is an example. Solve the others before you read on: further below all are told.

# %%
for probe in PROBES.values():
    print(probe)
accused = {7: "start"}  # your turn: which suspect, by which probe?
for number, name in accused.items():
    print(solve(number, name))

# %% [markdown]
# ## Before the first step
#
# Suspect 7's loss is in bits, and we count in nats when we measure it in use: these are fewer. No training is needed to see that. Nor is it for comparing outputs: no such probe asks how good they are.
#
# **Predict first:** with the probes that train nothing, how many of the twelve bugs are found before the first step?

# %%
guess_before = None  # your guess, from 0 to 12

# %% tags=["claim:before-training"]
cheap = [name for name, probe in PROBES.items() if not probe.trains]
early = examine(map(untrained, [HEALTHY, *NUMBERS]), cheap)
found_early = {one.suspect for one in early if one.is_alarm}
claim("19.before-training", guess_before, before=len(found_early - {HEALTHY}),
      healthy=len(found_early & {HEALTHY}))

# %% [markdown]
# What is left is wrong in what is *learned from*: in the labels, or in what the loss is given.
#
# ## All probes, all suspects
#
# A good box of probes finds every bug, and leaves the healthy model alone.

# %% tags=["claim:every-bug"]
found = examine(map(suspect, [HEALTHY, *NUMBERS]))
alarms = torch.tensor([one.is_alarm for one in found]).view(13, len(PROBES))
ill = alarms[1:].sum(dim=1)  # how many probes find each suspect
figure, axes = canvas(height=4.4)
heatmap(axes, 1.0 * alarms, queries=["healthy", *NUMBERS], keys=list(PROBES), numbers=False,
        role="tokens", largest=1.2, row_axis="suspect", column_axis="")
show(figure, "Which probe finds which suspect (filled). On the left what is cheap.")
for number, place in zip(NUMBERS, alarms[1:].double().argmax(dim=1)):
    print(solve(number, list(PROBES)[place]))
claim("19.every-bug", found=(ill > 0).sum(), once=(ill == 1).sum(), healthy=alarms[0].sum(),
      fewest=len(fewest(found)))

# %% [markdown]
# Each of the twelve is a known mistake of an exercise, named behind it. Half of them set off a single probe: whoever leaves it out does not find them. Where there are several, their pattern tells which bug it is. A leak sets off *future*, *cache*, *floor* and *in use*; a wrong label leaves *future* silent, since the model is in order and its loss is not.
#
# So **test before you train**, and go from what is cheap to what is dear:
#
# 1. The same input twice; the sums of rows, if the weights can be seen.
# 2. The same answer in two ways; and a different answer when the tokens stand in another order.
# 3. A gradient for each matrix, and the loss at the start.
# 4. Who depends on whom: the future, blind spots.
# 5. Four texts by heart.
# 6. Train; then the floor, where it is known, and the loss in use.
#
# How many bugs does each step of this list add?

# %%
figure, axes = canvas(width=5.6, height=3.9)
bars(axes, by_cost(found), role="tokens", xlabel="bugs found, by this probe or one above")
show(figure, "How many of the 12 bugs are found, one probe after the other, from cheap to dear.")
tally()
certificate()

# %% [markdown]
# The last output is your certificate: what you have built in this course, as your working copy knows it. Guesses are read from saved lessons, so save this one first. `selfattention certificate` prints it, too.
#
# ## What to take along
#
# - A falling loss proves little. A bug can leave the curve as it is, or make it better.
# - A probe asks for something that must hold for *every* healthy model of its kind: no future, no padding, no other texts; the same answer in two ways; losses that can be.
# - A probe that cannot fail is worse than none. Try it on a model that you have broken yourself.
# - Test before you train: most of our bugs were there with the first weights.
# - Which probes are silent tells as much as which are not.
#
# ## Five questions
#
# <details><summary>1. A model's loss on fresh texts is 0.3 nats below the entropy of the source, and no output moves when a later token changes. Where is the bug?</summary>
#
# In the loss or in its labels, since the model does not see the future: it may be asked for something that it was given, such as the token itself; or the mean counts padding, or another unit.
# </details>
# <details><summary>2. Every probe that compares two runs finds something. What do you look at first?</summary>
#
# Whether the same input twice gives the same output: dropout may still be on.
# </details>
# <details><summary>3. The loss at the start is 3.0 with a vocabulary of 8. Name two explanations.</summary>
#
# It is counted in bits, log₂ 8 = 3; or the first scores are so large that the model is sure of wrong answers.
# </details>
# <details><summary>4. Why must the limit of a comparison be neither 0 nor 0.01?</summary>
#
# Two right computations may differ by rounding; and a small leak is a leak, from which training will learn.
# </details>
# <details><summary>5. A model cannot learn four texts by heart. Is it too small?</summary>
#
# Hardly: four texts are not much to learn. Look for what limits its scores, such as a softmax taken twice, or for parts that get no gradient.
# </details>
#
# ## Where to read on
#
# Karpathy's *A Recipe for Training Neural Networks* (2019) is the list that practitioners work by: the loss at the start, one batch by heart, dependence by the gradient. Sculley et al. 2015, *Hidden Technical Debt in Machine Learning Systems*: what it costs to keep a learning system right. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/19_exercises_debugging_attention.ipynb) ask for your own box of probes. This is the end of the course: you have built attention from the dot product up, and you can tell whether it works. The [cheat sheet](cheat_sheet.ipynb) has all of it on one page.
