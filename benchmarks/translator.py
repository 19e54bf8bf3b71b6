"""The translator of chapter 10: from words, from stems and endings, from counted pieces; and with Adam and Muon."""

import time

import numpy as np
import torch
from sacrebleu.metrics import BLEU
from timing import row

from selfattention import alignment
from selfattention.data.batches import Batches, batch
from selfattention.data.pieces import Pieces
from selfattention.data.sentences import KINDS, VERB_ROWS, corpus
from selfattention.data.words import Vocabulary
from selfattention.decoding import translated
from selfattention.layers import watching
from selfattention.models.transformer import Sizes, Transformer
from selfattention.training import Recipe, Trainer, adam, muon, translation_loss, up_and_down

STEMS = {verb[0]: (verb[1], "+s") for verb in VERB_ROWS}


class Translator:
    """A model with its vocabularies; `cut` and `cut_target` turn words into tokens, `join` tokens into a sentence."""

    def __init__(self, train, cut, cut_target=list, join=" ".join, seed=0):
        self.cut, self.join = cut, join
        self.source = Vocabulary(cut(pair.source) for pair in train)
        self.target = Vocabulary(cut_target(pair.target) for pair in train)
        self.batches = Batches([self.source.encode(cut(pair.source)) for pair in train],
                               [self.target.encode(cut_target(pair.target)) for pair in train], 64, seed)
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

    def translations(self, pairs) -> list[str]:
        found = translated(self.model, [self.source.encode(self.cut(pair.source)) for pair in pairs])
        return [self.join(self.target.decode(tokens)) for tokens in found]

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


def exact(found: list[str], pairs) -> str:
    """The share of sentences in which every word is right."""
    return f"{100 * np.mean([one == ' '.join(pair.target) for one, pair in zip(found, pairs)]):.1f} %"


def model_1(train, cut):
    """The word links of IBM Model 1, which counts the tokens that `cut` makes."""
    counts = alignment.IBMModel1([(cut(pair.source), pair.target) for pair in train])

    def links(pair):
        owner = owners(pair, cut)
        return frozenset((owner[piece], target) for piece, target in counts.align(cut(pair.source), pair.target))
    return links


def translator(steps: int = 1500) -> None:
    """Three cuts, one recipe, scored by kind of novelty; then word links against three others."""
    train, test = corpus()
    unseen = [pair for kind in KINDS[1:] for pair in test[kind]]
    byte_pairs = counted(train)
    print(f"\n| exact match after {steps} steps | seconds | {' | '.join(KINDS)} | BLEU, unseen |\n|{'---|' * 7}")
    made = {}
    for name, seeds, options in (
            ("whole words", range(3), {"cut": list}), ("verbs as stem and ending", range(3), {"cut": stems}),
            # counted pieces carry their spaces
            ("byte pairs, 300 merges", range(1), {"cut": byte_pairs, "cut_target": byte_pairs,
                                                  "join": lambda tokens: "".join(tokens).strip()})):
        for seed in seeds:
            one = made[name, seed] = Translator(train, **options, seed=seed)
            took = one.train(steps)
            found = {kind: one.translations(test[kind]) for kind in KINDS}
            score = BLEU(tokenize="none", force=True).corpus_score(
                [text for kind in KINDS[1:] for text in found[kind]], [[" ".join(pair.target) for pair in unseen]])
            row(f"{name}, seed {seed}", f"{took:.0f}", *(exact(found[kind], test[kind]) for kind in KINDS),
                f"{score.score:.1f}")
    rivals = {"cross-attention": made["verbs as stem and ending", 0].links, "IBM Model 1, words": model_1(train, list),
              "IBM Model 1, pieces": model_1(train, stems),
              "diagonal": lambda pair: alignment.diagonal(len(pair.source), len(pair.target)),
              "best with one link a word": lambda pair: alignment.best_single(pair.links)}
    print(f"\n| alignment error rate | {' | '.join(rivals)} |\n|{'---|' * 6}")
    for kind, pairs in [*test.items(), ("all four", [*test[KINDS[0]], *unseen])]:
        gold = [pair.links for pair in pairs]
        row(kind, *(f"{alignment.error_rate([links(pair) for pair in pairs], gold):.3f}" for links in rivals.values()))


def optimizers() -> None:
    """Adam and Muon on the same batches: what a step costs, and how many steps are needed."""
    train, test = corpus()
    print("\n| optimizer | steps | milliseconds a step | seen | new pairs |\n|---|---|---|---|---|")
    for steps in (300, 600, 1000):
        for name, make in (("Adam", adam), ("Muon inside the layers", muon)):
            made = Translator(train, stems)
            took = made.train(steps, make)
            row(name, str(steps), f"{1000 * took / steps:.0f}",
                *(exact(made.translations(test[kind]), test[kind]) for kind in KINDS[:2]))
