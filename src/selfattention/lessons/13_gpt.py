# %% [markdown]
# # 13 · GPT: a decoder alone
#
# Take the Transformer of 2017, leave out the encoder, and train what is left on a single question: *which token comes next?* **How much of a language is in that question, and how do scores become a text?**
#
# The decoder alone is from Liu et al. (2018); Radford et al. (2018, 2019) made GPT and GPT-2 of it. There is no source sentence and no translation; the text itself says what is right. Our tokens are characters, and our text is English that is on your computer already: what Python's `help()` says about the language.

# %%
import math

import torch

from selfattention.claims import claim, tally
from selfattention.compression import compressed_bits, model_bits
from selfattention.data import topics
from selfattention.data.characters import Characters, TextBatches
from selfattention.models.gpt import GPT, CausalLayer, Changes, Sizes
from selfattention.plots import bars, canvas, course_map, heatmap, lines, show, token_rows
from selfattention.sampling import Sampler, generate, stream, top_k, top_p
from selfattention.source import show_source
from selfattention.training import Recipe, fit, language_loss, muon, next_token_loss

show(course_map(13, machine="decoder", here=["masked self-attention", "next token"]),
     "Where we are: the decoder without cross-attention. GPT-2 moves each norm in front of its "
     "box.")

# %% [markdown]
# ## The idea in one picture
#
# One piece of text is both exercise and solution. The model reads it up to some character and must answer with the next one; thanks to the causal mask it does so at all places at once. A piece of $n + 1$ characters is $n$ questions.

# %%
text = topics.split()
characters = Characters(text.train + text.held_out)
piece = list("the␣print")
show(token_rows({"reads": piece[:-1], "answers": piece[1:]}),
     "At each place the model sees this character and all to its left, and must answer with the "
     "next one: the same text, moved by one.")
print(f"{len(text.train):,} characters to learn from, {len(text.held_out):,} held out, "
      f"{len(characters)} different ones in both")

# %% [markdown]
# Held out are whole sections; those with the same title stay on one side.
#
# ## What GPT is
#
# GPT is short for *generative pre-trained Transformer*: it writes, and is trained first on this one question, then on the task that you have (Radford et al. 2018), as in chapter 12. GPT-2 was tried without the second training. In its parts it differs from the decoder of 2017 in four things:
#
# - There is no cross-attention.
# - Each norm stands before its sublayer (pre-norm, chapter 08), and one more at the end (Radford et al. 2019, §2.3).
# - Positions are a learned table (chapter 07).
# - The feed-forward layer has GELU, a smooth relative of ReLU.
#
# The most tokens that a model reads at once is its **context**. The smallest GPT-2 has 12 layers of width 768, a context of 1,024, and knows 50,257 pieces made of bytes (chapter 10). Ours will have 3 layers of width 96 and a context of 128. This is one layer of it (`past` is for writing, see below):

# %%
show_source(CausalLayer.forward)

# %% [markdown]
# ## By hand: nats, bits, and what a text costs
#
# At three places the character that really comes has, by the model, the probabilities 1/2, 1/4 and 1/8. The loss is the mean of $-\ln p$: $(0.69 + 1.39 + 2.08)/3 = 1.39$ nats. With logarithms to the base 2 it is $(1 + 2 + 3)/3 = 2$ **bits** (chapter 02). One nat is $1/\ln 2 = 1.44$ bits.
#
# A **packer** (or compressor) is a program that makes files smaller, such as gzip. The better it guesses what comes, the fewer bits it writes: whoever gives the next character the probability $p$ can write it in $-\log_2 p$ bits (Shannon 1948; *arithmetic coding* does it). So a language model can be compared with packers. (To unpack, one needs the training text or the weights as well; we count neither.)
#
# ## The loop, then the array
#
# The loop asks one question after the other. The package asks all at once; the mask sees to it that this is the same:

# %%
torch.manual_seed(0)
small = GPT(Sizes(len(characters), context=64, d_model=48, heads=4, d_ff=192, layers=2)).eval()
tokens, held_out = characters.encode(text.train), characters.encode(text.held_out)
few, losses = tokens[:20], []
for place in range(1, len(few)):
    scores = small(few[None, :place])[0, -1]
    losses.append(-torch.log_softmax(scores, dim=-1)[few[place]])
assert torch.allclose(torch.stack(losses).mean(), next_token_loss(small, few[None]), atol=1e-5)
show_source(next_token_loss)

# %% [markdown]
# ## Break it on purpose: labels that are not shifted
#
# Two slices in that function move the labels by one. Leave them out, and each place is asked for the character it has just read. (`fit` wants the *sum* of the losses and their number, hence the two things that are returned.)

# %%
def not_shifted(model, texts):
    loss = torch.nn.functional.cross_entropy(model(texts).flatten(0, 1), texts.flatten())
    return loss * texts.numel(), torch.tensor(texts.numel())

# %% [markdown]
# We train such a model for 150 steps with Muon (chapter 11) on batches of 8 pieces that begin anywhere, then measure its true loss on held-out text, with the labels where they belong. A blind guess among all characters costs $\ln$ of their number.
#
# **Predict first:** what is its true loss, in nats a character?

# %%
guess_true = None  # your guess, in nats

# %% tags=["claim:labels-not-shifted"]
batches = TextBatches(tokens, length=64, size=8)
recipe = Recipe(steps=150, rate=2e-3, warmup=20)
course = fit(small, batches, recipe, loss=not_shifted, make=muon)
true = model_bits(small, held_out[:4000], context=64, stride=32) * math.log(2)
claim("13.labels-not-shifted", guess_true, told=sum(course.losses[-20:]) / 20, true=true,
      blind=math.log(len(characters)))

# %% [markdown]
# The model has learned to repeat: it is nearly certain that the next character is the present one, and so it is badly wrong wherever that is another. In chapter 09 the same slip made a model useless; this one is worse than a blind guess, because it is *sure*. A loss near 0 on text that has not been seen before is not a success; it is a leak (chapter 04).
#
# ## Training it
#
# Now with the labels in their place (`language_loss` is `next_token_loss` as a sum and a number). Our model has three changes that later models made to GPT-2; they are explained at the end of this page. A piece of 129 characters is 128 questions; 400 batches go about 1.2 times through the text.
#
# We compare it with two packers. bz2 may use the whole training text, as the model did; gzip looks back 32 KiB only (a KiB is 1,024 bytes), a tenth of it.
#
# **Predict first:** gzip needs about 2.5 bits a character, bz2 about 1.7. How many does the GPT need?

# %%
guess_bits = None  # your guess, in bits a character

# %% tags=["claim:characters-and-packers"]
torch.manual_seed(0)
sizes = Sizes(len(characters), context=128, d_model=96, heads=4, d_ff=384, layers=3)
gpt = GPT(sizes, Changes(rms_norm=True, swiglu=True, rotary=True))
batches = TextBatches(tokens, length=129, size=8)
recipe = Recipe(steps=400, rate=2e-3, warmup=20)
course = fit(gpt, batches, recipe, loss=language_loss, make=muon)
gpt_bits, packed = model_bits(gpt, held_out, context=128, stride=64), compressed_bits(*text)
claim("13.characters-and-packers", guess_bits, gpt=gpt_bits, gzip=packed["gzip"],
      bz2=packed["bz2"])

# %%
bits = [sum(course.losses[start:start + 20]) / 20 / math.log(2) for start in range(0, 400, 20)]
figure, axes = canvas(width=5.2, height=2.9)
level = {"GPT, held out": gpt_bits, "gzip, held out": packed["gzip"],
         "bz2, held out": packed["bz2"]}
curves = {name: [value] * len(bits) for name, value in level.items()}
lines(axes, range(20, 401, 20), {"GPT, in training": bits, **curves},
      xlabel="training step", ylabel="bits a character")
show(figure, "The loss of the training in bits a character, beside what the trained model and two "
             "packers need for the held-out sections.")

# %% [markdown]
# A wider model with a context of 192 needs 1.58 to 1.60 bits after two minutes of two cores (`python benchmarks/gpt.py --bfloat16 --seeds 3`): less than bz2. The packer xz needs 1.84; the best *n-grams*, which count what followed the last 19 characters or fewer in the training text, 1.68. Part of the GPT's figure it owes to **weight decay**, which shrinks the matrices a little at each step: without it, 1,650 steps ended at 1.67 bits instead of 1.60, and at 1.17 for the text it was trained on. It was learning that by heart. And what is judged is the **mean of the weights** over about the last hundred steps: in each of nine trainings of 1,700 to 2,000 steps it was better than the last weights alone, by 0.009 to 0.014 bits.
#
# Who errs in different places can help each other. The mean of this GPT's probabilities and the n-grams' needs 1.50 bits or less, that of two GPTs trained side by side for five minutes 1.48, where either alone needs 1.56 or more (`--seconds 300 --models 2 --bfloat16`). Where the last 19 characters also stand in the training text, one place in ten, counting is ahead (0.95 bits, the GPTs 1.17); elsewhere the GPTs are (1.61, counting 1.76).
#
# ## From scores to a text
#
# To write, the model is given a beginning, the *prompt*, and then reads its own answers. Which one, of all characters that have a probability? Always the best (*greedy*, chapter 09), or one that is drawn by its probability:

# %%
prompt = characters.encode("T")[None]
draw = Sampler(generator=torch.Generator().manual_seed(0))
always = "T" + characters.decode(generate(gpt, prompt, 100)[0])
drawn = "T" + characters.decode(generate(gpt, prompt, 100, draw)[0])
shown = list(always[:12].replace(" ", "␣"))
show(token_rows({"reads": shown[:-1], "answers": shown[1:]}, handed_on=True),
     "When it writes, each answer is read next. Here the best one is taken, from 'T' on.")
print(f"always the best: {always!r}\n\ndrawn by probability: {drawn!r}")

# %% [markdown]
# The first goes round in circles, the second stumbles over unlikely characters (Holtzman et al. 2020, figure 1, found the like in GPT-2). Four ways between the two:
#
# - **temperature** $T$: divide the scores by $T$. Below 1 the likely gain, above 1 the unlikely (chapter 02).
# - **top-k**: only the $k$ best may be drawn (Fan et al. 2018), and what is as likely as the last of them.
# - **top-p**: only the fewest best that together reach the probability $p$ (Holtzman et al. 2020, eq. 2). By hand: with 0.5, 0.3, 0.15 and 0.05, top-p at 0.75 keeps the first two, for 0.5 is not enough, and the one that crosses is kept.
# - **min-p**: only those with at least a given share of the best one's probability (Nguyen et al. 2024). Of the same four, min-p at 0.2 keeps three, for 0.05 is less than 0.2 · 0.5.
#
# `Sampler` applies them in this order; what is left is made to sum to 1, and one is drawn.

# %%
scores = gpt(characters.encode("The f")[None])[0, -1]
likeliest = scores.topk(6).indices
names = characters.decode(likeliest).replace(" ", "␣")
figure, panels = canvas(3, height=2.5)
for axes, temperature in zip(panels, (0.5, 1.0, 2.0)):
    chances = torch.softmax(scores / temperature, dim=-1)[likeliest]
    heights = dict(zip(names, chances.tolist()))
    bars(axes, heights, title=f"T = {temperature}", xlabel="probability")
show(figure, "The six likeliest characters after 'The f', at three temperatures. What is missing "
             f"to 1 is shared by the {len(characters) - 6} others.")

# %% [markdown]
# How many characters does top-p keep? We ask at 800 places of the held-out text, each with 25 characters or more before it:

# %% tags=["claim:kept-by-top-p"]
parts = held_out[:1000].view(8, 125)
with torch.no_grad():
    scores = gpt(parts)[:, 25:]
kept = top_p(scores, 0.9).isfinite().sum(dim=-1)
assert (top_k(scores, 5).isfinite().sum(dim=-1) == 5).all()
claim("13.kept-by-top-p", vocab=len(characters), fewest=kept.min().item(), most=kept.max().item())

# %%
line = characters.decode(parts[6, -22:]).replace(" ", "␣").replace("\n", "⏎")
show(token_rows({"after": list(line), "kept": [str(one) for one in kept[6, -22:].tolist()]}),
     "How many characters top-p at 0.9 keeps after each one of a held-out line: mostly few "
     "inside a word, many where one begins.")

# %% [markdown]
# And now let it write with temperature and top-p, after a "The " that begins a paragraph. The text appears as it is drawn:

# %%
draw = Sampler(temperature=0.7, p=0.95, generator=torch.Generator().manual_seed(0))
print("The ", end="")
for token in stream(gpt, characters.encode("\n\nThe ")[None], 120, draw):
    print(characters.decode(token), end="", flush=True)

# %% [markdown]
# Words, mostly, and the manual's habits: `help()` underlines its headings with rows of stars. Sense is missing.
#
# ## What a cache saves
#
# We begin with one character and write 128, so the model is asked 128 times. Without a cache it reads everything so far each time. With one it keeps the keys and values of each layer (chapter 09), and reads only the newest character. What is kept stays right because of the causal mask: earlier tokens do not see the new one, so their keys and values do not change. (In a BERT all would.) The new token gets the position after the last, not 0. A *hook*, a function that is called with what goes into a module and what comes out, counts what is read.
#
# **Predict first:** how many times as many characters does the model read without the cache?

# %%
guess_factor = None  # your guess, a factor

# %% tags=["claim:tokens-read"]
def count(module, inputs, output):
    read.append(output.shape[1])


read, start = [], tokens[None, :1]
hook = gpt.embedding.register_forward_hook(count)
cached = generate(gpt, start, 128)
with_cache = sum(read)
assert torch.equal(cached, generate(gpt, start, 128, cache=False))
hook.remove()
without = sum(read) - with_cache
claim("13.tokens-read", guess_factor, with_cache=with_cache, without=without,
      factor=without / with_cache)

# %%
figure, (left, right) = canvas(2, height=2.7)
cells = torch.arange(8)
tables = {"without a cache": cells[:, None] >= cells, "with a cache": torch.eye(8)}
for axes, (name, table) in zip((left, right), tables.items()):
    heatmap(axes, table.double(), role="tokens", numbers=False, title=name, row_axis="steps",
            column_axis="tokens that are read")
show(figure, "Which tokens are read at which step, for the first eight. With a cache each is read "
             "once.")
tally()

# %% [markdown]
# In time less is saved, for one token in a step costs nearly as much as many. Writing 256 tokens, for which the model reads 128.5 times as many without the cache, is 4 to 7 times as fast with it for one text, and 15 to 22 times for eight at once (`python benchmarks/gpt.py --decoding`, beside Hugging Face's `generate` with the same weights; needs the extra `test`).
#
# Of a text longer than the context only the last tokens are read. Then each stands at another place than before, and the package computes all anew.
#
# ## What changed since 2019
#
# Later decoders, such as Llama 3, do four things in another way than GPT-2. Our model has the first three of them; `Changes` switches on each alone:
#
# - **RMSNorm** (Zhang and Sennrich 2019) divides by the root of the mean square, and subtracts no mean: one step less.
# - **SwiGLU** (Shazeer 2020): the feed-forward layer makes its hidden numbers twice, and one of the two, bent by a smooth ReLU called *Swish*, multiplies the other as a gate. It is made narrower, so that there are about as many parameters.
# - **Rotary positions** (chapter 07) in place of learned ones.
# - **Grouped queries** (chapter 06): fewer key heads, a smaller cache.
#
# Which of them pays off on your machine, `python benchmarks/gpt.py --changes` tells: it trains GPT-2 with each change alone, and with all four, on the same budget. After 30 seconds of one core (medians of three trainings) GPT-2 needed 3.61 bits a character, with rotary positions 2.79, with any other change alone 3.60 to 3.62, and with all four 2.76.
#
# Without the changes the package's model is equal to Hugging Face's GPT-2; with all four to their Llama, built with offsets in attention and one table for tokens and scores. Tests compare them, number by number.
#
# ## What to take along
#
# - In the next character are spelling, words and the look of a page: after 400 steps about 2.2 bits are left. Sense is not there yet.
# - A decoder alone needs no labels but the text, moved by one. Check the shift: without it the training looks perfect.
# - Bits a character: the loss in nats, divided by ln 2. Packers are measured in the same unit.
# - Temperature, top-k, top-p and min-p shape what is drawn. Top-p keeps the token that crosses.
# - As long as the text fits into the context, a cache changes no token; it spares reading the past again.
#
# ## Five questions
#
# <details><summary>1. A piece has 257 characters. How many questions is it?</summary>
#
# 256: there is nothing before the first one, so it is never asked for.
# </details>
# <details><summary>2. A loss of 1.5 nats a character: how many bits?</summary>
#
# $1.5 / \ln 2 = 2.16$.
# </details>
# <details><summary>3. Probabilities 0.6, 0.3 and 0.1. What does top-p keep at 0.6, and at 0.61?</summary>
#
# The first at 0.6; the first two at 0.61.
# </details>
# <details><summary>4. What is drawn at a temperature near 0?</summary>
#
# Always the best token: greedy decoding.
# </details>
# <details><summary>5. Your cache gives another text than no cache. Where do you look first?</summary>
#
# At the positions: the new token stands behind all that are kept, not at 0. Then at the axis on which keys and values are joined: that of the tokens.
# </details>
#
# ## Where to read on
#
# Radford et al. 2019, §2: what GPT-2 is, on two pages. Holtzman et al. 2020: why the likeliest text is a dull one. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/13_exercises_gpt.ipynb) ask for the shifted loss, bits, top-k, top-p, drawing with min-p, the loop that writes, and the cache. Then go on to [14 · Efficient attention](14_efficient_attention.ipynb).
