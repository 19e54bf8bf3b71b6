"""The translator of chapter 10: from words, from stems and endings, from counted pieces; and with Adam and Muon."""

import numpy as np
import torch
from sacrebleu.metrics import BLEU
from timing import row, seconds

from selfattention import alignment
from selfattention.data.batches import Batches
from selfattention.data.bilingual import Bilingual
from selfattention.data.pieces import Pieces
from selfattention.data.sentences import KINDS, VERB_ROWS, Pair, corpus
from selfattention.decoding import translated
from selfattention.models.transformer import Sizes, Transformer
from selfattention.training import Recipe, adam, fit, muon

STEMS = {verb[0]: (verb[1], "+s") for verb in VERB_ROWS}


def stems(words):
    """Cut the ending off English verbs."""
    return [piece for word in words for piece in STEMS.get(word, (word,))]


def counted(train, size=560):
    """A cut by byte-pair encoding, learned on both sides of the corpus; the pieces carry their spaces."""
    pieces = Pieces([" ".join(side) for pair in train for side in (pair.source, pair.target)], size)
    known: dict[str, list[str]] = {}

    def cut(words):
        for word in words:
            if word not in known:
                known[word] = pieces.pieces(" " + word)
        return [piece for word in words for piece in known[word]]
    return cut


def trained(coder, train, steps, seed=0, make=adam):
    """A model that has read the training pairs, and the seconds it took."""
    torch.manual_seed(seed)
    model = Transformer.rotary(Sizes(len(coder.source), len(coder.target)))
    batches = Batches(coder.sources(train), coder.targets(train), 64, seed)
    recipe = Recipe(steps, 2e-3, warmup=min(200, steps // 4), seed=seed)
    return model, seconds(lambda: fit(model, batches, recipe, make=make))


def written(model, coder, pairs, between=" ") -> list[str]:
    """The translations as sentences; `between` stands between two tokens."""
    return [between.join(coder.target.decode(tokens)).strip() for tokens in translated(model, coder.sources(pairs))]


def exact(found: list[str], pairs) -> str:
    """The share of sentences in which every word is right."""
    return f"{100 * np.mean([one == ' '.join(pair.target) for one, pair in zip(found, pairs)]):.1f} %"


def translator(steps: int = 1500) -> None:
    """Three cuts, one recipe, scored by kind of novelty; then word links against three others."""
    train, test = corpus()
    unseen = [pair for kind in KINDS[1:] for pair in test[kind]]
    byte_pairs = counted(train)
    both_cut = [Pair(pair.source, tuple(byte_pairs(pair.target)), pair.links) for pair in train]
    words, pieces = Bilingual(train), Bilingual(train, stems)
    print(f"\n| exact match after {steps} steps | seconds | {' | '.join(KINDS)} | BLEU, unseen |\n|{'---|' * 7}")
    models = {}
    for name, seeds, coder, pairs, between in (
            ("whole words", range(3), words, train, " "), ("verbs as stem and ending", range(3), pieces, train, " "),
            ("byte pairs, 300 merges", range(1), Bilingual(both_cut, byte_pairs), both_cut, "")):
        for seed in seeds:
            model, took = trained(coder, pairs, steps, seed)
            models[coder, seed] = model
            found = {kind: written(model, coder, test[kind], between) for kind in KINDS}
            score = BLEU(tokenize="none", force=True).corpus_score(
                [text for kind in KINDS[1:] for text in found[kind]], [[" ".join(pair.target) for pair in unseen]])
            row(f"{name}, seed {seed}", f"{took:.0f}", *(exact(found[kind], test[kind]) for kind in KINDS),
                f"{score.score:.1f}")

    def attention(pair):
        """By the mean of all heads, in the row in which a word is chosen."""
        return alignment.strongest(alignment.word_weights(models[pieces, 0], pieces, pair).mean(axis=0)[:-1])

    rivals = {"cross-attention": attention, "IBM Model 1, words": alignment.by_counting(train, words),
              "IBM Model 1, pieces": alignment.by_counting(train, pieces),
              "diagonal": lambda pair: alignment.diagonal(len(pair.source), len(pair.target)),
              "best with one link a word": lambda pair: alignment.best_single(pair.links)}
    print(f"\n| alignment error rate | {' | '.join(rivals)} |\n|{'---|' * 6}")
    for kind, pairs in [*test.items(), ("all four", [*test[KINDS[0]], *unseen])]:
        row(kind, *(f"{alignment.scored(way, pairs):.3f}" for way in rivals.values()))


def optimizers() -> None:
    """Adam and Muon on the same batches: what a step costs, and how many steps are needed."""
    train, test = corpus()
    coder = Bilingual(train, stems)
    print("\n| optimizer | steps | milliseconds a step | seen | new pairs |\n|---|---|---|---|---|")
    for steps in (300, 600, 1000):
        for name, make in (("Adam", adam), ("Muon inside the layers", muon)):
            model, took = trained(coder, train, steps, make=make)
            row(name, str(steps), f"{1000 * took / steps:.0f}",
                *(exact(written(model, coder, test[kind]), test[kind]) for kind in KINDS[:2]))
