import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p13_gpt.shared import only


@exercise(points=2, minutes=8, builds_on="lesson 13, from scores to a text", hints=(
    "How large is the smallest logit that is kept? Each text has its own.",
    "`torch.topk(logits, k)` gives the k largest of each row, the largest first. Which of them is the threshold?",
    "What must a logit be for `softmax` to make exactly 0 of it?",
))
def top_k(logits: Float[Tensor, "batch vocab"], k: int) -> Float[Tensor, "batch vocab"]:
    r"""Leave only the `k` best tokens of each text to be drawn from.

    Return the logits with $-\infty$ in place of all that are smaller than the k-th largest of their row; the others
    stay as they are, at their places (Fan et al. 2018, §5.4). What is exactly as large as the k-th largest is kept, so
    that there may be more than `k`. `k` is between 1 and the number of tokens in the vocabulary. Do not change `logits`
    itself.
    """
    smallest = torch.topk(logits, k, dim=-1).values[:, -1:]
    return logits.masked_fill(logits < smallest, -math.inf)


top_k.example(torch.tensor([[1.5, 0.2, 3.1, 2.7, -1.0, 0.9], [0.3, 2.2, 2.1, -0.4, 1.8, 2.6]]), 3)
top_k.example(torch.tensor([[0.5, 2.5, 1.5, 1.5, -0.5]]), 2)
top_k.example(torch.tensor([[2.2, 3.5, 3.5, 1.4]]), 2)


def by_sorting(logits, k):
    """Row by row in plain lists."""
    rows = []
    for row in logits.tolist():
        threshold = sorted(row, reverse=True)[k - 1]
        rows.append([score if score >= threshold else -math.inf for score in row])
    return torch.tensor(rows, dtype=torch.float64)


@top_k.check("keeps the k best of each text at their places, and makes the others impossible",
             hint="Which three logits of the example's first row stay, and what becomes of the rest?")
def keeps_the_best(answer, rng):
    cases = [(3 * tensor(rng, batch, vocab), k) for batch, vocab, k in ((3, 11, 5), (1, 7, 3), (5, 3, 2))]
    whole = torch.stack([torch.from_numpy(rng.permutation(7)) for _ in range(3)]).double()
    cases.append((whole - torch.tensor([[2.0], [4.0], [6.0]]), 3))  # zeros; what one text keeps, another does not
    for got, case in zip([answer(*case) for case in cases], cases):
        probes.equal(got, by_sorting(*case), "other tokens are kept, or with other logits")


@top_k.check("keeps all that are as good as the last one",
             hint="Two tokens have the same logit, and there is room for one. Which one would you leave out, and why?")
def keeps_ties(answer, rng):
    for k, rank in ((2, 1), (3, 2), (3, 0)):  # as good as the last that is kept, and as good as the very best
        logits = tensor(rng, 3, 7)
        best = logits.topk(k, dim=-1)
        others = torch.stack([torch.from_numpy(rng.permutation([place for place in range(7) if place not in row])[:2])
                              for row in best.indices.tolist()])
        logits = logits.scatter(1, others, best.values[:, rank, None].expand(-1, 2))
        probes.equal(answer(logits, k), by_sorting(logits, k), "not just those are kept that are as good as the last")


@top_k.check("keeps one for k = 1, and all for k as large as the vocabulary",
             hint="How many logits of a row become −∞ when k is the size of the vocabulary?")
def one_and_all(answer, rng):
    logits = tensor(rng, 3, 5)
    probes.equal(answer(logits, 1), by_sorting(logits, 1), "other tokens are kept, or with other logits")
    probes.equal(answer(logits, 5), logits, "not all tokens are kept")


def threshold(logits, k):
    return logits.topk(k, dim=-1).values[:, -1:]


@top_k.mistake("keeps the k worst", hint="Which tokens shall be left to be drawn: likely or unlikely ones?")
def worst(logits, k):
    return only(logits, logits <= logits.topk(k, dim=-1, largest=False).values[:, -1:])


@top_k.mistake("removes the k best", hint="Which side of the threshold becomes −∞?")
def best_removed(logits, k):
    return only(logits, logits < threshold(logits, k))


@top_k.mistake("drops some of those that are equally good",
               hint="`topk` names exactly k places. What if the next one has the very same logit?")
def ties_lost(logits, k):
    return only(logits, torch.zeros_like(logits, dtype=torch.bool).scatter(1, logits.topk(k, dim=-1).indices, True))


@top_k.mistake("drops the k-th best, too", hint="Is the k-th best itself smaller than the k-th best?")
def strict(logits, k):
    return only(logits, logits > threshold(logits, k))


@top_k.mistake("keeps one too many", hint="`values` is counted from 0. Which place has the k-th best?")
def one_more(logits, k):
    return only(logits, logits >= threshold(logits, min(k + 1, logits.shape[1])))


@top_k.mistake("sets the others to 0, which is a logit like any other",
               hint="What does `softmax` make of the logit 0? Can such a token still be drawn?")
def zeros(logits, k):
    return only(logits, logits >= threshold(logits, k), 0.0)


@top_k.mistake("sets the others to a large negative number",
               hint="The prompt asks for −∞. Could all the logits that are kept be lower than your number?")
def large_negative(logits, k):
    return only(logits, logits >= threshold(logits, k), -1e9)


@top_k.mistake("takes the k best of the whole batch",
               hint="Two texts, one of them with higher logits everywhere. What is left of the other one?")
def of_the_batch(logits, k):
    return only(logits, logits >= logits.flatten().topk(k).values[-1])


@top_k.mistake("holds every text against the first one's threshold",
               hint="How many thresholds are there for three texts?")
def first_threshold(logits, k):
    return only(logits, logits >= threshold(logits, k)[0])


@top_k.mistake("compares the texts with each other, token by token",
               hint="Along which axis are the tokens of one text: the first, or the last?")
def wrong_axis(logits, k):
    return only(logits, logits >= logits.topk(min(k, len(logits)), dim=0).values[-1:])


@top_k.mistake("returns the k best alone, without their places",
               hint="Which shape is asked for? How would one know which tokens these logits belong to?")
def values_alone(logits, k):
    return logits.topk(k, dim=-1).values


@top_k.mistake("returns the numbers of the tokens", hint="Are logits asked for, or places?")
def places_alone(logits, k):
    return logits.topk(k, dim=-1).indices


@top_k.mistake("returns probabilities", hint="The others \"stay as they are\". Do your numbers equal the logits?")
def probabilities(logits, k):
    return torch.softmax(only(logits, logits >= threshold(logits, k)), dim=-1)


@top_k.mistake("counts different values instead of tokens",
               hint="With the logits 3, 3, 2, 1 and k = 2: which is the second largest?")
def distinct(logits, k):
    rows = []
    for row in logits:
        values = row.unique()  # from small to large
        rows.append(only(row, row >= values[-min(k, len(values))]))
    return torch.stack(rows)


@top_k.mistake("changes the logits that it was given", hint="Which line writes into `logits`? Who else may need them?")
def in_place(logits, k):
    logits[logits < threshold(logits, k)] = -math.inf
    return logits


@top_k.mistake("sets the others to +∞", hint="Which token is drawn if its logit is +∞?")
def plus_infinity(logits, k):
    return only(logits, logits >= threshold(logits, k), math.inf)


@top_k.mistake("multiplies −∞ by 0 where something is kept", hint="What is 0 times infinity?")
def zero_times_infinity(logits, k):
    return logits + (logits < threshold(logits, k)).to(logits.dtype) * -math.inf


@top_k.mistake("moves the k best to the front", hint="At which place must the best logit of the example stand?")
def moved_to_the_front(logits, k):
    return torch.nn.functional.pad(logits.topk(k, dim=-1).values, (0, logits.shape[1] - k), value=-math.inf)


@top_k.mistake("turns what is kept into logarithms of probabilities",
               hint="The others \"stay as they are\". Do your numbers equal the logits?")
def normalised(logits, k):
    return torch.log_softmax(only(logits, logits >= threshold(logits, k)), dim=-1)



@top_k.alternative("sorted, and compared with the k-th column")
def by_columns(logits, k):
    ordered = logits.sort(dim=-1, descending=True).values
    return torch.where(logits >= ordered[:, k - 1, None], logits, -math.inf)


@top_k.alternative("by counting how many are better")
def by_counting(logits, k):
    better = (logits[:, None, :] > logits[:, :, None]).sum(dim=-1)
    return logits.masked_fill(better >= k, -math.inf)
