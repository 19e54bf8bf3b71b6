# %% [markdown]
# # 09 · Encoder and decoder
#
# *The potato* has two words, *la pomme de terre* has four. *The white house* has three, and so has *la maison blanche*, but in another order. A block of chapter 08 gives one vector for each token it was given: as
# many as came in, each at its place. **How does a sentence come out that has another length and another order?**
#
# The 2017 paper takes two stacks. An *encoder* reads the source. A *decoder* writes the target, token by token, and in each of its blocks it looks at what the encoder made. This chapter puts the whole model together
# out of the parts of chapters 05 to 08, holds it against torch's, trains it, looks inside, and breaks it in three places.

# %%
import inspect
import math
import random

import torch
from torch import nn

from selfattention import masks
from selfattention.claims import Measured, claim, guessed
from selfattention.data.batches import Batch, Batches, batch, padded
from selfattention.data.words import END, SPECIAL, Vocabulary
from selfattention.decoding import greedy
from selfattention.layers import MultiHeadAttention, watching
from selfattention.models.transformer import Memory, Sizes, Transformer
from selfattention.parity import from_torch
from selfattention.plots import canvas, heatmap, lines, show
from selfattention.training import Recipe, Trainer, adam, translation_loss, up_and_down

# %% [markdown]
# ## What the decoder reads, and what it answers
#
# The decoder learns to say the **next** word, given the source and the words before. So the target is used twice: once with a begin sign in front, to be read, and once with an end sign behind, to be answered. The two stand one column apart:

# %%
pairs = [("the white house", "la maison blanche"), ("the cat", "le chat")]
sources, targets = ([sentence.split() for sentence in side] for side in zip(*pairs))
english, french = Vocabulary(sources), Vocabulary(targets)
two = batch([english.encode(words) for words in sources], [french.encode(words) for words in targets])
for sentence in range(2):
    for name, row in (("reads  ", two.decoder_input[sentence]), ("answers", two.labels[sentence])):
        print(name, " ".join(f"{french.words[token]:10}" for token in row))

# %% [markdown]
# Read it in columns. With *la* and *maison* read, *blanche* is to be answered. The begin sign gives the first answer something to start from; the end sign is how the decoder says that it is done. That is why the
# target may have any length. Behind the end stands padding, which nobody reads and nobody scores.
#
# Giving the decoder the true words before, whatever it would have written itself, is called **teacher forcing**.
#
# ## Cross-attention: ask here, look there
#
# A decoder block has three sublayers (Vaswani et al. 2017, §3.1). The first is self-attention with a causal mask, the last the feed-forward layer. New is the one between: the **queries** come from the decoder,
# **keys and values** from the encoder's output, the *memory* (§3.2.3). Each target token asks, and source tokens answer. First a loop, then the package. (`watching` collects weights while a layer runs: `seen[layer][call]` has the axes batch, heads, queries, keys.)

# %%
def cross_loop(layer, x, memory):
    queries, keys, values = layer.query(x), layer.key(memory), layer.value(memory)
    rows = []
    for query in queries:
        powers = torch.stack([torch.exp(query @ key / math.sqrt(len(key))) for key in keys])
        rows.append(sum(power / powers.sum() * value for power, value in zip(powers, values)))
    return layer.output(torch.stack(rows))


torch.manual_seed(0)
layer, x, memory = MultiHeadAttention(d_model=8, heads=1), torch.randn(4, 8), torch.randn(3, 8)
with watching(layer) as seen:
    assert torch.allclose(layer(x[None], memory[None])[0], cross_loop(layer, x, memory), atol=1e-6)
print("4 target tokens look at 3 source tokens: weights", tuple(seen[0][0][0, 0].shape))

# %% [markdown]
# Nothing says that the two lengths agree: four queries and three keys give a table of 4 × 3. This is the only place where source and target meet.
#
# ## Three attentions, three masks
#
# Each asks its own question. Encoder: which source tokens are real? Decoder: what has been written so far? Cross-attention: which source tokens are real? The source is known from its first word to its last, so **no causal mask here**.

# %%
source, target = two.source, two.decoder_input
real, written = (source != 0)[:, None], masks.combine(masks.causal(4), (target != 0)[:, None])
names = [SPECIAL[1], "le", "chat", SPECIAL[0]], ["the", "cat", SPECIAL[0]]
figure, panels = canvas(3, width=8.6, height=2.9)
heatmap(panels[0], real[1].expand(3, 3), queries=names[1], keys=names[1], title="encoder", numbers=False, largest=1.4)
heatmap(panels[1], written[1], queries=names[0], keys=names[0], title="decoder, itself", numbers=False, largest=1.4)
heatmap(panels[2], real[1].expand(4, 3), queries=names[0], keys=names[1], title="decoder, source", numbers=False,
        largest=1.4)
for axes in panels:
    axes.tick_params(axis="x", rotation=30)
show(figure, "The three masks of the second pair, queries down and keys across; dark means may attend. Encoder: all "
             "but the padding. Decoder to itself: the lower triangle without the padding. Decoder to source: all but "
             "the source's padding, for every query.")

# %% [markdown]
# In the package the decoder's own mask is the causal one alone. That is enough when padding stands at the end: it lies in the future of every real token. (Padding in front would need both.)
#
# ## The whole model
#
# `encode` runs once for a sentence. `decode` scores every next token. With `_embed` before them and a softmax behind, this is Figure 1 of the paper; embeddings are multiplied by $\sqrt{d_{model}}$ (§3.4), then sinusoids are added (§3.5):

# %%
print(inspect.getsource(Transformer.encode).split('"""')[2])
print(inspect.getsource(Transformer.decode).split('"""')[2])

# %% [markdown]
# `past` is a cache for writing (chapter 13); in training it is empty. The scores come from the target embedding's own matrix, transposed (§3.4; the paper has one vocabulary for both languages, and shares the source embedding as well).
#
# ## Is it the model of 2017?
#
# torch has one: `nn.Transformer`. (Both give the attention's projections an offset, which the paper's formulas lack.) If both are right, then with the same weights they must give the same numbers. Our matrices have other names; `from_torch` knows both names of each, and refuses if a weight is left over on either side.
#
# One thing differs: torch puts one more norm behind each stack. The paper has none, because its last block ends with a norm already. We take it away, fill both models with the same random numbers, and compare in float64.

# %% tags=["claim:equals-torch"]
sizes = Sizes(source_vocab=29, target_vocab=31, d_model=14, heads=2, d_ff=23, layers=3)
ours = Transformer.paper(sizes).double().eval()
theirs = nn.Transformer(14, 2, 3, 3, 23, batch_first=True, dtype=torch.float64).eval()
theirs.encoder.norm = theirs.decoder.norm = None
for parameter in theirs.parameters():
    nn.init.normal_(parameter, std=0.5)
from_torch(ours, theirs)
source, target = torch.tensor([[5, 9, 4, 28, 7], [11, 13, 0, 0, 0]]), torch.tensor([[1, 6, 30, 9], [1, 7, 4, 0]])
vectors = [table(tokens) * math.sqrt(14) + ours.positions(tokens.shape[1])
           for table, tokens in ((ours.source_embedding, source), (ours.target_embedding, target))]
wanted = ours.logits(theirs(*vectors, tgt_mask=~masks.causal(4), src_key_padding_mask=source == 0,
                            memory_key_padding_mask=source == 0))
tables = [ours.source_embedding.weight, ours.target_embedding.weight]
slopes = [torch.autograd.grad(scores.sin().sum(), tables) for scores in (ours(source, target), wanted)]
error = Measured((ours(source, target) - wanted).abs().max().item(), below=1e-12)
slope = Measured(max((one - other).abs().max().item() for one, other in zip(*slopes)), below=1e-12)
claim("the model of this course is the one of 2017, as torch has it",
      f"with the same weights, scores differ by {error}, gradients of both embeddings by {slope}", error, slope)

# %% [markdown]
# ## A task that needs another order: say it backwards
#
# A sentence is 4 to 8 letters; the target is the same letters in reverse. The first answer is the *last* letter of the source, and where that stands differs from sentence to sentence.

# %%
LETTERS, SHORTEST, LONGEST = "abcdefghijklmnopqrst", 4, 8
letters = Vocabulary([LETTERS])


def sentences(count, seed, taken=()):
    rng = random.Random(seed)
    made = (tuple(letters.encode(rng.choices(LETTERS, k=rng.randint(SHORTEST, LONGEST)))) for _ in range(2 * count))
    return [sentence for sentence in made if sentence not in taken][:count]


def backwards(some):
    return [sentence[::-1] for sentence in some]


training = sentences(20_000, seed=1)
unseen = sentences(400, seed=2, taken=set(training))
print(" ".join(letters.decode(unseen[0])), " → ", " ".join(letters.decode(backwards(unseen)[0])),
      f"   ({len(unseen)} sentences are kept for testing)")

# %% [markdown]
# The paper's recipe in small: Adam with its β (§5.3), warm-up, batches of similar length (§5.1), and **label smoothing** (§5.4): the target gives the true word 0.9 and shares 0.1 equally among all words, so that no score need grow without end.
# After the warm-up our rate falls in a line to 0 instead of with $1/\sqrt{step}$ (eq. 3), which is our choice. One layer and one head, to have one map to look at. We score **free running**: the model writes, with nobody to correct it, and a sentence counts if every letter and the end sign are right.

# %%
def share_right(model, some=unseen):
    model.eval()
    written = greedy(model, padded(some), most=LONGEST + 2)
    model.train()
    return sum(row[:len(s) + 1].tolist() == [*s[::-1], END] for row, s in zip(written, some)) / len(some)


def train(model, batches, steps, loss=translation_loss(0.1)):
    trainer = Trainer(model, adam(model, 5e-3), loss, lambda step: up_and_down(step, 60, steps), Recipe(steps=steps))
    curve = []
    for nats in trainer.run(batches, progress=False):
        if trainer.step % 100 == 0:
            curve.append(share_right(model))
    return curve, nats


small = Sizes(len(letters), len(letters), d_model=64, heads=1, d_ff=128, layers=1, dropout=0.0)

# %% [markdown]
# **Predict:** trained for 800 steps, under half a minute, what share of 400 unseen sentences comes out right from the first letter to the end sign?

# %%
guess_right = None  # your guess, between 0 and 1

# %% tags=["claim:reverses-unseen"]
torch.manual_seed(0)
model = Transformer.paper(small)
curve, _ = train(model, Batches(training, backwards(training), size=64), steps=800)
right = Measured(share_right(model), above=0.9)
guessed(guess_right, right)
claim("one layer of encoder and decoder learns to reverse sentences it has never seen",
      f"of 400 unseen sentences {right} are right from the first letter to the end sign", right)

# %% [markdown]
# How does it do it? Look at the cross-attention. In row $t$ the decoder is about to write letter $t$ of a sentence of $n$ letters; that letter stands at source place $n - 1 - t$. Nobody told the model so. **Predict:** for what share of the letters
# does the strongest weight lie on that mirrored place? A blind choice gives 0.17.

# %%
guess_mirrored = None  # your guess, between 0 and 1

# %% tags=["claim:anti-diagonal"]
def weights(model, some):
    pair = batch(some, backwards(some))
    with watching(model.decoder[0].cross_attention) as seen:
        model(pair.source, pair.decoder_input)
    return seen[0][0][:, 0]


def mirrored(model, some=unseen):
    lengths, table = torch.tensor([len(sentence) for sentence in some]), weights(model.eval(), some)
    places = lengths[:, None] - 1 - torch.arange(table.shape[1])
    return (table.argmax(dim=-1) == places)[places >= 0].float().mean().item()


looks = Measured(mirrored(model), above=0.9)
guessed(guess_mirrored, looks)
claim("the cross-attention of a model that reverses is an anti-diagonal",
      f"the strongest weight lies on the mirrored letter for {looks} of the letters", looks)

# %%
longest = [sentence for sentence in unseen if len(sentence) == LONGEST]
one = letters.decode(longest[0])
figure, panels = canvas(2, width=8.8, height=3.7)
heatmap(panels[0], weights(model, longest[:1])[0], queries=[*one[::-1], "end"], keys=one, row_axis="to be written",
        column_axis="source", title="one sentence")
heatmap(panels[1], weights(model, longest).mean(dim=0), row_axis="place in the target",
        column_axis="place in the source", title=f"mean of all with {LONGEST} letters")
show(figure, "Weights of cross-attention, target down and source across. In one sentence, and in the mean over all "
             "unseen sentences of eight letters, most of the weight lies on the anti-diagonal: each letter is read "
             "where it stands. The last row writes the end sign and needs no letter.")

# %% [markdown]
# ## Break it, 1: labels that are not shifted
#
# Give the decoder the labels themselves to read. **Predict:** what is the training loss after 200 steps, in nats? (Guessing blindly costs about 3.)

# %%
guess_unshifted = None  # your guess, in nats

# %% tags=["claim:unshifted-labels"]
class Unshifted(Batches):
    def __getitem__(self, step):
        pair = super().__getitem__(step)
        return Batch(pair.source, pair.labels, pair.labels)


torch.manual_seed(0)
cheat = Transformer.paper(small)
_, nats = train(cheat, Unshifted(training, backwards(training), size=64), 200, loss=translation_loss(0.0))
loss, alone = Measured(nats, digits=1, below=0.05), Measured(share_right(cheat), digits=1, below=0.05)
guessed(guess_unshifted, loss, "nats")
claim("labels that are not shifted give a loss of nothing and a model of no use",
      f"training loss {loss} nats; sentences right when it writes itself: {alone}", loss, alone)

# %% [markdown]
# The causal mask lets each place see itself, so the answer stood right there. A loss that is too good to be true is not true. The model has learned to copy what it reads, and when it writes itself, what it reads is only what it wrote.
#
# ## Break it, 2: a causal mask on cross-attention
#
# Word $t$ of the target may now look at source words $0 \dots t$ only. To reverse, the first answer needs the *last* source word, which is hidden. **Predict:** train this model half as long again as the right one, its learning rate falling over as many steps. What share of the sentences does it get right?

# %%
guess_causal = None  # your guess, between 0 and 1


class CausalCross(Transformer):
    def decode(self, target, memory, past=None):
        start = 0 if past is None else past[0][0].shape[-2]
        triangle = torch.ones(target.shape[1], memory.mask.shape[-1], dtype=torch.bool).tril(start)
        return super().decode(target, Memory(memory.keys_values, memory.mask & triangle), past)

# %%
masked_late = CausalCross.paper(small)
masked_late.load_state_dict(model.state_dict())
torch.manual_seed(0)
masked = CausalCross.paper(small)
masked_curve, _ = train(masked, Batches(training, backwards(training), size=64), steps=1200)
guessed(guess_causal, Measured(masked_curve[-1], above=0.7))

# %% tags=["claim:causal-cross-attention"]
late, elsewhere = Measured(share_right(masked_late), below=0.05), Measured(mirrored(masked), below=0.2)
wrong = [sum(1 - share for share in found[:8]) / 8 for found in (curve, masked_curve)]
later, in_the_end = Measured(wrong[1] / wrong[0], above=1.2), Measured(masked_curve[-1], above=0.7)
claim("a causal mask on cross-attention does not crash, and does not even stop the model: it learns later, and "
      "elsewhere",
      f"put onto the trained model: {late} right. Trained with it: on average over the first 800 steps {later} times as "
      f"many sentences wrong, {in_the_end} right at step 1200; strongest weight on the mirrored letter: {elsewhere}",
      late, later, in_the_end, elsewhere)

# %%
figure, panels = canvas(2, width=8.8, height=3.5)
curves = {"right mask": curve + [math.nan] * 4, "causal mask": masked_curve}
lines(panels[0], range(100, 1201, 100), curves, xlabel="training step",
      ylabel="unseen sentences right")
heatmap(panels[1], weights(masked, longest).mean(dim=0), row_axis="place in the target",
        column_axis="place in the source", title="causal mask: mean weights")
show(figure, "Left: sentences right against training step; with the causal mask the model learns later. Right: its "
             "mean weights of cross-attention over sentences of eight letters lie in the lower triangle, and the "
             "anti-diagonal is gone.")

# %% [markdown]
# How can it reverse what it must not see? The first answer is made from the memory of source place 0 alone, and yet it is the last letter. So the *encoder*, which has no causal mask, must have carried it there. A bug need not show as a
# failure. It may show as a model that learns later, for no visible reason. So test masks as in chapter 04, and do not wait for the loss to tell.
#
# ## Break it, 3: padding in the loss
#
# Padding is the easiest word of all: after the end sign always comes padding. Count it among the tokens, and the mean falls. We train a model so, on sentences of very different lengths in unsorted batches:

# %%
def loss_with_padding(model, pair):
    logits = model(pair.source, pair.decoder_input)
    nats = nn.functional.cross_entropy(logits.flatten(0, 1), pair.labels.flatten(), reduction="sum")
    return nats, torch.tensor(pair.labels.numel())


def unsorted(some, size=64):
    return [batch(some[at:at + size], backwards(some[at:at + size])) for at in range(0, len(some), size)]


uneven = [s[:2] if number % 4 else s + s for number, s in enumerate(training[:9792])]
held = uneven[-192:]
torch.manual_seed(0)
padding_counts = Transformer.paper(small)
train(padding_counts, unsorted(uneven[:-192]), steps=150, loss=loss_with_padding)
print("sentences of", sorted(set(map(len, held))), "letters")

# %% [markdown]
# Then we report *its own loss* on one test set twice: in batches of 64, and sentence by sentence, where there is no padding. **Predict:** what is the first divided by the second?

# %%
guess_ratio = None  # your guess; 1 would be no difference

# %% tags=["claim:padding-in-the-loss"]
@torch.no_grad()
def reported(loss, size):
    parts = [loss(padding_counts.eval(), pair) for pair in unsorted(held, size)]
    return (sum(nats for nats, _ in parts) / sum(tokens for _, tokens in parts)).item()


ratio, honest = (reported(loss, 64) / reported(loss, 1) for loss in (loss_with_padding, translation_loss(0.0)))
labels = [pair.labels for pair in unsorted(held)]
kept = sum((part != 0).sum().item() for part in labels) / sum(part.numel() for part in labels)
real = Measured(kept, digits=1)
flattered = Measured(ratio, digits=1, above=kept - 0.1, below=kept + 0.1)
fair = Measured(honest, digits=1, above=0.999, below=1.001)
guessed(guess_ratio, flattered)
claim("padding in the loss makes a model look better, by as much as there is padding",
      f"one model, one test set: in batches of 64, where {real} of the tokens are real, its loss is {flattered} "
      f"of what it is sentence by sentence; over real tokens alone {fair}",
      real, flattered, fair)

# %% [markdown]
# The model is the same. What changed is how many easy tokens were thrown in. Such a loss cannot be compared between batch sizes, data sets or papers. So count real tokens, above the line and below.
#
# ## Is there no sequential processing?
#
# "Transformers process all tokens in parallel" is half true. In **training** the whole target is known, and the causal mask lets one run of the decoder score every place at once. In **writing** a word must exist before it can be read.
# **Predict:** a batch of sentences of eight letters. Scoring it takes one run of the decoder. How many does writing it take?

# %%
guess_runs = None  # your guess

# %% tags=["claim:training-is-parallel-writing-is-not"]
pair, runs = batch(longest, backwards(longest)), []
hook = model.decoder[0].register_forward_hook(lambda *_: runs.append("run"))
with torch.no_grad():
    model(pair.source, pair.decoder_input)
scoring = Measured(len(runs), exactly=1)
greedy(model, pair.source, most=LONGEST + 5)
writing = Measured(len(runs) - 1, exactly=LONGEST + 1)
hook.remove()
guessed(guess_runs, writing)
claim("training is parallel over the tokens, writing is one token after another",
      f"runs of the decoder for {len(longest)} sentences of {LONGEST} letters: {scoring} to score them, {writing} to "
      f"write them", scoring, writing)

# %% [markdown]
# A cache makes each of these runs cheaper, not fewer. And the other side of teacher forcing: in training the model has read only right beginnings, never its own mistakes. So a loss says little about what happens when it runs free; measure that, too.
#
# ## What to take along
#
# - The decoder reads the target one place behind what it answers: begin sign in front, end sign behind.
# - In cross-attention the decoder asks, the source is found and read. Two lengths may differ, and order is learned.
# - Three masks: real source, real past of the target, real source again. No causal mask on the source.
# - Unshifted labels, padding in the loss: both make the loss better. A causal mask on cross-attention makes learning slower. None of them crashes.
# - Training is parallel; writing goes token by token.
#
# Now do the [exercises](../exercises/09_encoder_decoder.ipynb), then go on to [10 · Training a translator](10_training_a_translator.ipynb).
