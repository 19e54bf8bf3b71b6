"""The stream: what is told and asked in each segment, and scores by distance."""

import pytest
import torch
from torch import nn

from selfattention.data import recall, stream


def drawn(count=53, segments=6, seed=1):
    return stream.texts(count, torch.Generator().manual_seed(seed), segments)


@pytest.mark.parametrize("segments", [2, 6, 8])
def test_each_segment_tells_two_pairs_and_asks_for_those_of_four_before(segments):
    batch = drawn(segments=segments)
    assert batch.segments.shape == batch.answers.shape == batch.distances.shape == (53, segments, 16)
    for text, answers, distances in zip(*(part.tolist() for part in (batch.segments, batch.answers, batch.distances))):
        told, where = {}, {}
        for number, (tokens, answer, distance) in enumerate(zip(text, answers, distances)):
            asked = sorted((token, far) for token, far in zip(tokens, distance) if far)
            assert asked == sorted((key, number - where[key]) for key in told if number - where[key] <= 4)
            for token, right, far in zip(tokens, answer, distance):
                assert right == (told[token] if far else stream.NOT_ASKED)
                assert far or token not in told, "no key stands where it is not asked for"
            for key, value in (tokens[0:2], tokens[2:4]):
                assert key < recall.KEYS <= value < recall.KEYS + recall.VALUES and key not in told
                told[key], where[key] = value, number
            filler = [token for token, far in zip(tokens[4:], distance[4:]) if not far]
            assert all(recall.KEYS + recall.VALUES <= token < recall.VOCAB for token in filler)


def test_questions_stand_anywhere_behind_what_is_told():
    places = (drawn(500).distances[:, 5] > 0).double().mean(dim=0)
    assert not places[:4].any()
    # 8 of 12 places: of 500 draws, four standard deviations of a share are 4 √(2/9 / 500) = 0.084
    assert torch.allclose(places[4:], torch.tensor(8 / 12, dtype=torch.float64), atol=0.085)


def test_the_same_generator_gives_the_same_texts_and_steps_differ():
    assert torch.equal(drawn().segments, drawn().segments)
    some = stream.Stream(7, 4, seed=3)
    assert torch.equal(some[5].answers, some[5].answers) and not torch.equal(some[5].answers, some[6].answers)
    assert not torch.equal(some[5].answers, stream.Stream(7, 4, seed=4)[5].answers)
    assert some[0].to("cpu").segments.shape == (7, 4, 16)


def test_a_stream_may_begin_with_short_texts():
    some = stream.Stream(7, 5, seed=3, short=2)
    assert [some[step].segments.shape[1] for step in range(4)] == [2, 2, 5, 5]
    assert torch.equal(some[2].answers, stream.Stream(7, 5, seed=3)[2].answers)


class Remembers(nn.Module):
    """Knows the values told in the last `reach` segments, from its memory alone, and guesses the first value else."""

    def __init__(self, reach):
        super().__init__()
        self.reach = reach

    def forward(self, tokens, memory):
        memory = torch.zeros(len(tokens), 0, 2, 2, dtype=torch.long) if memory is None else memory
        scores = torch.zeros(*tokens.shape, recall.VOCAB)
        for text, row in enumerate(tokens.tolist()):
            known = dict(memory[text].flatten(0, 1).tolist())
            for place, token in enumerate(row):
                scores[text, place, known.get(token, recall.KEYS)] = 1.0
        memory = torch.cat([memory, tokens[:, None, :4].unflatten(2, (2, 2))], dim=1)
        return scores, memory[:, max(memory.shape[1] - self.reach, 0):]


def test_accuracy_by_distance_tells_how_far_a_memory_reaches():
    found = stream.accuracies(Remembers(2), drawn(200))
    assert set(found) == {1, 2, 3, 4} and found[1] == found[2] == 1.0
    # 1 of 16 values by chance; 1200 and 800 questions, four standard deviations: 0.028 and 0.034
    assert found[3] == pytest.approx(recall.CHANCE, abs=0.035) and found[4] == pytest.approx(recall.CHANCE, abs=0.035)


def test_the_loss_counts_the_questions_alone():
    batch = drawn(5)
    total, questions = stream.loss(Remembers(4), batch)
    assert questions == (batch.distances > 0).sum() == 5 * 2 * (1 + 2 + 3 + 4 + 4)
    certain = torch.log_softmax(torch.eye(recall.VOCAB)[0], dim=0)[0]
    torch.testing.assert_close(total, -certain * questions)


@pytest.mark.parametrize(("count", "segments"), [(0, 6), (5, 1), (5, 9)])
def test_what_cannot_be_told_is_refused(count, segments):
    with pytest.raises(ValueError, match=f"{count} texts of {segments} segments.*between 2 and 8"):
        drawn(count, segments)
