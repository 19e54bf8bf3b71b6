"""Chapter 12 in longer runs than a lesson has time for; prints tables in Markdown.

    python benchmarks/bert.py labels --seconds 30 --seeds 5        pre-trained against from scratch, by number of labels
    python benchmarks/bert.py answers                              answers found in texts, six ways to train
    python benchmarks/bert.py answers --ways sinusoids --threads 2 two of them, on two idle cores
    python benchmarks/bert.py reviews --steps 500 --folder FOLDER  film reviews, beside a bag of words

Seconds are those of the processor, and other programs take none of them; with several threads they are those that
pass. Each training of a seed begins with other weights and draws other batches. `labels` trains an encoder on hidden
words for `--seconds`, then goes on from it and from new weights with the same labelled sentences, steps and rates;
texts and sentences are short ones. `answers` asks for answers all of `--seconds`; or hides words of the same questions
and texts in the first half of them; or asks about shorter texts first, of two and of three facts, in larger batches and
of an encoder with two heads of 32 numbers instead of four of 16; or this with Muon for the matrices and weight decay,
and more of the time for long texts; and with positions that begin as sinusoids; and that without segments.
`reviews` is `labels` with all sentences of the training part, which are few, and with weight decay while gaps are
filled; without `--folder` the files are fetched.
"""

import argparse
import copy
import dataclasses
import functools
import statistics

from learning import clock, growing, learned
from timing import processor, row

import torch  # isort: skip  (timing sets the number of threads before)
from torch import Tensor, nn

from selfattention.data import facts, opinions, spans
from selfattention.data.asked import Stream
from selfattention.data.masked import SPECIAL, framed, labelled, masked_tokens, vocabulary
from selfattention.data.reviews import reviews
from selfattention.models.bag import BagOfWords
from selfattention.models.bert import (
    Bert,
    MaskedLanguageModel,
    QuestionAnswerer,
    SequenceClassifier,
    Sizes,
    gap_loss,
    label_loss,
)
from selfattention.positions import sinusoidal
from selfattention.training import Recipe, adam, fit, muon

BATCH, WIDTH, POSITIONS = 64, 64, 64
ANSWERS = 32  # questions in a batch
SHORTER = {2: 0.5, 3: 0.8}  # texts of so many facts until this share of the time is over, then of all four
SOONER = {2: 0.3, 3: 0.55}  # the same, of ways that learn the shorter ones sooner
SHORT_TEXT, SHORT_SENTENCE = 13, 8  # in words, where sentiment is learned: longer ones need longer trainings


def pretrained(bert: Bert, tokens: Tensor, segments: Tensor, seconds: float, seed: int, share: float = 0.15,
               size: int = BATCH, threads: int = 1, decay: float = 0.0) -> int:
    """Fill gaps in these texts for so many seconds; the number of steps."""
    steps = 0

    def batch(count: int, generator: torch.Generator) -> Tensor:
        rows = torch.randint(len(tokens), (count,), generator=generator)
        some = tokens[rows][:, :int((tokens[rows] > 0).sum(dim=1).max())]
        return torch.stack([*masked_tokens(some, bert.sizes.vocab, generator, share),
                            segments[rows][:, :some.shape[1]]], dim=1)

    def loss(model: MaskedLanguageModel, rows: Tensor) -> tuple[Tensor, Tensor]:
        return gap_loss(model, rows.transpose(0, 1))

    for step, _ in learned(MaskedLanguageModel(bert), Stream(batch, size, seed), loss, seconds, seconds, seed,
                           make=functools.partial(muon, decay=decay), down=1.0, threads=threads):
        steps = step
    return steps


def classifier(bert: Bert, rows: Tensor, steps: int, rate: float, seed: int) -> SequenceClassifier:
    """Train a head, and the encoder with it, on texts with their labels before them."""
    torch.manual_seed(seed)
    model = SequenceClassifier(bert)

    def batch(count: int, generator: torch.Generator) -> Tensor:
        return rows[torch.randint(len(rows), (count,), generator=generator)]

    fit(model, Stream(batch, BATCH, seed), Recipe(steps, rate, warmup=20, seed=seed), loss=label_loss,
        make=muon)
    return model


@torch.no_grad()
def right(model: SequenceClassifier, rows: Tensor) -> float:
    return (model(rows[:, 1:]).argmax(dim=1) == rows[:, 0]).double().mean().item()


def spread(values: list[float]) -> str:
    """The median and, in brackets, the smallest and the largest."""
    return f"{statistics.median(values):.3f} ({min(values):.2f}–{max(values):.2f})"


def by_labels(arguments) -> None:
    """Sentiment where a bag of words knows nothing: accuracy on new sentences, and on new negations of adjectives."""
    told = [[word for sentence in text for word in sentence] for text in opinions.texts()]
    words = vocabulary(told)
    texts = framed([words.encode(text) for text in told if len(text) <= SHORT_TEXT]).tokens
    train, tests = opinions.opinions(8 * max(arguments.labels), 1500)
    sides = {}
    for kind, some in {"train": train, **tests}.items():
        short = [one for one in some if len(one.words) <= SHORT_SENTENCE]
        sides[kind] = [one.words for one in short], [int(one.praises) for one in short]
    rows = {kind: labelled(words, *side) for kind, side in sides.items()}
    sizes = Sizes(len(words), WIDTH, d_ff=2 * WIDTH, positions=POSITIONS, dropout=0.0)
    berts, steps = [], []
    for seed in range(arguments.seeds):
        torch.manual_seed(seed)
        berts.append(Bert(sizes))
        steps.append(pretrained(berts[-1], texts, torch.zeros_like(texts), arguments.seconds, seed, share=0.3))
    print(f"\nPre-training: {arguments.seconds:g} seconds, {steps} steps; then "
          f"{arguments.steps} steps with labels; {arguments.seeds} seeds\n")
    kinds = [f"{name}, {kind}" for kind in tests for name in ("pre-trained", "from scratch")]
    row("labels", "bag of words, seen", *kinds, "pre-trained better, seen, by seed")
    row("---", *["---"] * (len(kinds) + 2))
    for count in arguments.labels:
        bag = BagOfWords(*(part[:count] for part in sides["train"]))
        found = {kind: ([], []) for kind in tests}
        for seed, bert in enumerate(berts):
            torch.manual_seed(seed)
            for place, start in enumerate((copy.deepcopy(bert), Bert(sizes))):
                model = classifier(start, rows["train"][:count], arguments.steps, arguments.rate, seed)
                for kind in tests:
                    found[kind][place].append(right(model, rows[kind]))
        better = [one - other for one, other in zip(*found[opinions.SEEN])]
        row(f"{count}", f"{bag.accuracy(*sides[opinions.SEEN]):.3f}",
            *(spread(values) for kind in tests for values in found[kind]),
            " ".join(f"{one:+.2f}" for one in better))


def answer_loss(model: QuestionAnswerer, batch: spans.Asked) -> tuple[Tensor, Tensor]:
    total = sum(nn.functional.cross_entropy(scores, places, reduction="sum")
                for scores, places in zip(model(batch.tokens, batch.segments), (batch.starts, batch.ends)))
    return total, torch.tensor(2 * len(batch.starts))


class OneSegment(QuestionAnswerer):
    """Is not told which of the two texts a token belongs to; answers are still looked for in the second alone."""

    def forward(self, tokens, segments=None):
        return super().forward(tokens)


@dataclasses.dataclass(frozen=True)
class Way:
    """How answers are learned.

    Args:    hidden: the share of the time in which gaps are filled before. shorter: as `SHORTER`. heads: of the
             encoder. matrices: `times` and `decay` of `muon`; None is Adam for everything.
             sinusoids: the table of positions begins with them, as long as the random vectors that it else begins with.
    """

    name: str
    hidden: float = 0.0
    shorter: dict[int, float] = dataclasses.field(default_factory=dict)
    heads: int = 4
    size: int = ANSWERS
    matrices: tuple[float, float] | None = None
    sinusoids: bool = False
    kind: type[QuestionAnswerer] = QuestionAnswerer

    def model(self, sizes: Sizes) -> QuestionAnswerer:
        """One that has learned nothing."""
        bert = Bert(dataclasses.replace(sizes, heads=self.heads))
        if self.sinusoids:
            table = bert.embeddings.positions.table.data
            table.copy_(sinusoidal(*table.shape) * (2 / table.shape[1])**0.5)
        return self.kind(bert)

    def optimizers(self, model: QuestionAnswerer, rate: float, threads: int) -> list[torch.optim.Optimizer]:
        """Muon for the matrices, or Adam for everything."""
        return muon(model, rate, *self.matrices, shares=threads) if self.matrices else adam(model, rate)


_shorter = Way("shorter texts first", shorter=SHORTER, heads=2, size=2 * ANSWERS)
_muon = dataclasses.replace(_shorter, name="shorter first, Muon alone", shorter=SOONER, matrices=(5.0, 0.3))
_both = dataclasses.replace(_muon, name="shorter first, Muon and sinusoids", sinusoids=True)
WAYS = (Way("answers from the start"), Way("hidden words first", hidden=0.5), _shorter, _muon, _both,
        dataclasses.replace(_both, name=f"{_both.name}, one segment", kind=OneSegment))


def answers(arguments) -> None:
    """Answers found in generated texts of facts: exact match and F1 in per cent, by seconds of training."""
    train, tests = facts.facts()
    words = vocabulary(facts.words(train))
    sizes = Sizes(len(words), WIDTH, d_ff=2 * WIDTH, positions=POSITIONS, dropout=0.0)
    every = functools.cache(lambda told: spans.batch(
        train if told == facts.FACTS else facts.facts(told=told)[0], words))
    held = {kind: (some, spans.batch(some, words)) for kind, some in tests.items()}

    def marks(model: QuestionAnswerer) -> list[str]:
        found = []
        for some, batch in held.values():
            pairs = [(" ".join(words.words[token] for token in tokens[first:last + 1]), " ".join(one.answer))
                     for one, tokens, (first, last) in zip(some, batch.tokens.tolist(),
                                                           model.spans(batch.tokens, batch.segments).tolist())]
            found += [f"{100 * statistics.mean(spans.exact_match(*pair) for pair in pairs):.1f}",
                      f"{100 * statistics.mean(spans.f1(*pair) for pair in pairs):.1f}"]
        return found

    row("encoder", "seed", "step", "seconds", *(f"{mark}, {kind}" for kind in held for mark in ("exact match", "F1")))
    row("---", *["---"] * (3 + 2 * len(held)))
    for way in WAYS:
        if not any(word in way.name for word in arguments.ways):
            continue
        first = way.hidden * arguments.seconds
        for seed in range(arguments.seeds):
            torch.manual_seed(seed)
            model, before = way.model(sizes), 0
            if first:
                whole = every(facts.FACTS)
                before = pretrained(model.bert, whole.tokens, whole.segments, first, seed, share=0.3, size=ANSWERS,
                                    threads=arguments.threads)
            for told in (*way.shorter, facts.FACTS):
                every(told)  # before the clock runs
            told_now = growing(way.shorter, facts.FACTS, arguments.seconds, clock(arguments.threads))

            def draw(count: int, generator: torch.Generator, told_now=told_now) -> spans.Asked:
                return every(told_now())[torch.randint(len(train), (count,), generator=generator)]

            for step, spent in learned(model, Stream(draw, way.size, seed), answer_loss, arguments.seconds - first,
                                       arguments.seconds / 12, seed, down=0.3, threads=arguments.threads,
                                       make=functools.partial(way.optimizers, threads=arguments.threads)):
                row(way.name, f"{seed}", f"{before + step}", f"{first + spent:.0f}", *marks(model))


def film_reviews(arguments) -> None:
    """Real sentences, of which there are few: the bag of words is hard to beat."""
    parts = {split: [(text.split(), label) for text, label in reviews(split, arguments.folder, progress=False)]
             for split in ("train", "val", "test")}
    words = vocabulary([text for text, _ in parts["train"]], 8000)
    known = {split: [([word if word in words.numbers else "[UNK]" for word in text[:POSITIONS - 2]], label)
                     for text, label in some] for split, some in parts.items()}
    frames = {split: labelled(words, *zip(*some)) for split, some in known.items()}
    texts = frames["train"][:, 1:]
    texts = texts[(texts >= len(SPECIAL)).any(dim=1)]  # one has no word that is known
    sizes = Sizes(len(words), WIDTH, positions=POSITIONS, dropout=0.3)
    bag = BagOfWords(*zip(*parts["train"]))
    row("accuracy on the test part", "median (range)")
    row("---", "---")
    row("bag of words, TF-IDF and logistic regression", f"{bag.accuracy(*zip(*parts['test'])):.3f}")
    found: dict[str, list[float]] = {"pre-trained": [], "from scratch": []}
    for seed in range(arguments.seeds):
        torch.manual_seed(seed)
        bert = Bert(sizes)
        pretrained(bert, texts, torch.zeros_like(texts), arguments.seconds, seed, decay=arguments.decay)
        for name, start in (("pre-trained", bert), ("from scratch", Bert(sizes))):
            model = classifier(start, frames["train"], arguments.steps, arguments.rate, seed)
            found[name].append(right(model, frames["test"]))
    for name, values in found.items():
        row(f"BERT, {name}, {arguments.seeds} seeds", spread(values))


PARTS = {"labels": by_labels, "answers": answers, "reviews": film_reviews}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("--seconds", type=float, default=120.0, help="of the processor: pre-training, or answers")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--labels", type=int, nargs="+", default=[32, 64, 128, 256, 1024], help="(labels)")
    parser.add_argument("--steps", type=int, default=60, help="with labels")
    parser.add_argument("--rate", type=float, default=1e-3, help="with labels; Muon's is ten times as high")
    parser.add_argument("--decay", type=float, default=0.3, help="of Muon's matrices while gaps are filled (reviews)")
    parser.add_argument("--folder", help="with the films' reviews")
    parser.add_argument("--ways", nargs="+", default=["answers", "hidden", "shorter"],
                        help="words of the names of ways to train (answers)")
    parser.add_argument("--threads", type=int, default=1, help="that share each batch (answers)")
    chosen = parser.parse_args()
    print(f"{processor()}, threads: {chosen.threads}")
    PARTS[chosen.part](chosen)
