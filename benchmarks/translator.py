"""The translator of chapter 10: from words, from stems and endings, from counted pieces; and with Adam and Muon."""

import time

import numpy as np
import torch
from run import row
from sacrebleu.metrics import BLEU

from selfattention import alignment
from selfattention.data.batches import Batches, batch, padded
from selfattention.data.pieces import Pieces
from selfattention.data.sentences import KINDS, VERB_ROWS, corpus
from selfattention.data.words import Vocabulary
from selfattention.decoding import greedy
from selfattention.layers import watching
from selfattention.models.transformer import Sizes, Transformer
from selfattention.training import Recipe, Trainer, adam, muon, translation_loss, up_and_down

STEMS = {verb[0]: (verb[1], "+s") for verb in VERB_ROWS}


class Translator:
    """A model with its vocabularies; `cut` turns words into tokens, of the source alone or of the target as well."""

    def __init__(self, train, cut, both=False, seed=0):
        self.cut, self.cut_target = cut, cut if both else list
        self.between = "" if both else " "  # counted pieces carry their spaces
        self.source = Vocabulary(cut(pair.source) for pair in train)
        self.target = Vocabulary(self.cut_target(pair.target) for pair in train)
        self.batches = Batches([self.source.encode(cut(pair.source)) for pair in train],
                               [self.target.encode(self.cut_target(pair.target)) for pair in train], 64, seed)
        torch.manual_seed(seed)
        self.model = Transformer.rotary(Sizes(len(self.source), len(self.target)))
        self.seed = seed

    def train(self, steps, make=adam, rate=2e-3) -> float:
        """Train; returns the seconds it took."""
        recipe = Recipe(steps, rate, warmup=min(200, steps // 4), seed=self.seed)
        trainer = Trainer(self.model, make(self.model, rate), translation_loss(recipe.smoothing),
                          lambda step: up_and_down(step, recipe.warmup, recipe.steps), recipe)
        started = time.perf_counter()
        for _ in trainer.run(self.batches, progress=False):
            pass
        self.model.eval()
        return time.perf_counter() - started

    def translations(self, pairs):
        found = []
        for start in range(0, len(pairs), 100):
            tokens = greedy(self.model, padded([self.source.encode(self.cut(pair.source))
                                                for pair in pairs[start:start + 100]]))
            found += [self.between.join(self.target.decode(line)).strip() for line in tokens.tolist()]
        return found

    def exact(self, pairs) -> float:
        return float(np.mean([found == " ".join(pair.target) for pair, found in zip(pairs, self.translations(pairs))]))

    def bleu(self, pairs) -> float:
        wanted = [" ".join(pair.target) for pair in pairs]
        return BLEU(tokenize="none", force=True).corpus_score(self.translations(pairs), [wanted]).score

    @torch.no_grad()
    def links(self, pair):
        example = batch([self.source.encode(self.cut(pair.source))], [self.target.encode(pair.target)])
        with watching(self.model.decoder[-1].cross_attention) as seen:
            self.model(example.source, example.decoder_input)
        weights = seen[0][0][0].mean(dim=0).numpy()[:-1]
        return alignment.strongest(alignment.joined(weights, owners(pair, self.cut)))


def owners(pair, cut):
    """Which word each piece of the source belongs to."""
    return [place for place, word in enumerate(pair.source) for _ in cut([word])]


def stems(words):
    """Cut the ending off English verbs."""
    return [piece for word in words for piece in STEMS.get(word, (word,))]


def counted(train, size=560):
    """A cut by byte-pair encoding, learned on both sides of the corpus."""
    pieces = Pieces([" ".join(side) for pair in train for side in (pair.source, pair.target)], size)
    known: dict[str, list[str]] = {}

    def cut(words):
        for word in words:
            if word not in known:
                known[word] = pieces.pieces(" " + word)
        return [piece for word in words for piece in known[word]]
    return cut


def error_rates(pairs, **rivals) -> list[str]:
    gold = [pair.links for pair in pairs]
    return [f"{alignment.error_rate([links(pair) for pair in pairs], gold):.3f}" for links in rivals.values()]


def translator(steps: int = 1500) -> None:
    """Three cuts, one recipe, scored by kind of novelty; then word links against three others."""
    train, test = corpus()
    unseen = [pair for kind in KINDS[1:] for pair in test[kind]]
    print(f"\n| exact match after {steps} steps | seconds | {' | '.join(KINDS)} | BLEU, unseen |\n|{'---|' * 7}")
    best = None
    for name, make in (("whole words", lambda seed: Translator(train, list, seed=seed)),
                       ("verbs as stem and ending", lambda seed: Translator(train, stems, seed=seed)),
                       ("byte pairs, 300 merges", lambda seed: Translator(train, counted(train), True, seed=seed))):
        for seed in range(3 if name != "byte pairs, 300 merges" else 1):
            made = make(seed)
            took = made.train(steps)
            exact = [f"{100 * made.exact(test[kind]):.1f} %" for kind in KINDS]
            row(f"{name}, seed {seed}", f"{took:.0f}", *exact, f"{made.bleu(unseen):.1f}")
            best = made if name.startswith("verbs") and seed == 0 else best
    model_1 = alignment.IBMModel1([(pair.source, pair.target) for pair in train])
    of_pieces = alignment.IBMModel1([(stems(pair.source), pair.target) for pair in train])
    print("\n| alignment error rate | cross-attention | IBM Model 1, words | IBM Model 1, pieces | diagonal "
          "| best with one link a word |\n|---|---|---|---|---|---|")
    for kind, pairs in [*test.items(), ("all four", [*test[KINDS[0]], *unseen])]:
        row(kind, *error_rates(pairs, ours=best.links, model_1=lambda pair: model_1.align(pair.source, pair.target),
                               of_pieces=lambda pair: frozenset(
                                   (owners(pair, stems)[piece], target)
                                   for piece, target in of_pieces.align(stems(pair.source), pair.target)),
                               diagonal=lambda pair: alignment.diagonal(len(pair.source), len(pair.target)),
                               best=lambda pair: alignment.best_single(pair.links)))


def optimizers() -> None:
    """Adam and Muon on the same batches: what a step costs, and how many steps are needed."""
    train, test = corpus()
    print("\n| optimizer | steps | milliseconds a step | seen | new pairs |\n|---|---|---|---|---|")
    for steps in (300, 600, 1000):
        for name, make in (("Adam", adam), ("Muon inside the layers", muon)):
            made = Translator(train, stems)
            took = made.train(steps, make)
            row(name, str(steps), f"{1000 * took / steps:.0f}",
                *(f"{100 * made.exact(test[kind]):.1f} %" for kind in KINDS[:2]))
