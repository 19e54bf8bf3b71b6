import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p13_gpt.shared import only


@exercise(points=4, minutes=15, builds_on="exercise 3", hints=(
    "Sort the probabilities of the example by hand, and write below each the sum of those before it. Which are kept?",
    "`sort` gives two things: values and places. What are the places good for in the end?",
    "The first token is always kept, whatever p is. Which sum makes that so: with the token itself, or without it?",
))
def top_p(logits: Float[Tensor, "batch vocab"], p: float) -> Float[Tensor, "batch vocab"]:
    r"""Leave only the nucleus of each text to be drawn from: the fewest tokens that have the probability `p` together.

    Take the tokens of a row from the most to the least probable until the sum of their softmax probabilities is at
    least `p`; the token with which the sum gets there is kept as well (Holtzman et al. 2020, eq. 2). Return the logits
    with $-\infty$ in place of all other tokens; those that are kept stay as they are, at their places. `p` is above 0
    and below 1; no two tokens of a row are equally probable.
    """
    chances, places = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True)
    before = chances.cumsum(dim=-1) - chances
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, places, before < p)
    return logits.masked_fill(~kept, -math.inf)


top_p.example(torch.tensor([[0.1, 2.0, 0.7, 1.3, -0.6]]), 0.8)
top_p.example(torch.tensor([[1.5, -0.5, 0.5], [0.2, 3.5, 0.1]]), 0.7)


def nucleus(logits, p):
    """Token by token in plain lists."""
    rows = []
    for row in logits.tolist():
        powers = [math.exp(score) for score in row]
        kept, total = set(), 0.0
        for place in sorted(range(len(row)), key=lambda place: -row[place]):
            if total < p:
                kept.add(place)
            total += powers[place] / sum(powers)
        rows.append([score if place in kept else -math.inf for place, score in enumerate(row)])
    return torch.tensor(rows, dtype=torch.float64)


def clear(rng, batch, vocab, p):
    """Logits whose sums stay away from p, so that rounding decides nothing."""
    while True:
        logits = 1.5 * tensor(rng, batch, vocab)
        sums = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True).values.cumsum(dim=-1)
        if float((sums - p).abs().min()) > 1e-3:
            return logits


@top_p.check("keeps the fewest tokens that reach p, each at its place",
             hint="Add up the example's probabilities, the largest first. With which one is p reached?")
def fewest_that_reach(answer, rng):
    cases = [(clear(rng, *shape, p), p) for *shape, p in ((3, 11, 0.9), (2, 7, 0.5), (1, 5, 0.75), (5, 3, 0.6))]
    for got, case in zip([answer(*case) for case in cases], cases):
        probes.equal(got, nucleus(*case), "other tokens are kept, or with other logits")


@top_p.check("keeps the best token even where p is small",
             hint="The best token has the probability 0.6, and p is 0.3. How many tokens reach p?")
def best_is_kept(answer, rng):
    for batch, vocab, p in ((3, 5, 0.05), (2, 7, 0.1)):
        logits = clear(rng, batch, vocab, p)
        probes.equal(answer(logits, p), nucleus(logits, p), "other tokens are kept, or with other logits")


@top_p.check("keeps more where a text leaves more open",
             hint="One text has one likely token, another has ten. Do both keep as many in your version?")
def as_open_as_it_is(answer, rng):
    logits = torch.cat([clear(rng, 1, 11, 0.9) * sharpness for sharpness in (0.1, 1.0)]
                       + [step * torch.from_numpy(rng.permutation(11)[None]).double() for step in (1.0, 10.0)])
    probes.equal(answer(logits, 0.9), nucleus(logits, 0.9), "other tokens are kept, or with other logits")


def ordered(logits):
    return torch.softmax(logits, dim=-1).sort(dim=-1, descending=True)


def kept_at(logits, places, kept):
    return only(logits, torch.zeros_like(logits, dtype=torch.bool).scatter(-1, places, kept))


@top_p.mistake("drops the token with which the sum reaches p",
               hint="Is the sum of what you keep at least p, or is it less?")
def crossing_dropped(logits, p):
    chances, places = ordered(logits)
    return kept_at(logits, places, chances.cumsum(dim=-1) <= p)


@top_p.mistake("drops the token with which the sum reaches p, but never the best",
               hint="Is the sum of what you keep at least p? Your function makes sure of one token only.")
def crossing_dropped_but_the_best(logits, p):
    chances, places = ordered(logits)
    kept = chances.cumsum(dim=-1) <= p
    kept[:, 0] = True
    return kept_at(logits, places, kept)


@top_p.mistake("keeps one token more than needed",
               hint="The sum has reached p. Is another token wanted? By how many places have you shifted?")
def one_more(logits, p):
    chances, places = ordered(logits)
    before = chances.cumsum(dim=-1) - chances
    before = torch.nn.functional.pad(before, (1, 0))[:, :-1]
    return kept_at(logits, places, before < p)


@top_p.mistake("adds up the probabilities in the order of the vocabulary",
               hint="Which token comes first in your sum: the most probable, or number 0?")
def unsorted(logits, p):
    chances = torch.softmax(logits, dim=-1)
    return only(logits, chances.cumsum(dim=-1) - chances < p)


@top_p.mistake("forgets to put the kept tokens back to their places",
               hint="Place 0 of the sorted row is the best token. Is it token 0 as well?")
def not_put_back(logits, p):
    chances, _ = ordered(logits)
    return only(logits, chances.cumsum(dim=-1) - chances < p)


@top_p.mistake("returns the logits in the order of their size",
               hint="At which place must the logit of token 3 stand in your result?")
def left_sorted(logits, p):
    chances, places = ordered(logits)
    return only(logits.gather(-1, places), chances.cumsum(dim=-1) - chances < p)


@top_p.mistake("puts back with `gather` where `scatter` belongs",
               hint="`places[0]` is the token that came first. Do you read from that place, or write to it?")
def gathered_back(logits, p):
    chances, places = ordered(logits)
    return only(logits, (chances.cumsum(dim=-1) - chances < p).gather(-1, places))


@top_p.mistake("begins with the least probable token",
               hint="In which order does `sort` give its values when nothing is said?")
def ascending(logits, p):
    chances, places = torch.softmax(logits, dim=-1).sort(dim=-1)
    return kept_at(logits, places, chances.cumsum(dim=-1) - chances < p)


@top_p.mistake("keeps what is needed for 1 − p", hint="With p = 0.9, how much probability is left out at most?")
def the_other_share(logits, p):
    chances, places = ordered(logits)
    return kept_at(logits, places, chances.cumsum(dim=-1) - chances < 1 - p)


@top_p.mistake("keeps all but the nucleus", hint="Are the most probable tokens among those that you keep?")
def all_but_the_nucleus(logits, p):
    chances, places = ordered(logits)
    return kept_at(logits, places, chances.cumsum(dim=-1) - chances >= p)


@top_p.mistake("adds up logits, not probabilities", hint="Do the numbers that you add up sum to 1?")
def sum_of_logits(logits, p):
    scores, places = logits.sort(dim=-1, descending=True)
    return kept_at(logits, places, scores.cumsum(dim=-1) - scores < p)


@top_p.mistake("keeps each token that has the probability p alone",
               hint="How many tokens can have a probability of 0.5 or more? Who adds up?")
def each_alone(logits, p):
    return only(logits, torch.softmax(logits, dim=-1) >= p)


@top_p.mistake("keeps each token that is p times as probable as the best",
               hint="That is min-p. Which sum decides here?")
def relative_to_the_best(logits, p):
    chances = torch.softmax(logits, dim=-1)
    return only(logits, chances >= p * chances.amax(dim=-1, keepdim=True))


@top_p.mistake("sets the others to 0, which is a logit like any other",
               hint="What does `softmax` make of the logit 0? Can such a token still be drawn?")
def zeros(logits, p):
    return torch.where(top_p(logits, p) == -math.inf, 0.0, logits)


@top_p.mistake("returns probabilities", hint="What is kept \"stays as it is\". Do your numbers equal the logits?")
def probabilities(logits, p):
    return torch.softmax(top_p(logits, p), dim=-1)


@top_p.mistake("takes one nucleus for the whole batch",
               hint="To what do the probabilities of one text sum in your version?")
def of_the_batch(logits, p):
    return top_p(logits.reshape(1, -1), p).reshape(logits.shape)


@top_p.mistake("sorts and sums along the batch", hint="Along which axis are the tokens of one text?")
def wrong_axis(logits, p):
    chances, places = torch.softmax(logits, dim=-1).sort(dim=0, descending=True)
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(0, places, chances.cumsum(dim=0) - chances < p)
    return only(logits, kept)


@top_p.mistake("drops the best token where it has the probability p alone",
               hint="What is left to be drawn when the best token has 0.9, and p is 0.8?")
def best_dropped(logits, p):
    chances, places = ordered(logits)
    removed = chances.cumsum(dim=-1) > p
    removed[:, 1:] = removed[:, :-1].clone()  # and column 0 stays as it was
    return kept_at(logits, places, ~removed)


@top_p.mistake("keeps the tokens of the first text's nucleus in all texts",
               hint="Are the same tokens likely in both texts of the second example?")
def first_nucleus(logits, p):
    return only(logits, (top_p(logits[:1], p) > -math.inf).expand_as(logits))


@top_p.mistake("sets the others to a large negative number",
               hint="The prompt asks for −∞. Could all the logits that are kept be lower than your number?")
def large_negative(logits, p):
    return torch.where(top_p(logits, p) == -math.inf, -1e9, logits)


@top_p.mistake("adds up powers that do not sum to one", hint="Which step of the softmax makes probabilities of powers?")
def not_normalised(logits, p):
    powers, places = torch.exp(logits).sort(dim=-1, descending=True)
    return kept_at(logits, places, powers.cumsum(dim=-1) - powers < p)


@top_p.mistake("keeps the share p of the tokens, not of the probability",
               hint="One text is sure of its next token. How many of its tokens do you keep?")
def share_of_tokens(logits, p):
    many = max(1, math.ceil(p * logits.shape[1]))
    return only(logits, logits >= logits.topk(many, dim=-1).values[:, -1:])



@top_p.alternative("from the least probable on, as long as what is left out stays within 1 − p")
def from_the_other_end(logits, p):
    chances, places = torch.softmax(logits, dim=-1).sort(dim=-1)
    left_out = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, places, chances.cumsum(dim=-1) <= 1 - p)
    return torch.where(left_out, -math.inf, logits)


@top_p.alternative("for each token the probability of all better ones, without sorting")
def without_sorting(logits, p):
    chances = torch.softmax(logits, dim=-1)
    better = (logits[:, None, :] > logits[:, :, None]).to(logits.dtype)
    return logits.masked_fill((better * chances[:, None, :]).sum(dim=-1) >= p, -math.inf)
