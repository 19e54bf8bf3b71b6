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
    "target positions", "masked self-attention", "decoder norm", "training", "cut", "mask",
    "softmax", "join"]), "Where the bugs of this chapter sit; where exactly, you find out.")

# %% [markdown]
# ## The idea in one picture
#
# All models of this chapter are decoders of one layer and 32 numbers a token. They learn texts like those of chapter 04, dealt out in turn: each symbol is 1, 2 or 4 steps further on than the one *before the last*, so the model must look back. The source is known, and so is the best mean loss that is possible, the *floor*: 0.97 nats. A blind guess among 8 tokens (7 symbols and padding) costs $\log 8 = 2.08$.
#
# Three such models, A, B and C. One is healthy. Which?

# %%
three = {"A": suspect(11), "B": suspect(HEALTHY), "C": suspect(6)}
figure, axes = canvas(width=5.2, height=2.7)
every, tenth = range(0, 150, 10), slice(0, None, 10)
lines(axes, every, {name: one.losses[tenth] for name, one in three.items()},
      xlabel="training step", ylabel="training loss (nats)", limit=source.floor(),
      limit_name="floor")
show(figure, "B and C learn alike. A is better than can be: it falls below the floor.")
text = probes.sample()
tables = {name: 1.0 * probes.dependence(one.model, text) for name, one in three.items()}
show(heatmaps(tables, numbers=False, role="masks", largest=1.4, row_axis="outputs",
              column_axis="tokens"),
     "Grey: this output (down) depends on this token (across). A also sees the next token; "
     "C sees nothing of the first half from the second on; B sees what stands before.")

# %% [markdown]
# B is healthy. With A the curve looks *too good*. With C the curve tells nothing; the table shows it at once. The table is a probe: it asks the model who depends on whom, and needs neither its code nor its curve.
#
# ## Three tokens by hand
#
# The simplest probe of all: **change one token and look who moves.** Three tokens are the numbers 1, 2 and 6. In an honest causal model each output is, say, the mean of the tokens so far; in a leaking one it is the mean up to the *next* token. Now change the third token from 6 to 9.

# %%
before, after = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([1.0, 2.0, 9.0])
honest, leaking = masks.causal(3).double(), torch.ones(3, 3).tril(1).double()
moved = {}
for name, seen in (("honest", honest), ("leaking", leaking)):
    weights = seen / seen.sum(dim=1, keepdim=True)
    moved[name] = weights @ (after - before).double()
show(flow(["token 1", "token 2", "token 3"], ("before", before), ("after", after, "change"),
          ("honest", moved["honest"], "moves", "outputs"),
          ("leaking", moved["leaking"], "", "outputs")),
     "Token 3 was changed. In the honest model only output 3 moves; in the leaking one output 2, "
     "which stands before it, moves as well.")

# %% [markdown]
# ## The loop, and the table
#
# For a whole text: change each token in turn, and note every output *before* it that moves. The derivatives of all outputs by all tokens (the Jacobian, chapter 06) give the same in one go, above the diagonal of the table:

# %%
show_source(probes.change_before)
for one in three.values():
    moved = probes.change_before(one.model, text) > 1e-9
    depends = probes.dependence(one.model, text)
    assert torch.equal(moved.T, depends.triu(1))  # above the diagonal: later tokens

# %% [markdown]
# The limit is $10^{-9}$ and not 0: the models compute in float64 here, and two ways of adding the same numbers may differ in their last digit, about the sixteenth. What should be equal is equal to $10^{-12}$ or so; what leaks moves by far more.
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
# A large loss says that something is wrong, and not what. One that is too small says so only to somebody who knows the floor, which for real language nobody does. And four curves look healthy: their bugs bite when the model is *used*. Remember suspect 7, too: its curve is high from the first step on.
#
# ## Break a probe on purpose
#
# A probe is code, and code has bugs. One that finds nothing looks like good news. Here the probe for leaks is used on model A, which lets each of 15 tokens leak into the output before it. We change a token's *vector*: once all its 32 numbers grow by 1, once by 0, 1, 2 and so on.
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
# A layer norm subtracts each token's mean (chapter 08), and with it what was added to all numbers alike. So **try every probe on a model that is known to be ill.** Other ways to be blind: compare the changed token itself (it may move), or only the last output; take a limit so large that nothing exceeds it, or 0, so that rounding does; leave dropout on, and everything moves.
#
# ## The same answer in two ways
#
# Many bugs hide where a model is used in another way than it was trained. So compute the same outputs twice:

# %%
show(token_rows({"as it is": ["a", "b", "c", "d"]}, {"padding": ["□", "□", "a", "b", "c", "d"]},
                {"batch": ["a", "b", "c", "d"], "others": ["e", "f", "g", "h"]},
                {"cache": ["a", "b", "c", "+ d"]}, {"order": ["b", "a", "c", "d"]},
                faint=["□", "e", "f", "g", "h"]),
     "Behind padding, among other texts, token by token with a cache (chapter 13), or simply "
     "twice: the outputs of a, b, c, d must be the same. In another order the last must move.")

# %%
ways = ["padding", "batch", "cache", "twice"]
measured = torch.tensor([one.value for one in examine(map(suspect, NUMBERS), ways)])
digits = -measured.clamp(min=1e-16, max=1).log10().floor().view(12, 4).T
figure, axes = canvas(height=2.6)
heatmap(axes, digits, queries=ways, keys=list(NUMBERS), role="outputs", largest=40, row_axis="",
        column_axis="suspect", wrong=digits < 9)
show(figure, "In how many digits after the point the two ways agree: 15 or 16 is rounding. Crossed "
             "out: fewer than 9, and so another result. NaN, not a number, agrees with nothing.")

# %% [markdown]
# One row needs care: where *twice* finds something, the model draws lots in evaluation, and every other comparison of two runs must differ as well. So ask *twice* first.
#
# ## Losses that cannot be
#
# Three numbers are known without any model. **Before training**, a model knows nothing, so its loss is that of a blind guess, 2.08 nats. **After training**, it is not below the floor. And **in use**, where a token is predicted from what stands before it and nothing else is given, it is what it was in training. (Suspect 7's is *smaller* in use. Can that be?)

# %%
figure, panels = canvas(2, height=4.0)
for axes, probe, title in ((panels[0], "start", "at the start: off by"),
                           (panels[1], "in use", "in use: larger by")):
    found = examine(map(suspect, [HEALTHY, *NUMBERS]), [probe])
    heights = {f"{one.suspect or 'healthy'}": one.value for one in found}
    bars(axes, heights, role="tokens", title=title, xlabel="nats", most=3.0, numbers=False,
         limit=PROBES[probe].limit, limit_name="limit")
show(figure, "Left: distance of the first loss from that of a blind guess. Right: how much the "
             "loss grows when no future is given. By number: the suspects; bars end at 3.")

# %% [markdown]
# ## What learns, and what cannot
#
# Two probes look at training itself. **Gradients:** after one backward pass, each parameter has a gradient, and it is not 0. **One batch:** a model that is trained on the same four texts again and again must learn them by heart. If it cannot, something stands in its way, whatever the data.

# %%
figure, (left, right) = canvas(2, height=2.9)
dead = {f"{number or 'healthy'}": probes.without_gradient(suspect(number))
        for number in (HEALTHY, 3, 12)}
bars(left, dead, role="tokens", title="parameters without gradient", xlabel="parameters")
by_heart = {f"{number or 'healthy'}": probes.by_heart(suspect(number))[tenth]
            for number in (HEALTHY, 9)}
lines(right, range(0, 100, 10), by_heart, xlabel="step on four texts", ylabel="loss (nats)")
show(figure, "Left: suspects 3 and 12 have parameters that never learn. Right: suspect 9 cannot "
             "learn four texts by heart.")

# %% [markdown]
# ## All probes, all suspects
#
# Now every model is put to every probe. A good box of probes has two properties: it finds every bug, and it leaves the healthy model alone.

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
# `solve(number, probe)` accuses a suspect with a probe, and tells what is wrong only where the probe finds something. Each of the twelve is a known mistake of an exercise, named behind it.
#
# Read the table by columns: some probes find many bugs, but *which* bug it is, the pattern of a row tells. A leak sets off *future*, *cache*, *floor* and *in use* together; a wrong label leaves *future* silent, since the model is in order and its loss is not. Read it by rows: half of the bugs set off a single probe. Whoever leaves that probe out does not find them.
#
# ## Before the first step
#
# Probes that compare outputs do not ask how good these are. So they can be put to a model with its first weights, which costs no training at all.
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
# What is left is wrong in what is *learned from*: in the labels, or in what the loss is given. So **test before you train**, and go from what is cheap to what is dear:
#
# 1. Is it repeatable? The same input twice, in evaluation mode.
# 2. Who depends on whom: the future, blind spots, other texts, padding, order; the cache against no cache. Row sums, if the weights can be seen.
# 3. The loss at the start, and a gradient for each parameter.
# 4. Four texts by heart.
# 5. Train; then the floor, where it is known, and the loss in use.
#
# How much does each step of this list add?

# %%
costs, reached = by_cost(found)
figure, axes = canvas(width=5.6, height=2.9)
lines(axes, costs, {"bugs found": reached}, log_x=True, ylabel="bugs found",
      xlabel="texts run through the model, all probes so far")
show(figure, "Bugs found, one probe after the other, from cheap to dear; a step of training counts "
             "as three runs of each text.")
tally()
certificate()

# %% [markdown]
# The last output is your certificate: what you have built in this course, as your working copy knows it. `selfattention certificate` prints it, too.
#
# ## What to take along
#
# - A falling loss proves little. A bug can leave the curve as it is, or make it better.
# - A probe asks for something that must hold for *every* healthy model: no future, no padding, no other texts; the same answer in two ways; losses that can be.
# - A probe that cannot fail is worse than none. Try it on a model that you have broken yourself.
# - Test before you train: most bugs are there with the first weights.
# - One probe for each kind of bug. Which probes are silent tells as much as which are not.
#
# ## Five questions
#
# <details><summary>1. A model's loss on fresh texts is 0.3 nats below the entropy of the source, and no output moves when a later token changes. Where is the bug?</summary>
#
# In the loss or in its labels: the model does not see the future, so it is asked for something that it was given, such as the token itself.
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
# Hardly: four texts are little. Look for what limits its scores, such as a softmax taken twice, or for parts that get no gradient.
# </details>
#
# ## Where to read on
#
# Karpathy's *A Recipe for Training Neural Networks* (2019) is the list that practitioners work by: the loss at the start, one batch by heart, dependence by the gradient. Sculley et al. 2015, *Hidden Technical Debt in Machine Learning Systems*: why such bugs live long. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/19_exercises_debugging_attention.ipynb) ask for your own box of probes. This is the end of the course: you have built attention from the dot product up, and you can tell whether it works. The [cheat sheet](cheat_sheet.ipynb) has all of it on one page.
