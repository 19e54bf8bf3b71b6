import torch
from jaxtyping import Bool, Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=15, builds_on="lesson 12, a head for answers", hints=(
    "Two loops over first and last token would do. Which pairs of the two are answers at all?",
    "As a table: rows are first tokens, columns last ones. What is the score of a cell, and which cells are ruled out? "
    "`triu` and `tril` keep triangles.",
    "`argmax` of a table gives one number. With 5 columns, which row and which column is cell 7?",
))
def best_span(starts: Float[Tensor, " tokens"], ends: Float[Tensor, " tokens"], inside: Bool[Tensor, " tokens"],
              longest: int) -> tuple[int, int, float]:
    r"""Find the best answer: its first token, its last token, and its score.

    BERT gives each token a score as the first one of the answer (`starts`), and one as the last (`ends`). The score of
    an answer from token i to token j, both included, is starts[i] + ends[j] (Devlin et al. 2019, §4.2). An answer has
    at least one token and at most `longest`, its last token does not stand before its first, and both belong to
    the text: `inside` is `True` for its tokens, which stand side by side, and `False` for the question, signs and
    padding. At least one token is inside, and no two answers have the same score. Return i, j and the score.
    """
    scores = starts[:, None] + ends[None, :]
    allowed = torch.ones_like(scores, dtype=torch.bool).triu().tril(longest - 1) & inside[:, None] & inside[None, :]
    best, place = scores.masked_fill(~allowed, -torch.inf).flatten().max(dim=0)
    return int(place) // len(starts), int(place) % len(starts), float(best)


best_span.example(torch.tensor([9.0, 1.5, 0.25, 4.0, 0.5]), torch.tensor([8.0, 3.0, 2.25, 0.75, 1.0]),
                  torch.tensor([False, True, True, True, True]), 2)
best_span.example(torch.tensor([1.5, 0.25, 2.0]), torch.tensor([0.5, 3.0, 4.25]), torch.tensor([True, True, True]), 1)
best_span.example(torch.tensor([5.5, 0.25, 0.75, 2.5]), torch.tensor([7.5, 0.5, 1.25, 6.0]),
                  torch.tensor([False, True, True, False]), 4)


def text_inside(rng, tokens, before, after):
    """Scores, and a text that has so many tokens before and after it."""
    inside = torch.zeros(tokens, dtype=torch.bool)
    inside[before:tokens - after] = True
    return 3 * tensor(rng, tokens), 3 * tensor(rng, tokens), inside


def searched(answer, *cases):
    """Held against two loops over all answers."""
    replies = [answer(*case) for case in cases]
    for got, (starts, ends, inside, longest) in zip(replies, cases):
        spans = [(float(starts[i] + ends[j]), i, j) for i in range(len(starts)) for j in range(len(starts))
                 if inside[i] and inside[j] and 0 <= j - i < longest]
        score, first, last = max(spans)
        probes.equal(got[0], first, "another first token is the best")
        probes.equal(got[1], last, "another last token is the best")
        probes.equal(got[2], score, "the score differs")


@best_span.check("finds the pair with the largest sum of both scores",
                 hint="Which pairs has the first example, and what are their sums?")
def largest_sum(answer, rng):
    searched(answer, (*text_inside(rng, 11, 3, 2), 3), (*text_inside(rng, 13, 5, 1), 5),
             (*text_inside(rng, 7, 0, 0), 7), (*text_inside(rng, 17, 4, 3), 2))


@best_span.check("lets no answer end before it begins, or get too long",
                 hint="Let the best last token stand before the best first token. What does your function return?")
def in_order(answer, rng):
    cases = []
    for first, last, longest in ((8, 4, 5), (6, 3, 11), (3, 9, 4), (2, 8, 3), (4, 7, 3)):
        starts, ends, inside = text_inside(rng, 13, 2, 1)
        starts[first], ends[last] = starts[first] + 9, ends[last] + 9
        cases.append((starts, ends, inside, longest))
    searched(answer, *cases)


@best_span.check("finds no answer in the question, in signs or in padding",
                 hint="Let a token of the question have the highest scores of all. May it be the answer?")
def only_inside(answer, rng):
    cases = []
    for before, after in ((4, 3), (1, 5), (26, 0)):
        starts, ends, inside = text_inside(rng, before + after + 5, before, after)
        outside = (~inside).double() * 20
        cases += [(starts + outside, ends, inside, 3), (starts, ends + outside, inside, 3),
                  (starts + outside - 8000, ends + outside - 8000, inside, 4)]
    searched(answer, *cases)


@best_span.check("takes answers of one token, texts of one token, and answers as long as the text",
                 hint="With `longest` 1, first and last token are the same. Does your comparison let that through?")
def shortest_and_longest(answer, rng):
    searched(answer, (*text_inside(rng, 7, 2, 1), 1), (*text_inside(rng, 5, 2, 2), 3), (*text_inside(rng, 1, 0, 0), 1),
             (*text_inside(rng, 5, 0, 0), 5), (*text_inside(rng, 7, 1, 1), 11))


def table(starts, ends, inside, longest, shortest=0):
    """The scores of all pairs that are answers; the rest is -inf."""
    distance = torch.arange(len(starts)) - torch.arange(len(starts))[:, None]
    allowed = (distance >= shortest) & (distance < longest) & inside[:, None] & inside
    return (starts[:, None] + ends).masked_fill(~allowed, -torch.inf)


def best(scores):
    place, width = int(scores.argmax()), scores.shape[1]
    return place // width, place % width, float(scores.max())


def within(scores, inside):
    return scores.masked_fill(~inside, -torch.inf)


@best_span.mistake("takes the best first and the best last token, each by itself",
                   hint="What if the best last token stands before the best first one?")
def each_by_itself(starts, ends, inside, longest):
    first, last = int(within(starts, inside).argmax()), int(within(ends, inside).argmax())
    return first, last, float(starts[first] + ends[last])


@best_span.mistake("takes each by itself, and exchanges them where they are the wrong way round",
                   hint="Is the best last token a good first one, only because it stands further to the left?")
def put_in_order(starts, ends, inside, longest):
    places = int(within(starts, inside).argmax()), int(within(ends, inside).argmax())
    return min(places), max(places), float(starts[places[0]] + ends[places[1]])


@best_span.mistake("takes the best first token, then the best last one after it",
                   hint="A first token a little worse may have a far better last one. Do you ever try it?")
def first_decides(starts, ends, inside, longest):
    first = int(within(starts, inside).argmax())
    last = int(table(starts, ends, inside, longest)[first].argmax())
    return first, last, float(starts[first] + ends[last])


@best_span.mistake("takes the best last token, then the best first one before it",
                   hint="A last token a little worse may have a far better first one. Do you ever try it?")
def last_decides(starts, ends, inside, longest):
    last = int(within(ends, inside).argmax())
    first = int(table(starts, ends, inside, longest)[:, last].argmax())
    return first, last, float(starts[first] + ends[last])


@best_span.mistake("lets the answer end before it begins", hint="Which triangle of the table holds such answers?")
def either_way(starts, ends, inside, longest):
    return best(table(starts, ends, inside, longest, shortest=1 - longest))


@best_span.mistake("lets the answer be of any length", hint="Where does `longest` appear in your code?")
def any_length(starts, ends, inside, longest):
    return best(table(starts, ends, inside, len(starts)))


@best_span.mistake("lets the answer be one token too long",
                   hint="From token 3 to token 5, both included: how many tokens are that?")
def one_too_long(starts, ends, inside, longest):
    return best(table(starts, ends, inside, longest + 1))


@best_span.mistake("allows no answer of a single token", hint="May the first token be the last one, too?")
def at_least_two(starts, ends, inside, longest):
    return best(table(starts, ends, inside, longest, shortest=1))


@best_span.mistake("looks for the answer in the question and the padding, too",
                   hint="Where does `inside` appear in your code?")
def anywhere(starts, ends, inside, longest):
    return best(table(starts, ends, torch.ones_like(inside), longest))


@best_span.mistake("lets the answer end outside of the text", hint="Is it enough that the first token is inside?")
def ends_outside(starts, ends, inside, longest):
    scores = table(starts, ends, torch.ones_like(inside), longest)
    return best(scores.masked_fill(~inside[:, None], -torch.inf))


@best_span.mistake("lets the answer begin outside of the text", hint="Is it enough that the last token is inside?")
def begins_outside(starts, ends, inside, longest):
    scores = table(starts, ends, torch.ones_like(inside), longest)
    return best(scores.masked_fill(~inside, -torch.inf))


@best_span.mistake("returns the token after the last one",
                   hint="The prompt has \"both included\". Which token is your second number?")
def one_after(starts, ends, inside, longest):
    first, last, score = best(table(starts, ends, inside, longest))
    return first, last + 1, score


@best_span.mistake("counts the tokens from the beginning of the text",
                   hint="Where is token 0: at the beginning of the text, or of the whole row?")
def counted_from_text(starts, ends, inside, longest):
    first, last, score = best(table(starts, ends, inside, longest))
    begins = int(inside.int().argmax())
    return first - begins, last - begins, score


@best_span.mistake("lets a score of 0, which belongs to no answer, beat scores below 0",
                   hint="What if all real scores are below 0? Who wins then?")
def zero_for_the_rest(starts, ends, inside, longest):
    scores = table(starts, ends, inside, longest)
    return best(scores.masked_fill(scores.isinf(), 0.0))


@best_span.mistake("never looks at the text's last token",
                   hint="At which token does your loop end? May an answer end with the last one?")
def last_never(starts, ends, inside, longest):
    shorter = inside.clone()
    shorter[int(torch.nonzero(inside)[-1])] = len(torch.nonzero(inside)) == 1
    return best(table(starts, ends, shorter, longest))


@best_span.mistake("adds up the scores of all tokens between first and last one",
                   hint="Which two numbers make the score of a long answer in the prompt?")
def all_between(starts, ends, inside, longest):
    both = torch.cat([torch.zeros(1, dtype=starts.dtype), (starts + ends).cumsum(dim=0)])
    allowed = table(starts, ends, inside, longest).isfinite()
    return best((both[None, 1:] - both[:-1, None]).masked_fill(~allowed, -torch.inf))


@best_span.mistake("multiplies the scores",
                   hint="What does the prompt do with starts[i] and ends[j]? What is −3 times −3?")
def multiplied(starts, ends, inside, longest):
    allowed = table(starts, ends, inside, longest).isfinite()
    return best((starts[:, None] * ends).masked_fill(~allowed, -torch.inf))


@best_span.mistake("exchanges the scores for first and last tokens",
                   hint="Rows are first tokens in your table. Whose scores stand in them?")
def roles_exchanged(starts, ends, inside, longest):
    return best(table(ends, starts, inside, longest))


@best_span.alternative("two loops")
def span_loops(starts, ends, inside, longest):
    found = (0, 0, -float("inf"))
    for first in range(len(starts)):
        for last in range(first, min(first + longest, len(starts))):
            score = float(starts[first]) + float(ends[last])
            if inside[first] and inside[last] and score > found[2]:
                found = (first, last, score)
    return found


@best_span.alternative("the best last token of each first one, in windows")
def span_windows(starts, ends, inside, longest):
    ends = torch.cat([ends.masked_fill(~inside, -torch.inf), torch.full((longest - 1,), -torch.inf)])
    best, offsets = ends.unfold(0, longest, 1).max(dim=1)
    score, first = (starts.masked_fill(~inside, -torch.inf) + best).max(dim=0)
    return int(first), int(first + offsets[first]), float(score)
