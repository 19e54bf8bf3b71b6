# %% [markdown]
# # 12 · BERT: an encoder alone
#
# A decoder may look only back, because it is asked for what comes next. An encoder sees the whole text. **What can you ask a model that already sees everything?**
#
# BERT (Devlin et al. 2019) is the encoder of chapter 08 with an answer to that: hide some of the words, and ask for those. Whoever fills gaps well has learned something about the language; afterwards the same encoder gets a small new end, a *head*, for the task you really have. Our texts are opinions in a small generated language, of which we can make as many as we like.

# %%
import torch

from selfattention.claims import claim, tally
from selfattention.data import opinions
from selfattention.data.asked import Stream
from selfattention.data.masked import MASK, NOT_ASKED, framed, masked_tokens, vocabulary
from selfattention.models.bag import BagOfWords
from selfattention.models.bert import Bert, Embeddings, MaskedLanguageModel, Sizes
from selfattention.plots import bars, canvas, course_map, heatmap, lines, links, show, token_rows
from selfattention.source import show_source
from selfattention.training import Recipe, cross_entropy, fit, muon

show(course_map(12, machine="encoder", here=["self-attention", "source vectors"]),
     "Where we are: the encoder without a decoder. Its parts were built before; new are one more "
     "vector for each token, and what is asked.")

# %% [markdown]
# ## The idea in one picture
#
# Each text stands between two signs that are no words. **[CLS]** (for *class*) comes first: its vector will stand for the whole text. **[SEP]** (for *separator*) ends a text. Hidden words become a third sign, **[MASK]**, and only at those places is the model asked.

# %%
every = [sum(map(list, one), []) for one in opinions.texts(6000)]
short = [text for text in every if len(text) <= 24]
words = vocabulary(short)
tokens = framed([words.encode(text) for text in short]).tokens
learn, held_out = tokens[:-500], tokens[-500:]
said = "[CLS] the soup is not lovely . [SEP]".split()
gaps = {2: "[MASK]", 5: "[MASK]"}
show(token_rows({"reads": [gaps.get(place, word) for place, word in enumerate(said)],
                 "answers": [said[place] if place in gaps else "·" for place in range(8)]},
                faint=["·"]), "What BERT reads, and what it must answer: only gaps count.")
print(f"{len(learn):,} texts to learn from, 500 held out, {len(words)} different tokens")

# %% [markdown]
# ## By hand: −100 means "not asked"
#
# At the two gaps the model gives the word that really stood there the probabilities 1/2 and 1/8. The losses are $\ln 2 = 0.69$ and $\ln 8 = 2.08$, their mean is 1.39 nats. The other places have no part in it: neither in the sum nor in the count.
#
# Places without a question get the label **−100**. That number means nothing; it is one that no token can have, and torch's `cross_entropy` leaves it out. Below, one loop over the gaps, and the array form:

# %%
scores = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.275, 0.125]]).log()
labels = torch.tensor([0, NOT_ASKED, 2])
losses = []
for row, label in zip(scores, labels):
    if label != NOT_ASKED:
        losses.append(-torch.log_softmax(row, dim=0)[label])
by_loop = sum(losses) / len(losses)
assert torch.isclose(by_loop, torch.nn.functional.cross_entropy(scores, labels))

# %% [markdown]
# ## What is hidden, and how
#
# BERT is asked for 15 % of the words. If all of them became [MASK], the model could learn that other words need no thought, and later, when you use it, there is never a [MASK] in the text. So of the chosen words 80 % become [MASK], 10 % become a random word, and 10 % stay as they are, but are asked for all the same (§3.1). The model never knows which words to trust.
#
# We draw this for a thousand texts of 100 words. **Predict first:** of 100 words, how many does the model read otherwise than they stand?

# %%
guess_changed = None  # your guess, of 100 words

# %% tags=["claim:read-otherwise"]
draw = torch.Generator().manual_seed(0)
wide = torch.randint(5, len(words), (1000, 100), generator=draw)
read, labels = masked_tokens(wide, len(words), draw)
asked = labels != NOT_ASKED
claim("12.read-otherwise", guess_changed, asked=asked.sum().item() / 1000,
      mask=(read == MASK).sum().item() / 1000, changed=(read != wide).sum().item() / 1000)

# %% [markdown]
# So one pass over 100 words asks few questions. A GPT is asked at 99 places of the same text. BERT pays for seeing both sides with fewer answers to learn from.
#
# ## Two texts at once
#
# Many tasks have two texts: a question and a page, a statement and another that may follow from it. BERT reads both in one row, and each token is told which text it belongs to by its **segment**, 0 or 1. To a token's vector are added that of its position and that of its segment, then the sum is normalised (§3, figure 2):

# %%
pair = framed([words.encode("the soup is good".split())], [words.encode("we loved it".split())])
show(token_rows({"token": [words.words[number] for number in pair.tokens[0]],
                 "segment": [str(number) for number in pair.segments[0].tolist()],
                 "position": [str(place) for place in range(pair.tokens.shape[1])]}),
     "Two texts in one row. Each token's vector is the sum of three: what, which text, and where.")
show_source(Embeddings.forward)

# %% [markdown]
# BERT had a second exercise on such pairs, **next-sentence prediction**: does the second text follow the first in a book, or was it taken from elsewhere? Half of the pairs are of each kind, and the answer is read off [CLS]. Later work found that one can leave it out (Liu et al. 2019), and we do.
#
# ## Break it on purpose: count every word
#
# Two models of the same size. One is trained as above; the other's loss counts *all* words of the text, hidden or not. We look at the second one first. (`masked` draws batches: what is read, the labels, and the true text.)

# %%
def masked(count, generator):
    rows = learn[torch.randint(len(learn), (count,), generator=generator)]
    return torch.stack([*masked_tokens(rows, len(words), generator), rows])


def loss_everywhere(model, batch):
    read, _, truth = batch
    return cross_entropy(model(read), truth)


sizes = Sizes(len(words), d_model=48, heads=4, d_ff=96, layers=2, positions=32, dropout=0.0)
torch.manual_seed(0)
easy = MaskedLanguageModel(Bert(sizes))
recipe = Recipe(steps=300, rate=2e-3, warmup=30)
course = fit(easy, Stream(masked, size=32), recipe, loss=loss_everywhere, make=muon)

# %% [markdown]
# Its loss ends below 0.4 nats a word, and on held-out texts it gets more than nine words of ten right.
#
# **Predict first:** what share of the words that became [MASK] is right?

# %%
guess_hidden = None  # your guess, from 0 to 1

# %% tags=["claim:all-and-hidden"]
read, _ = masked_tokens(held_out, len(words), torch.Generator().manual_seed(1))


def shares_right(model):
    right = (model(read).argmax(dim=-1) == held_out).double()
    return right[held_out != Bert.PADDING].mean().item(), right[read == MASK].mean().item()


everywhere, hidden = shares_right(easy)
claim("12.all-and-hidden", guess_hidden, everywhere=everywhere, hidden=hidden)

# %% [markdown]
# About seven of eight words stand there to be copied; a model that does nothing else has all of these. So whoever reports "accuracy" of a masked model must say of which words.
#
# ## Training it
#
# The loss that counts the hidden words alone. Only their vectors go through the head, as in the authors' code: nobody needs the scores of the others.

# %%
def loss_of_hidden(model, batch):
    read, labels, _ = batch
    asked = labels != NOT_ASKED
    scores = model.scores(model.bert(read)[asked])
    return torch.nn.functional.cross_entropy(scores, labels[asked], reduction="sum"), asked.sum()


torch.manual_seed(0)
model = MaskedLanguageModel(Bert(sizes))
recipe = Recipe(steps=400, rate=2e-3, warmup=30)
course = fit(model, Stream(masked, size=32), recipe, loss=loss_of_hidden, make=muon)

# %%
means = [sum(course.losses[start:start + 20]) / 20 for start in range(0, 400, 20)]
figure, axes = canvas(width=5.2, height=2.7)
lines(axes, range(20, 401, 20), {"loss": means}, xlabel="training step", ylabel="nats a question")
show(figure, "The loss at the gaps. It does not go to 0: where sixteen adjectives fit as well, "
             "nobody can know which one was meant.")
figure, panels = canvas(2, height=1.9)
for axes, one, name in zip(panels, (easy, model), ("trained on all", "trained on the hidden")):
    shares = dict(zip(("all words", "hidden words"), shares_right(one)))
    bars(axes, shares, title=name, xlabel="share that is right")
show(figure, "Both models fill gaps about equally well. The second is seldom asked for a word that "
             "it can read, and has not learned to copy.")

# %% [markdown]
# ## Does it use both sides?
#
# We hide one word in each held-out text, anywhere. Then we ask again, with everything to the right of the gap cut off. (The model has not been trained on cut texts, so this shows what it relies on, not how well a decoder would do.)
#
# **Predict first:** with the whole text it gets about 0.6 of the gaps right. What share without the right side?

# %%
guess_left = None  # your guess, from 0 to 1

# %% tags=["claim:both-sides"]
chance = torch.rand(held_out.shape, generator=torch.Generator().manual_seed(2))
gap = chance.masked_fill(held_out < 5, -1).argmax(dim=1, keepdim=True)
whole = held_out.scatter(1, gap, MASK)
cut = whole.masked_fill(torch.arange(held_out.shape[1]) > gap, Bert.PADDING)
truth, shares = held_out.gather(1, gap)[:, 0], []
for texts in (whole, cut):
    scores = model(texts)[torch.arange(len(texts)), gap[:, 0]]
    shares.append((scores.argmax(dim=-1) == truth).double().mean().item())
claim("12.both-sides", guess_left, both=shares[0], left=shares[1])

# %% [markdown]
# We can watch it look ahead. Here the first word is hidden; to its left is only [CLS], and the verb to its right tells nearly all. The picture shows one head, that which looks most at the verb.

# %%
for verb in ("says", "doubt", "denies"):
    said = f"[CLS] [MASK] {verb} that the soup is good . we loved it . [SEP]".split()
    numbers = torch.tensor([words.encode(said)])
    best = words.words[model(numbers)[0, 1].argmax()]
    print(f"[MASK] {verb} that …: {best}")
seen = torch.cat([layer[0] for layer in model.bert.weights(numbers)])
figure, axes = canvas(width=5.2, height=4.0)
links(axes, said, said, seen[seen[:, 1, 2].argmax()], only=1, headings=("looked at", "looks"))
show(figure, "Where the gap looks, in the last of the three texts.")

# %% [markdown]
# ## A head for whole texts
#
# To sort texts into classes, put a layer with tanh and a linear one on the vector of [CLS] (§4.1). Before training such a head, ask whether the task needs an encoder at all: a **bag of words**, which counts words and reads no order, is trained in a second.
#
# In our language it is built so that counting says nothing. *The soup is not good but awful* blames, *the soup is not awful but good* praises, with the same words:

# %% tags=["claim:bag-of-words"]
train, tests = opinions.opinions(2048, 500)
sides = [([one.words for one in some], [int(one.praises) for one in some])
         for some in (train, tests[opinions.SEEN])]
bag = BagOfWords(*sides[0])
twins = ["the soup is not good but awful".split(), "the soup is not awful but good".split()]
one, other = bag.scores(twins).tolist()
claim("12.bag-of-words", bag=bag.accuracy(*sides[1]), apart=abs(one - other))
show_source(Bert.pool)

# %% [markdown]
# `SequenceClassifier(model.bert)` puts this head on the encoder that we have just trained. To go on training both on labelled texts is called **fine-tuning**. One thing to know before you do: [CLS] was never asked anything by the masked words, so its vector begins to mean something only then.
#
# ## A head for answers
#
# Is the answer to a question a piece of a text, two numbers for each token are enough: how well it would *begin* the answer, and how well it would *end* it (§4.2). A piece is worth the sum of both. Here is the question *where does anna live?*, with scores made up by hand:

# %%
text = "anna lives in cape town , ben in lima".split()
starts = torch.tensor([0.5, 0.1, 0.2, 2.0, 0.4, 0.0, 0.6, 0.1, 2.2])
ends = torch.tensor([0.3, 0.0, 0.1, 0.6, 2.5, 0.0, 0.2, 0.1, 1.9])
sums = starts[:, None] + ends
backwards = torch.ones(9, 9).tril(-1).bool()
first, last = divmod(sums.masked_fill(backwards, -torch.inf).argmax().item(), 9)
print("Each for itself:", text[starts.argmax()], "…", text[ends.argmax()])
print("The best piece:", text[first], "…", text[last])
figure, axes = canvas(width=5.2, height=3.6)
heatmap(axes, sums, queries=text, keys=text, wrong=backwards, row_axis="first word",
        column_axis="last word", role="scores", links=[(last, first)])
show(figure, "The sum for each first and last word; darker is more. Crossed out: pieces that end "
             "before they begin. Framed: the best of the others.")

# %% [markdown]
# The best first word stands behind the best last word: taken each for itself, they give no piece at all. So score all pairs and leave out the impossible ones. In practice one also leaves out long ones.
#
# A text has 20 words, and an answer at most 5. **Predict first:** how many of the 400 pairs of a first and a last word can be an answer?

# %%
guess_pairs = None  # your guess, a number of pairs

# %% tags=["claim:possible-answers"]
forwards = torch.ones(20, 20).triu()
claim("12.possible-answers", guess_pairs, pairs=forwards.numel(),
      backwards=400 - forwards.sum().item(), possible=forwards.tril(4).sum().item())
tally()

# %% [markdown]
# `QuestionAnswerer.spans` does this for whole batches, and looks only at tokens of segment 1, where the text is.
#
# The package's encoder and all of its heads are the same as Hugging Face's `BertModel`, `BertForMaskedLM`, `BertForSequenceClassification` and `BertForQuestionAnswering` with the same weights: outputs and gradients agree to nine digits in float64. The command `pytest tests/parity/test_bert.py` checks it.
#
# ## What to take along
#
# - An encoder is asked for hidden words, since it sees all others. −100 marks places without a question.
# - 80, 10 and 10 %: so that every word may be wrong, and every word counts.
# - Accuracy over all words mostly counts copies. Say of which words you speak.
# - Segments tell two texts apart; [CLS] stands for the whole; [SEP] ends a text.
# - A head is small: one or two layers on the vectors. First ask what a bag of words gets.
#
# ## Five questions
#
# <details><summary>1. A text has 200 words. How many become [MASK], on average?</summary>
#
# 15 % of 200 are 30, and 80 % of those are 24.
# </details>
# <details><summary>2. Why do some of the chosen words stay as they are?</summary>
#
# So that a word that stands there may be a question, too: the model must give every word a vector that knows its neighbours. Later there are no [MASK]s at all.
# </details>
# <details><summary>3. Somebody gets a loss of 0.3 nats from a new masked model. What do you ask?</summary>
#
# Which places count. If it is all of them, most of the loss is about copying.
# </details>
# <details><summary>4. Can BERT write a text, word by word?</summary>
#
# Not as it is: it was trained with both sides present, and at the end of an unfinished text the right side is missing.
# </details>
# <details><summary>5. Without segments, what could still tell the two texts apart?</summary>
#
# [SEP] and the positions. The segment says it at each token, and need not be worked out.
# </details>
#
# ## Where to read on
#
# Devlin et al. 2019, §3 and §4: short, and now all of it is familiar. Liu et al. 2019 on what mattered in the training and what did not. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/12_exercises_bert.ipynb) ask for the masking, its loss, pairs with their segments, the encoder, and both heads. Then go on to [13 · GPT](13_gpt.ipynb).
