# %% [markdown]
# # 12 · BERT: an encoder alone
#
# A decoder may look only back, because it is asked for what comes next. An encoder sees the whole text. **What can you ask a model that already sees everything?**
#
# BERT (Devlin et al. 2019) is the encoder of chapter 09 with an answer to that: hide some of the words, and ask for those. Whoever fills gaps well has learned something about the language. Afterwards the same encoder gets a small new end for the task you really have. It is called a *head*, too, and has nothing to do with the heads of chapter 06. Does it help that the encoder has filled gaps before? We shall measure it, with opinions in a small generated language.

# %%
from copy import deepcopy
from itertools import chain

import torch

from selfattention.claims import claim, tally
from selfattention.data import masked, opinions
from selfattention.data.asked import Stream
from selfattention.data.masked import MASK, NOT_ASKED, SPECIAL, framed, masked_tokens, vocabulary
from selfattention.models import bert
from selfattention.models.bag import BagOfWords
from selfattention.plots import bars, canvas, course_map, heatmap, show, token_rows
from selfattention.source import show_source
from selfattention.training import Recipe, cross_entropy, fit, muon

show(course_map(12, machine="encoder", here=["source vectors"]),
     "Where we are: the encoder without a decoder. New are one more vector for each token, and "
     "what is asked at the end.")

# %% [markdown]
# ## The idea in one picture
#
# Each text stands between two signs that are not words. **[CLS]** (for *classification*) comes first: its vector will stand for the whole text. **[SEP]** (for *separator*) ends a text. Hidden words become a third sign, **[MASK]**. The model is asked for those places alone (and, as we shall see, for a few that do not look like gaps).
#
# To the attention [MASK] is a token like any other: everybody may look at it. The masks of chapter 04 are another thing, and of those an encoder has only the one that hides padding.
#
# Our texts are opinions with a verdict at the end; short ones, so that training takes seconds. Any of sixteen good adjectives can stand for any other, and so can sixteen bad ones: in such a gap nobody is right much more often than once in sixteen. So not every gap can be filled.

# %%
texts = [list(chain(*text)) for text in opinions.texts()]
words = vocabulary(texts)
tokens = framed([words.encode(text) for text in texts if len(text) <= 13]).tokens
learn, held_out = tokens[:-500], tokens[-500:]
said = "[CLS] the soup is not lovely . [SEP]".split()
gaps = {2: "[MASK]", 5: "[MASK]"}
show(token_rows({"reads": [gaps.get(place, word) for place, word in enumerate(said)],
                 "answers": [said[place] if place in gaps else "·" for place in range(8)]},
                faint=["·"]), "What BERT reads of a short text, and what it answers.")
print(f"{len(learn):,} texts to learn from, 500 held out, {len(words)} different tokens, such as:")
for row in held_out[:3].tolist():
    print(" ".join(words.words[token] for token in row if token >= len(SPECIAL)))

# %% [markdown]
# ## By hand: −100 means "not asked"
#
# Three places, a vocabulary of three words; the middle place is not asked. At the other two the model gives the word that really stood there the probabilities 1/2 and 1/8. The losses are $\ln 2 = 0.69$ and $\ln 8 = 2.08$, their mean is 1.39 nats. The place in the middle has no part in it: neither in the sum nor in the count.
#
# Places without a question get the label **−100**. That number means nothing; it is one that no token can have, and torch's `cross_entropy` leaves it out. A loop over the places, and the array form:

# %%
scores = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.275, 0.125]]).log()
labels = torch.tensor([0, NOT_ASKED, 2])
losses = []
for row, label in zip(scores, labels):
    if label != NOT_ASKED:
        losses.append(-torch.log_softmax(row, dim=0)[label])
by_loop = sum(losses) / len(losses)
assert torch.isclose(by_loop, torch.nn.functional.cross_entropy(scores, labels))
print(f"{by_loop:.2f} nats")

# %% [markdown]
# ## What is hidden, and how
#
# BERT is asked for 15 % of the tokens (theirs are pieces of words, ours whole words). If all of them became [MASK], the model could learn that other words need no thought, and later, when you use it, there is never a [MASK] in the text. So of the chosen words 80 % become [MASK], 10 % become a random word, and 10 % stay as they are, but are asked for all the same (§3.1). The model never knows which words to trust.
#
# We draw this for a thousand texts of 100 words. **Predict first:** of 100 words, how many are changed before the model reads them?

# %%
guess_changed = None  # your guess, of 100 words

# %% tags=["claim:read-otherwise"]
draw = torch.Generator().manual_seed(0)
wide = torch.randint(len(SPECIAL), len(words), (1000, 100), generator=draw)  # no signs
read, labels = masked_tokens(wide, len(words), draw)
asked = (labels != NOT_ASKED).sum().item() / 1000
claim("12.read-otherwise", guess_changed, asked=asked, mask=(read == MASK).sum().item() / 1000,
      changed=(read != wide).sum().item() / 1000)

# %% [markdown]
# A pass over 100 words asks 15 questions. A decoder (chapter 13: GPT) is asked at 99 places of the same text. BERT pays for seeing both sides with fewer answers to learn from.
#
# ## Two texts at once
#
# Many tasks have two texts: a question and a page, a statement and another that may follow from it. BERT reads both in one row, and each token is told which text it belongs to by its **segment**, 0 or 1. To a token's vector are added that of its position and that of its segment (§3, figure 2); the authors' code then normalises the sum:

# %%
pair = framed([words.encode("the soup is good".split())], [words.encode("we loved it".split())])
show(token_rows({"token": [words.words[number] for number in pair.tokens[0]]},
                {"segment": [str(number) for number in pair.segments[0].tolist()]},
                {"position": [str(place) for place in range(pair.tokens.shape[1])]}),
     "Two texts in one row. Under each token: which text it is of, and where it stands. Three "
     "learned vectors, one for each row, are added up.")
show_source(bert.Embeddings.forward)

# %% [markdown]
# BERT had a second exercise on such pairs, **next-sentence prediction**: does the second text follow the first in a book, or was it taken from elsewhere? Half of the pairs are of each kind, and the answer is read off [CLS]. Later work found that one can leave it out (Liu et al. 2019), and we do.
#
# ## Break it on purpose: count every word
#
# Our first loss counts *all* tokens, hidden or not. We train a small model with it for a while, and look. (In training 30 % of the words are asked for, twice BERT's share: more questions in a batch, so fewer batches.)

# %%
def draw_batch(count, generator):
    rows = learn[torch.randint(len(learn), (count,), generator=generator)]
    return torch.stack(masked_tokens(rows, len(words), generator, share=0.3))


def loss_everywhere(model, batch):
    read, labels = batch  # a label of −100: the true word is the one that is read
    return cross_entropy(model(read), torch.where(labels == NOT_ASKED, read, labels))


sizes = bert.Sizes(len(words), d_model=48, heads=4, d_ff=96, positions=16, dropout=0.0)
batches = Stream(draw_batch, size=64)
torch.manual_seed(0)
model = bert.MaskedLanguageModel(bert.Bert(sizes))
course = fit(model, batches, Recipe(150, rate=2e-3, warmup=30), loss=loss_everywhere, make=muon)

# %% [markdown]
# (Muon, of chapter 11, trains it. This `cross_entropy` is the course's own: it leaves out padding, token 0, and returns a sum and a count.) On held-out texts the model gets more than nine words of ten right.
#
# **Predict first:** what share of the words that became [MASK] is right?

# %%
guess_hidden = None  # your guess, from 0 to 1

# %% tags=["claim:all-and-hidden"]
read, _ = masked_tokens(held_out, len(words), torch.Generator().manual_seed(1))
is_word = held_out >= len(SPECIAL)


def shares_right(model):
    right = (model(read).argmax(dim=-1) == held_out).double()
    return {"all words": right[is_word].mean().item(), "hidden": right[read == MASK].mean().item()}


before = shares_right(model)
claim("12.all-and-hidden", guess_hidden, everywhere=before["all words"], hidden=before["hidden"],
      copied=(read == held_out)[is_word].double().mean().item())

# %% [markdown]
# What broke is the number, not the model: a program that only copies what it reads has most of those words, too. So whoever reports the "accuracy" of a masked model, or its loss, must say of which words.
#
# ## Count what is asked
#
# A vector is not yet a word. The head for gaps is a linear layer with GELU (a smooth ReLU) and a norm; then the product with each token's own vector in the table of embeddings, so that one table serves both ends (as in the authors' code). Only the vectors at the places asked for go through it. So no −100 is left among the labels; over all places `cross_entropy` would skip them and give the same.
#
# With this loss we go on with the same model:

# %%
fit(model, batches, Recipe(700, rate=2e-3, warmup=30), loss=bert.gap_loss, make=muon)
show_source(bert.MaskedLanguageModel.scores)
show_source(bert.gap_loss)
figure, panels = canvas(2, height=1.9)
for axes, shares, name in zip(panels, (before, shares_right(model)), ("before", "after")):
    bars(axes, shares, role="tokens", title=name, xlabel="share that is right")
    axes.set_xlim(0, 1.3)
show(figure, "After 150 steps that count all words, and after 700 more that count those asked for. "
             "Only the share of the hidden words tells how well gaps are filled.")

# %% [markdown]
# ## Does it use both sides?
#
# We hide one word in each held-out text, anywhere. Then we ask again, with everything to the right of the gap cut off, and once more with everything to the left of it. (The model has not been trained on cut texts, so this shows what it relies on, not how well a decoder would do.)
#
# **Predict first:** with the whole text it gets about three of four gaps right. How much of that share is lost without the right side?

# %%
guess_lost = None  # your guess, from 0 to 0.75

# %% tags=["claim:both-sides"]
chance = torch.rand(held_out.shape, generator=torch.Generator().manual_seed(2))
gap = chance.masked_fill(~is_word, -1).argmax(dim=1, keepdim=True)  # in each text one word
whole, places = held_out.scatter(1, gap, MASK), torch.arange(held_out.shape[1])
left = whole.masked_fill(places > gap, bert.Bert.PADDING)
right = whole.masked_fill((places < gap) & (places > 0), bert.Bert.PADDING)  # [CLS] stays
shares = {}
for name, cut in {"both": whole, "left": left, "right": right}.items():
    best = model(cut).argmax(dim=-1).gather(1, gap)
    shares[name] = (best == held_out.gather(1, gap)).double().mean().item()
both = shares["both"]
claim("12.both-sides", guess_lost, both=both, left=both - shares["left"],
      right=both - shares["right"])

# %% [markdown]
# We can watch it look ahead. Here the first word is hidden; to its left is only [CLS]. Another verb to its right, another answer: it must have read it.

# %%
for verb in ("says", "doubt", "denies"):
    said = f"[CLS] [MASK] {verb} that the soup is good . we loved it . [SEP]".split()
    numbers = torch.tensor([words.encode(said)])
    print(f"[MASK] {verb} that …: {words.words[model(numbers)[0, 1].argmax()]}")

# %% [markdown]
# ## A head for whole texts
#
# To sort texts into classes, put a linear layer on the vector of [CLS] (§4.1); the authors' code has one more before it, with tanh, the *pooler*. Before training such a head, ask whether the task needs an encoder at all: a **bag of words** that gives each word a number and adds them up (logistic regression) reads no order, and is trained in a second. Here it shall tell whether a sentence praises or blames. In our language no single word says anything: *not good* blames, *not bad* praises, and every word stands in both as often. (A cleverer use of the counts, which notices *not* together with *good*, would get further; in *not good but awful* only the order helps.)

# %% tags=["claim:bag-of-words"]
train, tests = opinions.opinions(2048, 1500)
train, new = ([(one.words, int(one.praises)) for one in some if len(one.words) <= 8]
              for some in (train, tests[opinions.SEEN]))
bag = BagOfWords(*zip(*train)).accuracy(*zip(*new))
claim("12.bag-of-words", bag=bag)
show_source(bert.Bert.pool)

# %% [markdown]
# To go on training an encoder on labelled texts, with its new head, is called **fine-tuning**. We do it with 64 labelled sentences, three times, each time with others: once with the encoder that has filled gaps, once with a new one, for the same steps. (Until now the last vector of [CLS] was asked for nothing, except in the first 150 steps for [CLS] itself, because we left next-sentence prediction out. It means something only once the whole model is fine-tuned, as the authors say of their own, too: a comment in `run_classifier.py`.)
#
# **Predict first:** what share of new sentences does the pre-trained one get right?

# %%
guess_tuned = None  # your guess, from 0 to 1

# %% tags=["claim:pre-trained"]
found, test = {"pre-trained": 0, "from scratch": 0}, masked.labelled(words, *zip(*new))
for start in (0, 64, 128):
    few = masked.labelled(words, *zip(*train[start:start + 64]))
    for name, encoder in zip(found, (deepcopy(model.bert), bert.Bert(sizes))):
        tuned = bert.SequenceClassifier(encoder)
        fit(tuned, [few] * 40, Recipe(40, 1e-3, warmup=10), loss=bert.label_loss, make=muon)
        right = tuned(test[:, 1:]).argmax(dim=1) == test[:, 0]
        found[name] += right.double().mean().item() / 3
claim("12.pre-trained", guess_tuned, tuned=found["pre-trained"],
      gain=found["pre-trained"] - found["from scratch"])
figure, axes = canvas(width=5.2, height=1.9)
bars(axes, {"bag of words, all labels": bag, **found}, role="tokens", xlabel="share that is right")
show(figure, "New sentences told apart. The encoders had 64 labelled sentences: the mean of three.")

# %% [markdown]
# To fill the gap in *the soup is not good . we [MASK] it .* the encoder had to find out what *not* does to *good*, and nobody had to label anything for that. The labels need only tell which verdict is called praise. This is what BERT is for: text without labels is plentiful.
#
# How much it gains depends on how many labels there are. After 30 seconds of filling gaps, and then 60 steps with labels, the share that is right, median of five seeds (`python benchmarks/bert.py labels --seconds 30 --seeds 5`); on the right, of sentences in which a word is negated in a way that no training text had for it:
#
# | labels | bag of words | from scratch | pre-trained | negations, from scratch | negations, pre-trained |
# | ---: | ---: | ---: | ---: | ---: | ---: |
# | 32 | 0.53 | 0.57 | 0.80 | 0.51 | 0.87 |
# | 64 | 0.52 | 0.60 | 0.80 | 0.55 | 0.88 |
# | 128 | 0.48 | 0.69 | 0.85 | 0.68 | 0.92 |
# | 256 | 0.47 | 0.73 | 0.92 | 0.68 | 0.96 |
# | 1,024 | 0.48 | 0.75 | 0.96 | 0.69 | 0.98 |
#
# At every number of labels the gaps are worth about a fifth of all sentences, and of the negations more: there a model from scratch gets only 0.69, even with 1,024 labels. It is not always so: on sentences from film reviews (Pang and Lee 2005; 8,528 to learn from) the bag of words gets 0.76, a small BERT from scratch 0.62 after 300 steps, and the same after two minutes of gaps in these sentences 0.68 (`python benchmarks/bert.py reviews --seconds 120 --steps 300 --seeds 2`). And that only with *weight decay* while the gaps are filled, which shrinks the matrices a little at each step: without it (`--decay 0`) the matrices grow, and the same 300 steps end at a blind guess, 0.50. Those sentences have 19 thousand different words, of which it knows the 8,000 most frequent; the paper's encoder had filled gaps in 3.3 billion words before.
#
# ## A head for answers
#
# If the answer to a question is a piece of a text, two numbers for each token are enough: how well it would *begin* the answer, and how well it would *end* it (§4.2). A piece is worth the sum of both. Here is the question *where does anna live?*, with scores made up by hand:

# %%
text = "anna in cape town , ben in lima".split()
starts = torch.tensor([0.5, 0.2, 2.0, 0.4, 0.0, 0.6, 0.1, 2.2])
ends = torch.tensor([0.3, 0.1, 0.6, 2.5, 0.0, 0.2, 0.1, 1.9])
sums = starts[:, None] + ends
backwards = torch.ones(8, 8).tril(-1).bool()
first, last = divmod(sums.masked_fill(backwards, -torch.inf).argmax().item(), 8)
print("Each for itself:", text[starts.argmax()], "…", text[ends.argmax()])
print("The best piece:", text[first], "…", text[last])
figure, axes = canvas(width=5.2, height=3.6)
heatmap(axes, sums, queries=text, keys=text, wrong=backwards, row_axis="first word",
        column_axis="last word", role="scores", links=[(last, first)])
show(figure, "The sum for each first and last word; darker is more. Crossed out: pieces that end "
             "before they begin. Framed: the best of the others.")
tally()

# %% [markdown]
# The largest sum of all, 4.7, is from *lima* back to *town*: no piece at all. So score all pairs and leave out the impossible ones. In practice one also leaves out long ones. `QuestionAnswerer.spans` does this for whole batches, and looks only at tokens of segment 1, where the text is.
#
# A predicted piece that is nearly right deserves some credit: *cape town* for *in cape town*. Two numbers are usual, **exact match** and **F1**, the harmonic mean of two shares: of the predicted words that are right, and of the right ones that were predicted, here 0.8 (Rajpurkar et al. 2016, §6.1); the last exercise has them.
#
# Does filling gaps help here, too? Each text tells four facts in four sentences, two about each of two people. The questions are about pairs of a name and a place that never stood together in training. The table gives exact match in per cent, three trainings of each kind in the first four rows and five in the others (`python benchmarks/bert.py answers`, on one core; for the last two `--ways sinusoids --seeds 5`, from the worst training to the best). The first three are trained by Adam. The second encoder fills gaps (with Muon) in the same questions and texts for the first 60 seconds, and is asked for answers only then; more on the others below:
#
# | after seconds of training | 40 | 80 | 120 |
# | --- | ---: | ---: | ---: |
# | answers from the start | 42, 44, 45 | 46, 55, 66 | 49, 68, 75 |
# | hidden words first | – | 42, 67, 79 | 54, 80, 84 |
# | shorter texts first | 38, 46, 53 | 57, 72, 72 | 78, 98, 99 |
# | with Muon, long texts sooner | 48, 49, 63 | 75, 81, 99 | 98, 99, 100 |
# | that with sinusoids | 52–64 | 93–100 | 100 in each |
# | the same without segments | 47–67 | 76–99 | 86–100 |
#
# Between 40 and 60 lies a **plateau**: for a while the model finds *a* place where a place is asked for, but not *whose*, and hardly gets better. Many trainings look like that before something is found. How long it lasts differs more from seed to seed than between the first two ways, so three trainings do not tell whether the gaps help; whoever stops there will think that the model cannot do it.
#
# Near 80 lies a second one, and its mistakes say why. Of some sixty that we read, nearly every one came from a sentence with the same verb, about the *other* person. There are four verbs to match, but 52 names and places, and in half of the texts the verb alone is enough. The third row begins with texts in which it never is: two sentences with the same verb, of two people (for 60 seconds; then three sentences, in the end four; larger batches, and heads of 32 numbers in place of 16). Two of three trainings then get past both. (After 40 and 80 seconds this model is asked about four sentences, which it has not met yet.)
#
# Another training that stayed behind had its mistakes late in the text: in the first sentence 90 per cent were right, in the last 54. The fourth row gives the matrices to Muon (chapter 11) with weight decay, and goes on sooner: to three sentences after 36 seconds, to four after 66. With both, all three trainings get past both plateaus (Muon with the old times: 82 and 99.8 after 4,000 steps). The fifth row also begins with the sinusoids of chapter 07 in BERT's table of positions. That table is learned. When training begins, the vectors of neighbours have nothing in common, so each place must probably be learned anew; the sinusoids of neighbours are alike. After 80 seconds the worst of five trainings is at 93, after 120 at most one of the 500 new pairs is wrong (of as many seen ones, nine). **Read the mistakes of a model before you train it for longer.**
#
# In the last row every token has segment 0. Only [SEP] and the question mark tell the two texts apart, and answers are still looked for in the second alone: four of five trainings get as far or nearly, one stays at 86. Here one can mostly do without segments; with them all five ended at the top.
#
# The package's encoder and all of its heads are the same as Hugging Face's `BertModel`, `BertForMaskedLM`, `BertForSequenceClassification` and `BertForQuestionAnswering` with the same weights: outputs and gradients agree to nine digits in float64. The command `pytest tests/parity/test_bert.py` checks it.
#
# ## What to take along
#
# - An encoder is asked for hidden words, since it sees all others. −100 marks places without a question.
# - 80, 10 and 10 %: so that every word may be wrong, and every word counts.
# - Accuracy over all words mostly counts copies. Say of which words you speak.
# - Segments tell two texts apart; [CLS] stands for the whole; [SEP] ends a text.
# - A head is small: one or two layers on the vectors. Filled gaps are worth many labels; but first ask what a bag of words gets.
#
# ## Five questions
#
# <details><summary>1. Why do some of the chosen words stay as they are?</summary>
#
# So that a word that stands there may be a question, too: the model must give every word a vector that knows its neighbours. Later there are no [MASK]s at all.
# </details>
# <details><summary>2. Somebody gets a loss of 0.3 nats from a new masked model. What do you ask?</summary>
#
# Which places count. If it is all of them, most are words to be copied, which cost almost nothing, and the mean says little about the gaps.
# </details>
# <details><summary>3. Can BERT write a text, word by word?</summary>
#
# Not as it is: it was trained with both sides present, and at the end of an unfinished text the right side is missing.
# </details>
# <details><summary>4. Without segments, what could still tell the two texts apart?</summary>
#
# [SEP]: what stands behind the first one is the second text. (Behind a question its mark would do, too.) The segment says it at each token, so that it need not be worked out.
# </details>
# <details><summary>5. A text has 20 words, and an answer at most 5. How many of the 400 pairs of a first and a last word can be one?</summary>
#
# 90: there are 20 answers of one word, 19 of two, then 18, 17 and 16. Of the others 190 end before they begin, and 120 are too long.
# </details>
#
# ## Where to read on
#
# Devlin et al. 2019, §3, §4.1 and §4.2. New will be its tokens, which are pieces of words as in chapter 10, and its size: 12 layers, 768 wide, 110 million parameters, for 3.3 billion words. Liu et al. 2019 on what mattered in the training and what did not. Both in the [bibliography](bibliography.ipynb).
#
# The [exercises](../exercises/12_exercises_bert.ipynb) ask for the masking, its loss, pairs with their segments, the encoder, both heads, and the marks for an answer. Then go on to [13 · GPT](13_gpt.ipynb).
