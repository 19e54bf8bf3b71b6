# %% [markdown]
# # 09 · Encoder and decoder
#
# *The potato* has two words, *la pomme de terre* has four. *The white house* has three, and so has *la maison blanche*, but in another order. A block of chapter 08 gives one vector for each token it was given: as many as came in, each at its place.
#
# **How can a sentence of another length, in another order, come out?**

# %%
import torch

from selfattention import masks
from selfattention.attention import attention, attention_weights
from selfattention.claims import claim, tally
from selfattention.data import letters
from selfattention.decoding import greedy, share_right
from selfattention.models import plain
from selfattention.models.transformer import Memory, Sizes, Transformer
from selfattention.parity import apart, torch_twin
from selfattention.plots import (canvas, course_map, flow, heatmap, heatmaps, lines, show,
                                 token_rows, tokens_and_links)
from selfattention.source import show_source
from selfattention.training import Recipe, cross_entropy, fit, mean_loss, translation_loss

show(course_map(9), "Where we are: cross-attention joins the two halves, and the machine is whole.")

# %% [markdown]
# ## The idea in one picture
#
# The paper of 2017 takes two stacks of blocks. An **encoder** reads the sentence that is there, the *source*. What it makes is called the **memory** (elsewhere: encoder output): a vector for each source token, which also holds what that token has read from the others. A **decoder** writes the sentence that is wanted, the *target*, token by token, and in each of its blocks it asks the memory. That is **cross-attention**, the one place where source and target meet.
#
# The vectors below are set by hand; their four numbers stand for *article*, *colour*, *thing*, *plural*. The weights are computed from them. Later we draw the same picture from the weights of a trained model.

# %%
english, french = ["the", "white", "house"], ["la", "maison", "blanche"]
keys = torch.tensor([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]])     # what each source is
queries = torch.tensor([[3.0, 0, 1, 0], [0, 0, 3, 0], [0, 3, 1, 0]])  # what each target asks for
within, across = attention_weights(keys, keys), attention_weights(queries, keys)
columns, between = ["source", "memory", "target"], ["self-attention", "cross-attention"]
show(tokens_and_links([english, english, french], [within, across], columns, between=between),
     "Each column reads from the one on its left; a thick line is a large weight. In "
     "cross-attention the lines cross: maison reads house, blanche reads white.")

# %% [markdown]
# Order is not kept by place. It is *found*, by what fits. Nor need the two sides be equally long: each target token asks the whole memory. (*La* reads a little of *house*, too: its gender depends on it.)
#
# ## Three tokens by hand
#
# Cross-attention is the attention of chapter 03, with queries from one side and keys and values from the other (Vaswani et al. 2017, §3.2.3):
#
# $$\mathrm{softmax}\!\left(\frac{Q_{target}\,K_{memory}^\top}{\sqrt{d_k}}\right) V_{memory}$$
#
# Take the query of *maison*, (0, 0, 3, 0). Its scores with the three keys are 0, 0 and 6. Divided by $\sqrt 4 = 2$ they are 0, 0 and 3; their exponentials are 1, 1 and 20.09, with the sum 22.09. So the weights are 0.05, 0.05 and 0.91 (rounded). With the values 1, 2 and 3 the output is 2.86. The loop does the same for every target token:

# %%
def cross_attention_loop(queries, keys, values):
    rows = []
    for query in queries:  # a target token asks …
        scores = torch.stack([query @ key for key in keys]) / len(query) ** 0.5
        rows.append(torch.softmax(scores, dim=0) @ values)  # … and the source answers
    return torch.stack(rows)


values = torch.tensor([[1.0], [2.0], [3.0]])
assert torch.allclose(attention(queries, keys, values), cross_attention_loop(queries, keys, values))
show(flow(english, ("key", keys), ("scaled", keys @ queries[1] / 2, "· q/2"),
          ("weight", across[1], "softmax"), ("value", values),
          ("w · v", across[1:2].T * values, "×"), query=queries[1], result=across[1] @ values),
     "The query comes from the target; keys and values come from the source, a row a token.")

# %% [markdown]
# ## What the decoder reads, and what it answers
#
# Where does the query for *maison* come from, when *maison* is not yet written? From what stands before it. The decoder learns to say the **next** token, given the source and the tokens so far. So in training the target is used twice: with a *begin sign* in front, to be read, and with an *end sign* at its end, to be answered.
#
# From here on we use a language small enough to be learned in seconds: words of up to eight letters, whose translation is the word said backwards. *Stop* becomes *pots*, *ten* becomes *net*. A letter is a token; the *vocabulary* is the list of all tokens, each with its number.

# %%
name = ["pad", "begin", "end", "unknown", *letters.LETTERS]
two = letters.as_batch([letters.VOCABULARY.encode(list(word)) for word in ("stop", "ten")])
rows = [{"it reads": [name[token] for token in read], "it answers": [name[token] for token in says]}
        for read, says in zip(two.decoder_input, two.labels)]
show(token_rows(*rows, faint=["pad"], handed_on=True),
     "Two targets in a batch. Downwards: having read this and all before it, answer that. Dashed: "
     "the true answer is handed to the next place. Pale: padding, never scored.")

# %% [markdown]
# The begin sign gives the first answer something to start from. The end sign is how the decoder says that it is done; that is why a target may have any length. The upper row is the *decoder input*, the lower row the *labels*; the move by one place between them is called **shift right**. Letting the decoder read the true tokens, whatever it would have written itself, is called **teacher forcing**.
#
# ## Three attentions, three masks
#
# A decoder block has three sublayers: self-attention among the tokens written so far, cross-attention, and the feed-forward layer. With the encoder's own self-attention that makes three attentions, each with its mask. Here they are for the second word of the batch, *ten*:

# %%
source, target = two.source[1], two.decoder_input[1]
asks, reads = ([name[token] for token in row] for row in (source, target))
real, past = source != 0, masks.causal(5) & (target != 0)
tables = {"encoder": real.expand(4, 4), "decoder": past, "decoder, source": real.expand(5, 4)}
show(heatmaps(tables, queries=[asks, reads, reads], keys=[asks, reads, asks], role="masks",
              numbers=False, largest=1.4),
     "Who may look at whom: grey means may attend. Padding is hidden as a key, not as a query.")

# %% [markdown]
# The encoder sees every real token. In the decoder each token sees those of the target up to itself. Of the source each sees every real token, because the source is all there before the first token is written: **no causal mask on the source**. (In the package the decoder's own mask is the causal one alone. That is enough where padding stands at the end: it lies in the future of every real token.)
#
# ## The whole model on one screen
#
# Here is the Transformer of 2017, made of the layers of chapters 05 to 08. `embed` turns tokens into vectors, multiplies them by $\sqrt{d_{model}}$ (§3.4) and adds the sinusoids (§3.5). Each sublayer has its way past (residual connection), followed by the norm: `norm(x + …)`. The last line scores each token of the target vocabulary, by the dot product with that token's own vector in the embedding (§3.4). (`Tokens`, `Vectors`, `Mask` and `Scores` only say what kind of tensor is meant.)

# %%
for part in (plain.embed, plain.encode, plain.decode):
    show_source(part)

# %% [markdown]
# The encoder runs once per sentence. Its `x` after the last block is the memory, and every block of the decoder is given the same one.
#
# The package's `Transformer` computes the same numbers. It also has dropout and error messages, and while it writes it keeps the keys and values of the tokens so far: the cache of chapter 06, here called `past` (elsewhere: *KV cache*). (In `decode` above, and in the cell with the masks, `past` was the causal mask.)
#
# ## Is it the model of 2017?
#
# torch has one: `nn.Transformer`. If both are right, then with the same weights they must give the same numbers. (`nn.Transformer` is the two stacks alone: embeddings, positions and the last scores are ours on both sides, and are not tested here.) `torch_twin` builds torch's in the same sizes, fills it with random numbers and copies each to its place in ours; `apart` compares scores and gradients, in float64. (It also turns the masks round: in `nn.Transformer` a boolean `True` means *may not attend*.) Three things differ from the paper: torch puts one more norm after each stack, which the twin leaves out; both models give the attention's projections an offset (bias), which the paper's formulas lack; and the paper shares one embedding between source and target (§3.4), where ours has two.

# %% tags=["claim:equals-torch"]
torch.manual_seed(0)
ours = Transformer.paper(Sizes(29, 31, 14, heads=2, d_ff=23, layers=3)).double().eval()
theirs = torch_twin(ours)
source, target = torch.tensor([[5, 9, 4, 28], [11, 3, 0, 0]]), torch.tensor([[1, 6, 30], [1, 7, 0]])
assert torch.allclose(plain.decode(ours, target, *plain.encode(ours, source)), ours(source, target))
claim("09.equals-torch", **apart(ours, theirs, source, target))

# %% [markdown]
# ## A task that needs another order: say it backwards
#
# To say a word of 4 to 8 random letters backwards, the first answer must be the *last* letter of the source, and where that stands differs from word to word. We train on 20,000 words and keep 400 others for testing.
#
# The training is the paper's on a small scale: Adam (§5.3), warm-up (chapter 08), and **label smoothing** (§5.4): 0.1 of the target is shared equally among all $V$ tokens, the true one included, so that the true one has $1 - 0.1 + 0.1/V$ and no score need grow without end. Two things are our choice: after the warm-up the learning rate falls linearly to 0, where the paper's falls with $1/\sqrt{step}$ (eq. 3), and there is no dropout. One layer and one head give us one map to look at. `fit` is the package's training loop, which chapter 10 opens; a `Recipe` holds the number of steps, the highest rate and the steps of warm-up.
#
# We score the model **free running** (elsewhere: autoregressive decoding): it writes, taking the token it thinks likeliest each time (*greedy*), with nobody to correct it. A word counts if every letter and the end sign are right.

# %% tags=["claim:unseen-words"]
training = letters.sentences(20_000, seed=1)
unseen = letters.sentences(400, seed=2, taken=set(training))
batches = letters.batches(training)
small = Sizes(len(name), len(name), d_model=64, heads=1, d_ff=128, layers=1, dropout=0.0)


def right(model):
    return share_right(model, unseen, letters.backwards(unseen))


def new(kind=Transformer):
    torch.manual_seed(0)
    return kind.paper(small)


model = new()
curve = fit(model, batches, Recipe(800, rate=5e-3, warmup=60), every=100, watch=right).watched
claim("09.unseen-words", right=right(model))

# %% [markdown]
# ## Where does it look?
#
# How does it do it? In row $t$ of the cross-attention the decoder is about to write letter $t$ of a word of $n$ letters. That letter stands at place $n - 1 - t$ of the source, its mirrored place. Nobody told the model so, and there are other ways to carry letters about: in its encoder every letter can read every other.
#
# **Predict first:** for what share of the letters does the strongest of the weights lie on the mirrored place? (A blind choice gives 0.17.)

# %%
guess_mirrored = None  # your guess, between 0 and 1

# %% tags=["claim:mirrored-letters"]
def weights(model, some):  # of cross-attention, with the axes words, target, source
    pair = letters.as_batch(some)
    return model.weights(pair.source, pair.decoder_input).cross[0][:, 0]


def mirrored(model):
    table, lengths = weights(model, unseen), torch.tensor([len(word) for word in unseen])
    places = lengths[:, None] - 1 - torch.arange(table.shape[1])
    return (table.argmax(dim=-1) == places)[places >= 0].double().mean()


claim("09.mirrored-letters", guess_mirrored, mirrored=mirrored(model))

# %% [markdown]
# Reading a letter where it stands is the shortest way, and training found it. In a table the mirrored places lie on the *anti-diagonal*, from top right to bottom left. Here is the picture of the beginning again, with the weights that this model has learned:

# %%
longest = [word for word in unseen if len(word) == letters.LONGEST]
pair, one = letters.as_batch(longest[:1]), letters.VOCABULARY.decode(longest[0])
across = model.weights(pair.source, pair.decoder_input)[2][0][0, 0]
show(tokens_and_links([one, [*one[::-1], "end"]], [across], ["memory", "answers"], width=3.6),
     "One unseen word, and the cross-attention that the model learned for each of its answers.")
show(heatmaps({"mean over all unseen words of eight letters": weights(model, longest).mean(dim=0)},
              row_axis="place in the target", column_axis="place in the source"),
     "Cross-attention, target down, source across: most of the weight lies on the anti-diagonal.")

# %% [markdown]
# ## Break it, 1: labels that are not shifted
#
# Forget the shift, and give the decoder the labels themselves to read. The causal mask stays. We train for 200 steps, with the plain loss: the mean of $-\log$ of the true token's probability, without smoothing.
#
# **Predict first:** what is the training loss at the last step, in nats? (Guessing blindly costs about 3.)

# %%
guess_unshifted = None  # your guess, in nats

# %% tags=["claim:unshifted-labels"]
def unshifted_loss(model, pair):
    return cross_entropy(model(pair.source, pair.labels), pair.labels)  # not pair.decoder_input


cheat = new()
losses = fit(cheat, batches, Recipe(200, rate=5e-3, warmup=60), loss=unshifted_loss).losses
claim("09.unshifted-labels", guess_unshifted, loss=losses[-1], alone=right(cheat))

# %% [markdown]
# The causal mask lets each place see *itself*, and the answer stood right there. The model has learned to copy what it reads. When it writes alone, all it can read is what it wrote. A loss that is too good to be true is not true.
#
# ## Break it, 2: a causal mask on cross-attention
#
# The two masks of the decoder are easily confused. Suppose that place $t$ of the target may look only at the source places 0 to $t$. To reverse, the first answer needs the *last* letter of the source, which is now hidden. We put this mask onto the model just trained; then we train a new one with it, for 1200 steps instead of 800. (While it writes, the model is handed only the new tokens; `start` is the place of the first.)

# %% tags=["claim:causal-cross-attention"]
class CausalCross(Transformer):
    def decode(self, target, memory, past=None):
        start = 0 if past is None else past[0][0].shape[-2]
        triangle = torch.ones(target.shape[1], memory.mask.shape[-1], dtype=torch.bool).tril(start)
        return super().decode(target, Memory(memory.keys_values, memory.mask & triangle), past)


late, masked = new(CausalCross).eval(), new(CausalCross)
late.load_state_dict(model.state_dict())
masked_curve = fit(masked, batches, Recipe(1200, 5e-3, warmup=60), every=100, watch=right).watched
wrong, masked_wrong = (sum(1 - share for share in each[:8]) for each in (curve, masked_curve))
claim("09.causal-cross-attention", late=right(late), later=masked_wrong / wrong,
      in_the_end=masked_curve[-1], elsewhere=mirrored(masked))

# %% [markdown]
# How can it reverse what it may not see? Its first answer is made from the memory of source place 0 alone, and yet it is the last letter. So the *encoder*, which has no causal mask, must have carried it there.

# %%
figure, (left, beside) = canvas(2, height=3.2)
lines(left, range(100, 801, 100), {"all visible": curve, "causal mask": masked_curve[:8]},
      xlabel="training step", ylabel="unseen words right", below=True)
heatmap(beside, weights(masked, longest).mean(dim=0), row_axis="place in the target", good=False,
        column_axis="place in the source", title="causal mask")
show(figure, "With a causal mask on cross-attention, learning comes later. Right: its weights.")

# %% [markdown]
# A bug need not show as a failure. It may show as a model that learns later, for no visible reason. So test masks as in chapter 04, and do not wait for the loss to tell you.
#
# ## Break it, 3: padding in the loss
#
# Padding is the easiest token of all: after the end sign there is always padding. We train a model whose loss counts it, on words of very different lengths in unsorted batches. Then we report *its own loss* on one test set twice: in batches of 64, and word by word, where there is no padding. The model is the same both times. Is the loss?

# %% tags=["claim:padding-in-the-loss"]
def loss_with_padding(model, pair):
    chances = model(pair.source, pair.decoder_input).log_softmax(dim=-1)
    nats = -chances.gather(-1, pair.labels[..., None])
    return nats.sum(), torch.tensor(nats.numel())


uneven = [s[:2] if number % 4 else s + s for number, s in enumerate(training[:9792])]
careless = new()
fit(careless, letters.in_order(uneven[:-192], 64), Recipe(150, 5e-3, 60), loss=loss_with_padding)
wide, alone = (letters.in_order(uneven[-192:], size) for size in (64, 1))
flattered, fair = (mean_loss(careless, wide, loss) / mean_loss(careless, alone, loss)
                   for loss in (loss_with_padding, translation_loss(smoothing=0.0)))
labels = torch.cat([pair.labels.flatten() for pair in wide])
claim("09.padding-in-the-loss", real=(labels != 0).double().mean(), flattered=flattered, fair=fair)

# %% [markdown]
# What changed is how many easy tokens were thrown in. Such a loss cannot be compared between batch sizes, data sets or papers. So count only real tokens: in the sum of the losses, and in the number by which it is divided.
#
# ## Is there no sequential processing?
#
# You may read that Transformers process all tokens in parallel. In **training** the whole target is known, and the causal mask lets one run of the decoder score every place at once. What about **writing** (elsewhere: decoding, generating)?
#
# **Predict first:** a batch of words of eight letters. To score it takes one run of the decoder. How many runs does it take to write it?

# %%
guess_runs = None  # your guess

# %% tags=["claim:runs-of-the-decoder"]
pair, runs = letters.as_batch(longest), []
hook = model.decoder[0].register_forward_hook(lambda *_: runs.append("run"))
model(pair.source, pair.decoder_input)
once = len(runs)
greedy(model, pair.source, most=20)
hook.remove()
claim("09.runs-of-the-decoder", guess_runs, scoring=once, writing=len(runs) - once)
tally()

# %% [markdown]
# A token must exist before it can be read. So each letter takes a run, and so does the end sign. A cache makes these runs cheaper, not fewer. And this is the other side of teacher forcing: in training the model reads only right beginnings, never its own mistakes. The loss alone does not say what happens when it runs free; measure that, too.
#
# ## What to take along
#
# - The decoder answers one token ahead of what it reads: it reads from the begin sign on, and answers up to the end sign.
# - In cross-attention the target asks and the source answers. The two lengths may differ, and the order is learned.
# - Three masks: real source, own past, real source again. No causal mask on the source.
# - Labels that are not shifted and padding in the loss make the loss *better*; a causal mask on cross-attention makes learning slower here. None of them crashes.
# - Training is parallel; writing goes token by token.
#
# ## Five questions
#
# <details><summary>1. Source (2, 5, 64), target so far (2, 3, 64), 4 heads: what shape do the weights of cross-attention have?</summary>
#
# (2, 4, 3, 5): for each sentence and head a row for each target token and a column for each source token.
# </details>
# <details><summary>2. Which words does the decoder read, and which must it answer, for the target <em>le chat</em>?</summary>
#
# It reads begin, *le*, *chat* and answers *le*, *chat*, end.
# </details>
# <details><summary>3. Why may the encoder look at words to come, and the decoder not?</summary>
#
# The source is all there before the first target word is written. The target words to come are what the decoder has to predict.
# </details>
# <details><summary>4. Your loss falls to 0.001 on the first day. What do you look at first?</summary>
#
# Whether the answer can be seen: is the decoder input the labels moved by one, is the decoder's own mask causal? Then let the model write on its own and count.
# </details>
# <details><summary>5. When the model writes, which parts are computed once per sentence, and which once per token?</summary>
#
# Once per sentence: the encoder, and the keys and values of cross-attention. Once per token: the decoder's blocks and the last scores.
# </details>
#
# ## Where to read on
#
# Vaswani et al. 2017, section 3 with figure 1: the whole model on two pages; section 5 on its training ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/09_exercises_encoder_decoder.ipynb). Then [10 · Training a translator](10_training_a_translator.ipynb) teaches the machine French.
