"""Greedy and beam search against trying out every sentence, with and without the cache."""

import itertools

import pytest
import torch

from selfattention.data.bilingual import Bilingual
from selfattention.data.sentences import corpus
from selfattention.data.words import BEGIN, END, PADDING
from selfattention.decoding import (
    beam,
    greedy,
    greedy_without_cache,
    log_probability,
    share_right,
    translated,
    translations,
)
from selfattention.models.transformer import Sizes, Transformer

SOURCE = torch.tensor([[5, 9, 1, 4], [4, 2, 8, 0], [7, 3, 0, 0]])


def model(vocab=11, seed=0, sharpness=1.0):
    torch.manual_seed(seed)
    made = Transformer.rotary(Sizes(11, vocab, d_model=14, heads=1, d_ff=23, layers=2)).double().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.mul_(sharpness)
    return made


@pytest.mark.parametrize("seed", range(3))
def test_the_cache_changes_nothing(seed):
    made = model(seed=seed, sharpness=1.5)
    for most in (1, 12):
        assert torch.equal(greedy(made, SOURCE, most), greedy_without_cache(made, SOURCE, most))


@pytest.mark.parametrize("seed", range(3))
def test_a_sentence_alone_gives_what_it_gives_in_a_batch(seed):
    made = model(seed=seed, sharpness=1.5)
    for search in (greedy, beam):
        together = search(made, SOURCE, most=6)
        for row, length in enumerate((4, 3, 2)):
            alone = search(made, SOURCE[row:row + 1, :length], most=6)[0]
            assert together[row, :len(alone)].tolist() == alone.tolist()
            assert (together[row, len(alone):] == PADDING).all()


def test_decoding_stops_at_the_end_sign_or_the_limit():
    made = model()
    tokens = greedy(made, SOURCE, most=5)
    assert tokens.shape[1] <= 5
    for row in tokens.tolist():
        if END in row:
            assert set(row[row.index(END) + 1:]) <= {PADDING}


def test_a_beam_that_keeps_everything_finds_the_best_sentence():
    longest, source, winners = 4, SOURCE[:1], []
    for seed in range(4):
        made = model(vocab=5, seed=seed, sharpness=1.3)
        scores = {}
        for length in range(1, longest + 1):
            for words in itertools.product([token for token in range(5) if token != END], repeat=length - 1):
                logits, _ = made.decode(torch.tensor([[BEGIN, *words]]), made.encode(source))
                tokens = torch.tensor([*words, END])
                scores[(*words, END)] = logits.log_softmax(-1)[0, torch.arange(length), tokens].sum().item()
        for penalty in (0.0, 3.0):
            best = max(scores, key=lambda words, penalty=penalty: scores[words] / ((5 + len(words)) / 6) ** penalty)
            found = beam(made, source, width=5 ** (longest - 1), most=longest, penalty=penalty)
            assert found[0].tolist() == list(best)
            winners.append(best)
    assert winners[0::2] != winners[1::2], "the penalty must decide somewhere, or this test would not see it"


def test_a_beam_of_one_is_greedy_where_greedy_ends():
    for seed in range(5):
        made = model(seed=seed, sharpness=1.5)
        one, other = beam(made, SOURCE, width=1, most=8, penalty=0.0), greedy(made, SOURCE, most=8)
        for row in range(len(SOURCE)):
            if END in other[row]:
                likely = [log_probability(made, SOURCE, pad(tokens, 8))[row] for tokens in (one, other)]
                assert likely[0] >= likely[1] - 1e-9


def pad(tokens, length):
    return torch.nn.functional.pad(tokens, (0, length - tokens.shape[1]))


@pytest.mark.parametrize("search", [greedy, beam])
def test_many_sentences_come_back_in_their_order(search):
    made, sources = model(sharpness=1.5), [[5, 9, 1, 4], [7], [4, 2, 8], [6, 3, 3, 9, 1], [10, 4]]
    for size in (1, 2, 5, 7):
        found = translated(made, sources, lambda *given: search(*given, most=6), size)
        assert len(found) == 5
        for source, tokens in zip(sources, found):
            alone = search(made, torch.tensor([source]), most=6)[0].tolist()
            assert tokens[:len(alone)] == alone and set(tokens[len(alone):]) <= {PADDING}
    assert translated(made, []) == []


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="width 0"):
        beam(model(), SOURCE, width=0)
    for search in (greedy, greedy_without_cache, beam):
        with pytest.raises(ValueError, match="at most 0 tokens"):
            search(model(), SOURCE, most=0)


class Speller:
    """Writes the source, one number higher, then the end sign."""

    def encode(self, source):
        return source

    def decode(self, target, memory, past=None):
        at = 0 if past is None else past
        wanted = memory[:, at] + 1 if at < memory.shape[1] else torch.full((len(memory),), END)
        wanted = torch.where(wanted == 1, END, wanted)
        return torch.nn.functional.one_hot(wanted, 20)[:, None].double(), at + 1


def test_a_sentence_is_right_when_every_token_and_the_end_sign_are():
    sources = [[5, 9, 4], [7], [8, 3]]
    targets = [[6, 10, 5], [8], [9, 4]]
    assert share_right(Speller(), sources, targets) == 1
    assert share_right(Speller(), sources, [[6, 10, 5], [8, 8], [9]]) == 1 / 3
    with pytest.raises(ValueError, match="3 sources and 2 targets"):
        share_right(Speller(), sources, targets[:2])
    with pytest.raises(ValueError, match="0 sources and 0 targets"):
        share_right(Speller(), [], [])


def test_translations_are_sentences_in_the_order_of_the_pairs():
    train, _ = corpus(40, 1)
    coder = Bilingual(train)
    torch.manual_seed(0)
    made = Transformer.rotary(Sizes(len(coder.source), len(coder.target), 28, 2, 23, 2)).eval()
    found = translations(made, coder, train[:5])
    for pair, sentence in zip(train, found):
        (tokens,) = greedy(made, torch.tensor(coder.sources([pair]))).tolist()
        assert sentence == " ".join(coder.target.decode(tokens))
