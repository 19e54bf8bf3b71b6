# %% [markdown]
# # 13 · GPT: a decoder alone
#
# Take the Transformer of 2017, leave out the encoder, and train what is left on a single question: *which token comes next?* **How much of a language is in that question, and how do scores become a text?**
#
# GPT is this machine (Radford et al. 2018, 2019). There is no source sentence and no translation; the text itself says what is right. Our tokens are characters, and our text is English that is on your computer already: what Python's `help()` says about the language.

# %%
import math

import torch

from selfattention.claims import claim, tally
from selfattention.compression import compressed_bits, model_bits
from selfattention.data import topics
from selfattention.data.asked import Stream
from selfattention.data.characters import Characters, pieces
from selfattention.models.gpt import GPT, Changes, Sizes
from selfattention.plots import bars, canvas, course_map, heatmap, lines, show, token_rows
from selfattention.sampling import Sampler, generate, stream, top_k, top_p
from selfattention.source import show_source
from selfattention.training import Recipe, fit, language_loss, muon, next_token_loss

show(course_map(13, machine="decoder", here=["masked self-attention", "next token"]),
     "Where we are: the decoder without cross-attention. All of its parts were built before.")

# %% [markdown]
# ## The idea in one picture
#
# One piece of text is both exercise and solution. The model reads it up to some character and must answer with the next one; thanks to the causal mask it does so at all places at once. A piece of $n + 1$ characters is $n$ questions.

# %%
text = topics.split()
characters = Characters(text.train + text.held_out)
piece = list("the print")
show(token_rows({"reads": piece[:-1], "answers": piece[1:]}),
     "What the model reads, and what it must answer at each place: the same text, moved by one.")
print(f"{len(text.train):,} characters to learn from, {len(text.held_out):,} held out, "
      f"{len(characters)} different ones")

# %% [markdown]
# Held out are whole sections, so that no sentence stands on both sides.
#
# ## By hand: nats, bits, and what a text costs
#
# At three places the model gives the character that really comes the probabilities 1/2, 1/4 and 1/8. The loss is the mean of $-\ln p$: $(0.69 + 1.39 + 2.08)/3 = 1.39$ nats. With logarithms to the base 2 it is $(1 + 2 + 3)/3 = 2$ **bits**. One nat is $1/\ln 2 = 1.44$ bits.
#
# Bits have a meaning of their own: a program that knows the model's probabilities can store the text in so many bits a character (Shannon 1948). So language models and packers such as gzip play the same game, and we can compare them.
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
# Two slices in that function move the labels by one. Leave them out, and each place is asked for the character it has just read. (`drawn` gives the batches: 8 pieces that begin anywhere.)

# %%
def not_shifted(model, texts):
    loss = torch.nn.functional.cross_entropy(model(texts).flatten(0, 1), texts.flatten())
    return loss * texts.numel(), torch.tensor(texts.numel())


def drawn(length):
    return Stream(lambda count, generator: pieces(tokens, count, length, generator), size=8)

# %% [markdown]
# We train such a model for 150 steps, then measure its true loss on held-out text, with the labels where they belong. A blind guess among all characters costs $\ln$ of their number.
#
# **Predict first:** what is its true loss, in nats a character?

# %%
guess_true = None  # your guess, in nats

# %% tags=["claim:labels-not-shifted"]
small.train()
course = fit(small, drawn(64), Recipe(steps=150, rate=2e-3, warmup=20), loss=not_shifted, make=muon)
true = model_bits(small, held_out[:4000], context=64, stride=32) * math.log(2)
claim("13.labels-not-shifted", guess_true, told=sum(course.losses[-20:]) / 20, true=true,
      blind=math.log(len(characters)))

# %% [markdown]
# The model has learned to repeat: it is nearly certain that the next character is the present one, and nearly always wrong. The curve of the training looked like a triumph. A loss near 0 on text that has not been seen before is not a success; it is a leak (chapter 04).
#
# ## Training it
#
# Now with the labels in their place, a model of three layers, and four changes to GPT-2 that later models made; they come below. `muon` is the optimizer for the matrices inside the layers (Jordan et al. 2024). We compare it with packers that may read the training text first, as the model did.
#
# **Predict first:** gzip needs about 2.5 bits a character, bz2 about 1.7. How many does the GPT need?

# %%
guess_bits = None  # your guess, in bits a character

# %% tags=["claim:characters-and-packers"]
torch.manual_seed(0)
sizes = Sizes(len(characters), context=128, d_model=96, heads=4, d_ff=384, layers=3)
gpt = GPT(sizes, Changes(rms_norm=True, swiglu=True, rotary=True))
recipe = Recipe(steps=400, rate=2e-3, warmup=20)
course = fit(gpt, drawn(129), recipe, loss=language_loss, make=muon)
packed = compressed_bits(*text)
claim("13.characters-and-packers", guess_bits, gzip=packed["gzip"], bz2=packed["bz2"],
      gpt=model_bits(gpt, held_out, context=128, stride=64))

# %%
bits = [sum(course.losses[start:start + 20]) / 20 / math.log(2) for start in range(0, 400, 20)]
figure, axes = canvas(width=5.2, height=2.9)
level = {name: [packed[name]] * len(bits) for name in ("gzip", "bz2")}
lines(axes, range(20, 401, 20), {"GPT, on the training text": bits, **level},
      xlabel="training step", ylabel="bits a character", below=True)
show(figure, "The loss of the training in bits a character, beside what two packers need for the "
             "held-out sections.")

# %% [markdown]
# The curve has not come to its end. With more layers and more time the same recipe passes bz2 as well: `python benchmarks/gpt.py` trains for two minutes and prints gzip, bz2, xz and the best of the n-grams beside it.
#
# ## From scores to a text
#
# The model gives each character a probability. Always taking the best one gets stuck in loops; drawing by the probabilities takes, now and then, something absurd. Three ways to stand between:
#
# - **temperature** $T$: divide the scores by $T$. Below 1 the likely gain, above 1 the unlikely.
# - **top-k**: only the $k$ best may be drawn (Fan et al. 2018).
# - **top-p**: only the fewest best that together reach the probability $p$ (Holtzman et al. 2020, eq. 2). By hand: with 0.5, 0.3, 0.15 and 0.05, top-p at 0.75 keeps the first two, for 0.5 is not enough, and the one that crosses is kept.

# %%
prompt = characters.encode("The statement is")[None]
scores = gpt(prompt)[0, -1]
best = scores.topk(6).indices
figure, panels = canvas(3, height=2.5)
for axes, temperature in zip(panels, (0.5, 1.0, 2.0)):
    chances = torch.softmax(scores / temperature, dim=-1)[best]
    names = [repr(characters.decode([token])) for token in best]
    bars(axes, dict(zip(names, chances.tolist())), title=f"T = {temperature}")
show(figure, "The six likeliest characters after 'The statement is', at three temperatures.")

# %% [markdown]
# How many characters does top-p keep? We ask at 1,000 places of the held-out text:

# %% tags=["claim:kept-by-top-p"]
with torch.no_grad():
    everywhere = torch.cat([gpt(part[None])[0] for part in held_out[:1000].split(100)])
kept = top_p(everywhere, 0.9).isfinite().sum(dim=-1)
assert (top_k(everywhere, 5).isfinite().sum(dim=-1) == 5).all()
claim("13.kept-by-top-p", vocab=len(characters), fewest=kept.min().item(), most=kept.max().item())

# %% [markdown]
# And now let it write. The text appears as it is drawn:

# %%
draw = Sampler(temperature=0.7, p=0.95, generator=torch.Generator().manual_seed(0))
for token in stream(gpt, characters.encode("\n\nThe ")[None], 120, draw):
    print(characters.decode(token), end="", flush=True)

# %% [markdown]
# Words, mostly; a sentence with a meaning would need a larger model and more text.
#
# ## What a cache saves
#
# To write 128 characters, the model is asked 128 times. Without a cache it reads everything so far each time. With one it keeps the keys and values of each layer (chapter 09), and reads only the newest character. A *hook*, a function that is called with what comes out of a module, counts what is read.
#
# **Predict first:** by what factor does the model read more without the cache?

# %%
guess_factor = None  # your guess, a factor

# %% tags=["claim:tokens-read"]
read, start = [], tokens[None, :1]
hook = gpt.embedding.register_forward_hook(lambda *call: read.append(call[-1].shape[1]))
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
tables = {"without": cells[:, None] >= cells, "with the cache": torch.eye(8)}
for axes, (name, table) in zip((left, right), tables.items()):
    heatmap(axes, table.double(), numbers=False, row_axis="steps", column_axis="tokens", title=name)
show(figure, "Which tokens are read at which step, for the first eight. With the cache each is "
             "read once.")
tally()

# %% [markdown]
# The time saved is less than the tokens saved, since a step on one token cannot keep a processor busy. The course's benchmark (`python benchmarks/gpt.py --decoding`) measures it, beside Hugging Face's `generate` with the same weights.
#
# ## What changed since 2019
#
# The model above is not quite GPT-2. `Changes` switches on, one by one, what later decoders such as Llama do in another way:
#
# - **RMSNorm** (Zhang and Sennrich 2019) divides by the root of the mean square, and subtracts no mean: one step less.
# - **SwiGLU** (Shazeer 2020): the feed-forward layer has a second projection that opens or closes each hidden number. It is made narrower, so that there are about as many parameters.
# - **Rotary positions** (chapter 07) in place of learned ones.
# - **Grouped queries** (chapter 06): fewer key heads, a smaller cache.
#
# `python benchmarks/gpt.py --changes` trains GPT-2 with each of them alone and with all on the same budget. The package's model is equal to Hugging Face's GPT-2 without the changes and to their Llama with all four; tests hold them together.
#
# ## What to take along
#
# - A decoder alone needs no labels but the text, moved by one. Check the shift: without it the training looks perfect.
# - Bits a character: the loss divided by ln 2. Packers play the same game.
# - Temperature, top-k and top-p shape what is drawn. Top-p keeps the token that crosses.
# - A cache changes no token; it spares reading the past again.
#
# ## Five questions
#
# <details><summary>1. A piece has 129 characters. How many questions is it?</summary>
#
# 128: there is nothing before the first one, so nobody is asked for it.
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
# At the positions: the new token stands behind all that are kept, not at 0. Then at the axis on which keys and values are joined.
# </details>
#
# ## Where to read on
#
# Radford et al. 2019, §2: what GPT-2 is, on two pages. Holtzman et al. 2020: why the likeliest text is a dull one. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/13_exercises_gpt.ipynb) ask for the shifted loss, bits, top-k, top-p, the loop that writes, and the cache. Then go on to [14 · Efficient attention](14_efficient_attention.ipynb).
