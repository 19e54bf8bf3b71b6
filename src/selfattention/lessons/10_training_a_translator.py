# %% [markdown]
# # 10 · Training a translator
#
# Chapter 09 built the whole machine of 2017 and checked its arithmetic. Now we teach it French. **Can it be trained here, without a GPU, while you wait? What does it really know afterwards? And do its attention weights say which word became which?**

# %%
import numpy as np
import torch
from sacrebleu.metrics import BLEU

from selfattention import alignment, decoding
from selfattention.claims import claim, tally
from selfattention.data.batches import padded
from selfattention.data.bilingual import Bilingual
from selfattention.data.sentences import (KINDS, NEW_NEGATIONS, NEW_PAIRS, NEW_PRONOUNS, SEEN,
                                          VERB_ROWS, corpus)
from selfattention.models.transformer import Sizes, Transformer
from selfattention.plots import bars, canvas, course_map, heatmap, links, show
from selfattention.training import Recipe, Trainer, adam, fit, smoothing_floor, translation_loss

show(course_map(10), "Where we are: the machine is built; what is left is the loss that trains it.")

# %% [markdown]
# ## The idea in one picture
#
# No download: the course generates English sentences with their French translations. The sentences are simple, but they follow French grammar. Articles and adjectives agree in gender and number, most adjectives move **after** the noun, a negation wraps the verb in *ne … pas*, and a pronoun object moves **before** the verb.
#
# Because we made the pairs, we also know which English word each French word comes from: its *links* (elsewhere: word alignment). The translator is never shown a link. It gets whole sentences and must find out for itself which word goes with which:

# %%
train, test = corpus()
shown = [next(pair for pair in train if words <= set(pair.source))
         for words in ({"she", "not", "him"}, {"white", "two"})]
(figure, panels), headings = canvas(2, height=3.0), ("English", "French")
for axes, pair in zip(panels, shown):
    links(axes, pair.source, pair.target, alignment.gold(pair), headings=headings)
show(figure, "Two training pairs and their links: they cross where the order changes.")
for kind in KINDS:
    print(f"{kind}: {' '.join(test[kind][19].source)}\n    → {' '.join(test[kind][19].target)}")

# %% [markdown]
# 20,000 pairs are for training. The test sentences come in four kinds, 500 of each; the lines above show one of each kind. None of them is among the training sentences. The first kind holds no combination that was kept out of the training (*held out*). Each of the other three holds one combination that training **never** shows: a noun with an adjective it never had, a verb that was never negated, a verb that never had a pronoun as its object. Every single word is known.
#
# ## Batches
#
# The sentences of a batch are padded to the length of the longest one. Computing the padding is wasted work, so we put sentences of similar length together. How much that saves can be counted. `Bilingual` keeps a vocabulary for each language and turns words into numbers:

# %% tags=["claim:sorting-by-length"]
words = Bilingual(train)
batches, sources = words.batches(train, size=64), words.sources(train)
order = np.random.default_rng(0).permutation(len(train))[:len(train) // 64 * 64].reshape(-1, 64)
drawn = [padded([sources[number] for number in chosen]) for chosen in order]
alike = [batches[step].source for step in range(len(batches))]
at_random, by_length = (100 * np.mean([(tokens == 0).double().mean() for tokens in found])
                        for found in (drawn, alike))
claim("10.sorting-by-length", at_random=at_random, by_length=by_length)

# %% [markdown]
# ## The loop
#
# The model is that of 2017 with one thing newer: rotary positions (chapter 07) in place of sinusoids. It is small: vectors of 64 numbers, 4 heads, 2 + 2 layers. A training step is four lines: the loss, its gradient, a step, and the gradient back to zero. Here are three bare steps, and three of the package's `Trainer` from the same start; the losses must agree. (`betas` says how much of its two running means Adam keeps from step to step, and `eps` keeps it from dividing by 0; both are the paper's, §5.3.)

# %%
def new(coder):
    torch.manual_seed(3)
    return Transformer.rotary(Sizes(len(coder.source), len(coder.target)))


bare, losses, loss_of = new(words).eval(), [], translation_loss(smoothing=0.1)
optimizer = torch.optim.Adam(bare.parameters(), lr=2e-3, betas=(0.9, 0.98), eps=1e-9)
for step in range(3):
    total, tokens = loss_of(bare, batches[step])
    (total / tokens).backward()
    optimizer.step()
    optimizer.zero_grad()
    losses.append((total / tokens).item())

package, recipe = new(words).eval(), Recipe(steps=3, clip=float("inf"))
trainer = Trainer(package, adam(package, 2e-3), loss_of, lambda step: 1.0, recipe)
assert np.allclose(losses, [trainer.update(batches[step]) for step in range(3)])

# %% [markdown]
# What the package adds: the learning rate warms up and cools down, the gradient is clipped (shortened where it is longer than 1), a loss that is NaN or infinite stops the training and leaves the model's parameters as they were, and a *checkpoint* on disk keeps everything that the next step depends on. A training run that you interrupt and resume gives **the same parameters** as one that ran through; a test of the package checks that to the last bit.
#
# With label smoothing the true word has the target $0.9 + 0.1/V$ and each other word $0.1/V$, for $V$ words. No model can get under the entropy of that target, not even one that knows every translation by heart, nor one that leaks. A smaller loss would mean that it is counted wrongly, over padding for instance (chapter 09). The cell prints this floor, then trains, with a line every 250 steps. On two idle cores a training run takes about half a minute.

# %%
print(f"floor: {smoothing_floor(len(words.target), 0.1):.1f} nats per token")
recipe = Recipe(steps=1000, rate=2e-3, warmup=200)
words_model = new(words)
fit(words_model, batches, recipe, every=250)
for pair, french in zip(test[SEEN][:4], decoding.translations(words_model, words, test[SEEN][:4])):
    print(" ".join(pair.source), "→", french)

# %% [markdown]
# ## What it knows
#
# We count a translation as right only when **every** word is right.
#
# **Predict first:** what share is right for sentences with a verb that was never negated in training?

# %%
guess_negations = None  # your guess, between 0 and 1

# %% tags=["claim:new-combinations"]
def shares(coder, model):
    return {kind: decoding.share_right(model, coder.sources(test[kind]), coder.targets(test[kind]))
            for kind in KINDS}


whole = shares(words, words_model)
claim("10.new-combinations", guess_negations, seen=whole[SEEN], pairs=whole[NEW_PAIRS],
      pronouns=whole[NEW_PRONOUNS], negations=whole[NEW_NEGATIONS])

# %% [markdown]
# Why just these? The next cell begins with some of the mistakes. Look at the verbs: the word order is right, *ne … pas* is right, the verb's form is wrong, and only after *does*.
#
# Think of what the model has seen of such a verb: *pulls* → *tire* and, after a plural, *pull* → *tirent*. Only a negation has *pull* after a singular, and this verb was never negated. To the model *pull* and *pulls* are two numbers, at the start as unlike as *pull* and *queen*. **Nothing in the two numbers says that they are one verb.**
#
# If that is the reason, the cure is to *show* it: write *pulls* as two tokens, *pull* and *+s*. Such parts of words are called **pieces** (elsewhere: subwords). Nothing else changes:

# %%
found = zip(test[NEW_NEGATIONS], decoding.translations(words_model, words, test[NEW_NEGATIONS]))
wrong = [(pair, bad) for pair, bad in found if bad != " ".join(pair.target)]
for pair, bad in wrong[:3]:
    print(" ".join(pair.source), "\n    →", bad, "\n    should be", " ".join(pair.target))
print("mistakes with does:", sum("does" in pair.source for pair, _ in wrong), "of", len(wrong))

STEMS = {row[0]: (row[1], "+s") for row in VERB_ROWS}  # "pulls": ("pull", "+s")


def in_pieces(sentence):
    return [piece for word in sentence for piece in STEMS.get(word, (word,))]


pieces = Bilingual(train, cut=in_pieces)
pieces_model = new(pieces)
course = fit(pieces_model, pieces.batches(train), recipe, every=250)

# %% [markdown]
# Compare the last lines of the two training runs: the losses agree as far as they are printed. (Finer digits could not be compared anyway, because the tokens are not the same.) **A training loss tells how well the training sentences are known. It says nothing of what was never asked.** So ask:

# %% tags=["claim:stems-and-endings"]
cut = shares(pieces, pieces_model)
claim("10.stems-and-endings", whole=whole[NEW_NEGATIONS], pieces=cut[NEW_NEGATIONS])

# %% [markdown]
# The model generalised as far as its **tokens** let it.
#
# Real systems find their pieces by counting: *byte-pair encoding* joins the most frequent pair of neighbours again and again (Sennrich et al. 2016; an exercise). Counted pieces need not be stems and endings. With 300 such merges and 1500 steps, the course's benchmark (`python benchmarks/run.py translator`) got 91 to 94 % right of three kinds, new negations among them, and all of the fourth, new pronoun objects: counted pieces share most stems, but they make the sentences longer, and in 1500 steps the model did not learn those as well.
#
# ## BLEU
#
# Where translations are longer and many are acceptable, "every word right" is too strict. **BLEU** (Papineni et al. 2002) counts the runs of one to four words that a translation shares with a reference, over the whole test set, and punishes translations that are too short: 100 when all is the same. You write it in the exercises; for numbers that others can compare, use `sacrebleu`:

# %% tags=["claim:bleu-on-unseen-combinations"]
unseen = [pair for kind in KINDS if kind != SEEN for pair in test[kind]]
gold = [" ".join(pair.target) for pair in unseen]
found = [decoding.translations(words_model, words, unseen),
         decoding.translations(pieces_model, pieces, unseen)]
metric = BLEU(tokenize="none", force=True)
by_words, by_pieces = (metric.corpus_score(one, [gold]).score for one in found)
claim("10.bleu-on-unseen-combinations", pieces=by_pieces, whole=by_words)

# %% [markdown]
# ## Which word became which? Three words by hand
#
# Each head of the last cross-attention has a row of weights for each French word, at the moment it is **chosen**. To read links off a head, we link each French word to the English word of its largest weight. Take *does not see* → *ne voit pas* with these weights, made up for the example:
#
# | | does | not | see |
# |---|---|---|---|
# | ne | **0.6** | 0.3 | 0.1 |
# | voit | 0.1 | 0.2 | **0.7** |
# | pas | **0.5** | 0.4 | 0.1 |
#
# Three links are guessed. Four are gold: *ne* comes from *does* and from *not*, *voit* from *see*, *pas* from *not*. Two guesses are right. The **alignment error rate** (Och and Ney 2003) is $1 - 2 \cdot 2/(3 + 4) = 0.43$: twice the right links, divided by guessed and gold links together. It is 0 only when all guessed links are right and none is missing, and 1 when no guess is right. With one link per word the best possible here is $1 - 2 \cdot 3/(3 + 4) = 0.14$.

# %%
english, french = ["does", "not", "see"], ["ne", "voit", "pas"]
weights = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.5, 0.4, 0.1]])
gold = frozenset({(0, 0), (1, 0), (2, 1), (1, 2)})  # (English, French)
guessed = frozenset((int(row.argmax()), word) for word, row in enumerate(weights))
rate = 1 - 2 * len(guessed & gold) / (len(guessed) + len(gold))
assert guessed == alignment.strongest(weights) and rate == alignment.error_rate([guessed], [gold])
figure, (left, middle, right) = canvas(3, height=2.2)
links(left, english, french, weights, headings=headings, title="weights")
true, found = (alignment.table(pairs, 3, 3) for pairs in (gold, guessed))
links(middle, english, french, found, wrong=~true, headings=headings, title="strongest")
links(right, english, french, true, headings=headings, title="gold")
show(figure, f"From weights to links. One of three is wrong, two of four are missed: {rate:.2f}.")

# %% [markdown]
# Now the translator. Which of its four heads links words? We know the links of the training sentences, too, so each head is tried on 200 of these, and the best one is judged on test sentences, which played no part in the choice. (Weights of a word's pieces are added up.) We compare it with a classic that only counts which words occur together (**IBM Model 1**, Brown et al. 1993), with words and with pieces; a guess that knows no words (**the diagonal**); and the best that one link per word can reach.
#
# **Predict first:** the translator was never told what a link is. What is the error rate of its best head on seen combinations? The diagonal has 0.4.

# %%
guess_error = None  # your guess, between 0 and 1

# %% tags=["claim:word-links"]
heads = [alignment.by_attention(pieces_model, pieces, head) for head in range(4)]
tried = {f"training, head {n}": alignment.scored(head, train[:200]) for n, head in enumerate(heads)}
best = int(np.argmin([*tried.values()]))
ways = {"attention": heads[best], "words": alignment.by_counting(train, words),
        "pieces": alignment.by_counting(train, pieces),
        "diagonal": lambda pair: alignment.diagonal(len(pair.source), len(pair.target)),
        "best": lambda pair: alignment.best_single(pair.links)}
errors = {name: alignment.scored(way, test[SEEN]) for name, way in ways.items()}
claim("10.word-links", guess_error, **errors)

# %% [markdown]
# To write *chat* the decoder must get at *cat*, and cross-attention is the only way from source to target. Chapter 09 saw an encoder that carried letters to other places first; this one mostly leaves its words where they are:

# %%
pair = next(pair for pair in test[NEW_PAIRS] if {"not", "them"} <= set(pair.source))
weights = alignment.word_weights(pieces_model, pieces, pair)[best, :-1]
figure, (left, right) = canvas(2, height=3.2)
links(left, pair.source, pair.target, weights, wrong=~alignment.gold(pair), headings=headings)
heatmap(right, weights, queries=pair.target, keys=pair.source, links=pair.links, numbers=False)
show(figure, "A test sentence, as links and as a table. Left, what is not gold is dashed, where "
             "it can be seen; right, frames mark the gold links. Nearly all the weight is there.")
figure, axes = canvas(height=3.2)
names = [*tried, "best head", "Model 1, words", "Model 1, pieces", "diagonal", "best possible"]
bars(axes, dict(zip(names, (tried | errors).values())), xlabel="alignment error", role="tokens")
show(figure, "Head 0 to 3: on training sentences. From the best head on: on test sentences.")

# %% [markdown]
# Here a map of weights does say which word became which: it was scored against gold links, in the last layer, for this task. And the head had to be chosen. In 23 of 24 training runs with other seeds the best of the four heads was ahead of Model 1 with words. But the worst head often made several times as many errors as the best, and where a pronoun is the object the lead over Model 1 was small and not there in every run. *Why* the model chose a word was not tested (a later chapter will).
#
# One small change shows how narrow the finding is. A map can be labelled with the words the decoder *writes* or with those it *reads*, and the two are one row apart (chapter 09).
#
# **Predict first:** what is the error rate if you take for each French word the row in which it is *read*, one further down, instead of the one in which it is chosen?

# %%
guess_row = None  # your guess, between 0 and 1

# %% tags=["claim:one-row-later"]
one_late = alignment.by_attention(pieces_model, pieces, best, late=1)
claim("10.one-row-later", guess_row, late=alignment.scored(one_late, test[SEEN]),
      right=errors["attention"], diagonal=errors["diagonal"])

# %% [markdown]
# The row in which a word is read is the row in which the *next* one is chosen: here, its weights look for that one. Which row is right depends on the model and the layer: Chen et al. 2020 link words by the row in which a word is read, and with success. So measure.
#
# ## Greedy or beam?
#
# **Greedy search** takes the best next token each time and never looks back. **Beam search** keeps the best few beginnings (elsewhere: hypotheses). It can find likelier sentences, and costs more with every beginning that it keeps. Is it worth it here?

# %% tags=["claim:beam-against-greedy"]
sample = [pair for kind in KINDS for pair in test[kind][:100]]
sources = padded(pieces.sources(sample))
one, four = decoding.greedy(pieces_model, sources), decoding.beam(pieces_model, sources, width=4)
less, more = (decoding.log_probability(pieces_model, sources, tokens) for tokens in (one, four))
first, second = ([pieces.target.decode(row) for row in tokens.tolist()] for tokens in (one, four))
same = np.mean([a == b for a, b in zip(first, second)])
claim("10.beam-against-greedy", same=100 * same, better=100 * (more > less + 1e-3).double().mean())

# %% [markdown]
# On real text a model is less sure. The course's recipe for 29,000 real captions, English to French, is `python benchmarks/multi30k.py`: 26 minutes on two cores, then 55.3 BLEU with greedy search (4 seconds for 1000 captions) and 56.5 with a beam of four (14 seconds).
#
# ## Your own sentence
#
# Now use it. Capitals and the stop at the end do not matter; `sorted(words.known)` lists the English words that it knows.

# %%
def translate(sentence):
    (tokens,) = decoding.translated(pieces_model, [pieces.read(sentence)], search=decoding.beam)
    return " ".join(pieces.target.decode(tokens))


for sentence in ("My sister does not follow two white cats.", "They paint him", "He eats the cake"):
    try:
        print(sentence, "\n    →", translate(sentence))
    except ValueError as error:
        print(sentence, "\n    →", error)
tally()

# %% [markdown]
# The last one names the word that the translator does not know. Write your own: `translate("your sentence")`.
#
# ## What you can do now
#
# You can compute attention by hand and build it from dot products, a softmax and a scale. You can mask it, cut it into heads, tell it about positions, put it into blocks, stack these, and join two stacks. You can train the whole model, break it on purpose, and show in numbers what it knows.
#
# The next chapters each go one step further. [11](11_recurrence_convolution_attention.ipynb) compares attention with recurrence and convolution. [12](12_bert.ipynb) keeps only the encoder and makes BERT of it, [13](13_gpt.ipynb) only the decoder: GPT. [14](14_efficient_attention.ipynb) makes attention cheaper, [15](15_long_context.ipynb) its context longer. [16](16_induction.ipynb) asks what goes on inside, [17](17_graph_attention.ipynb) and [18](18_spatial_attention.ipynb) leave text for graphs and images, and in [19](19_debugging_attention.ipynb) you look for bugs that were planted.
#
# ## What to take along
#
# - Two cores are enough to train a Transformer on a small language while you wait, and to measure what it learned.
# - Count new combinations separately. The training loss does not show them.
# - A model cannot see inside its tokens: cut them where it helps.
# - Attention weights are evidence once they have been scored against gold links: for this layer, this head, this row.
#
# ## Five questions
#
# <details><summary>1. Two sentences of 3 and 9 tokens are in one batch. What share of it is padding?</summary>
#
# A third: 18 places, 12 of them real.
# </details>
# <details><summary>2. The training loss, with label smoothing in it, lies below the floor. What has happened?</summary>
#
# The loss is counted wrongly, for instance over padding. Not even a model that sees the answers gets there.
# </details>
# <details><summary>3. Why did whole words fail with "does not pull" but not with "do not pull"?</summary>
#
# After a plural, *pull* is known to become *tirent*. That *pull* after a singular is *tire* follows only if *pull* and *pulls* share a token.
# </details>
# <details><summary>4. A guess links each French word once, and all its links are right. Is its error rate 0?</summary>
#
# Only if each French word has a single gold link. Gold links that the guess leaves out count in the divisor.
# </details>
# <details><summary>5. You draw a map of weights and label its rows with the decoder input. Row "le" is darkest at "house". What does it mean?</summary>
#
# Having read *le*, this head looks most at *house* while the model chooses the next word.
# </details>
#
# ## Where to read on
#
# Sennrich et al. 2016 on pieces of words; Och and Ney 2003 on word links and how to score them; Chen et al. 2020 on links from attention; Papineni et al. 2002 on BLEU ([bibliography](bibliography.ipynb)).
#
# Now do the [exercises](../exercises/10_exercises_training_a_translator.ipynb). Then go on to [11 · Recurrence, convolution, attention](11_recurrence_convolution_attention.ipynb).
