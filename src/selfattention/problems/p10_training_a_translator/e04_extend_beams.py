import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p10_training_a_translator.shared import chosen


@exercise(points=3, minutes=12, builds_on="exercise 9 of chapter 09", hints=(
    "First make one table: the score of every beam, extended by every token. Which axes does it have?",
    "The best may all come from one beam. So how many numbers must `topk` look at at once?",
    "`topk` on a flat table gives places. With 4 tokens per beam, which beam and which token is place 6?",
))
def extend_beams(scores: Float[Tensor, " beams"], log_probabilities: Float[Tensor, "beams vocab"],
                 width: int) -> tuple[Float[Tensor, " width"], Int[Tensor, " width"], Int[Tensor, " width"]]:
    r"""Do one step of a beam search: extend every beam by every token, and keep the best `width` of all.

    `scores` holds $\log p$ of each beam, a beginning of a sentence; `log_probabilities` holds for each beam
    $\log p(token \mid beam)$ of every next token. Return three tensors, best first: the `width` largest scores of
    extended beams; for each, the number of the beam that it extends (its parent); and the number of the token that it
    adds. Parents and tokens are whole numbers, counted from 0.
    """
    extended = scores[:, None] + log_probabilities
    best, places = extended.flatten().topk(width)
    vocab = log_probabilities.shape[-1]
    return best, places // vocab, places % vocab


extend_beams.example(torch.tensor([-1.0, -2.5]), torch.tensor([[-0.5, -1.2, -3.0, -3.1], [-0.2, -2.0, -4.0, -5.0]]), 3)


def beams(rng, number, vocab):
    """Scores of some beams, and log probabilities of their next tokens."""
    return (torch.from_numpy(-rng.uniform(1, 4, size=number)),
            torch.from_numpy(2 * rng.normal(size=(number, vocab))).log_softmax(-1))


def every_extension(scores, log_probabilities):
    """All extensions one by one, best first: score, parent, token."""
    found = [(float(scores[beam] + row[token]), beam, token)
             for beam, row in enumerate(log_probabilities) for token in range(len(row))]
    return sorted(found, reverse=True)


def best_of_all(answer, *cases):
    replies = [answer(*case) for case in cases]
    for got, (scores, log_probabilities, width) in zip(replies, cases):
        expected = every_extension(scores, log_probabilities)[:width]
        for what, one, numbers in zip(("scores", "parents", "tokens"), got, zip(*expected)):
            kind = torch.float64 if what == "scores" else torch.long
            probes.equal(one, torch.tensor(numbers, dtype=kind), f"the {what} differ")


@extend_beams.check("finds the best extensions of all beams, best first",
                    hint="For the example, make the table by hand: two rows of four. Which three are largest?")
def finds_the_best(answer, rng):
    best_of_all(answer, (*beams(rng, 3, 7), 5), (*beams(rng, 5, 3), 2), (*beams(rng, 2, 13), 11))


@extend_beams.check("names the parent and the token whose scores make up the new score",
                    hint="Take your first parent and token. Add the two numbers they point to. Is that your score?")
def names_its_parts(answer, rng):
    for number, vocab, width in ((3, 11, 7), (7, 2, 5)):
        scores, log_probabilities = beams(rng, number, vocab)
        best, parents, tokens = answer(scores, log_probabilities, width)
        probes.require(not (parents.is_floating_point() or tokens.is_floating_point()),
                       "parents and tokens must be whole numbers")
        for name, places, size in (("parent", parents, number), ("token", tokens, vocab)):
            probes.require(all(int(place) in range(size) for place in places), f"there is no such {name}")
        probes.equal(best, torch.stack([scores[int(parent)] + log_probabilities[int(parent), int(token)]
                                        for parent, token in zip(parents, tokens)]))
        pairs = {(int(parent), int(token)) for parent, token in zip(parents, tokens)}
        probes.require(len(pairs) == width, "an extension is there twice")


@extend_beams.check("lets a good beam have many children, and poor ones none",
                    hint="Must every beam be extended? What if the best three extensions have the same parent?")
def many_children(answer, rng):
    scores, log_probabilities = beams(rng, 3, 5)
    scores[1] += 100.0
    impossible = torch.tensor([-torch.inf, -0.5, -torch.inf], dtype=torch.float64)
    best_of_all(answer, (scores, log_probabilities, 3), (impossible, log_probabilities, 2))


@extend_beams.check("works for one beam and for a width of one",
                    hint="At the first step there is only one beam. What then?")
def one_beam(answer, rng):
    best_of_all(answer, (*beams(rng, 1, 11), 5), (*beams(rng, 5, 7), 1), (*beams(rng, 1, 3), 1))


@extend_beams.mistake("exchanges parents and tokens",
                      hint="With 4 tokens per beam, which beam is place 6 in: 6 // 4, or 6 % 4?")
def parts_exchanged(scores, log_probabilities, width):
    best, parents, tokens = chosen(scores[:, None] + log_probabilities, width)
    return best, tokens, parents


@extend_beams.mistake("divides places by the number of beams",
                      hint="How many places belong to one beam: as many as there are beams, or as there are tokens?")
def by_beams(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // len(scores), places % len(scores)


@extend_beams.mistake("divides places by the width",
                      hint="How many places belong to one beam? Does that depend on the width?")
def by_width(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // width, places % width


@extend_beams.mistake("divides without rounding down",
                      hint="Is your parent a whole number? What does `/` give for 6 and 4?")
def not_rounded(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places / log_probabilities.shape[-1], places % log_probabilities.shape[-1]


@extend_beams.mistake("keeps as many beams as there were", hint="Where does `width` appear in your code?")
def as_many_as_before(scores, log_probabilities, width):
    return chosen(scores[:, None] + log_probabilities, len(scores))


@extend_beams.mistake("returns places in the flat table as tokens",
                      hint="Is your token number below the size of the vocabulary?")
def places_returned(scores, log_probabilities, width):
    best, places = (scores[:, None] + log_probabilities).flatten().topk(width)
    return best, places // log_probabilities.shape[-1], places


@extend_beams.mistake("forgets the scores of the parents",
                      hint="Two beams may go on equally well. Which is better if one of them began worse?")
def parents_forgotten(scores, log_probabilities, width):
    return chosen(log_probabilities, width)


@extend_beams.mistake("chooses by the whole score, but returns only the token's",
                      hint="What will the next step add to? Does that number know how the sentence began?")
def part_returned(scores, log_probabilities, width):
    _, parents, tokens = chosen(scores[:, None] + log_probabilities, width)
    return log_probabilities[parents, tokens], parents, tokens


@extend_beams.mistake("takes the best extension of each beam",
                      hint="May two of the best extensions have the same parent?")
def one_child_each(scores, log_probabilities, width):
    values, tokens = (scores[:, None] + log_probabilities).max(dim=1)
    best, parents = values.topk(min(width, len(scores)))
    return best, parents, tokens[parents]


@extend_beams.mistake("extends only the best beam",
                      hint="Can the second-best beam become the best one? Does your code ever look at it?")
def best_beam_only(scores, log_probabilities, width):
    parent = int(scores.argmax())
    best, tokens = (scores[parent] + log_probabilities[parent]).topk(min(width, log_probabilities.shape[-1]))
    return best, torch.full_like(tokens, parent), tokens


@extend_beams.mistake("multiplies logarithms", hint="Probabilities are multiplied. What is done with their logarithms?")
def multiplied(scores, log_probabilities, width):
    return chosen(scores[:, None] * log_probabilities, width)


@extend_beams.mistake("adds probabilities to logarithms", hint="Which of the two numbers you add is a logarithm?")
def probabilities_added(scores, log_probabilities, width):
    return chosen(scores[:, None] + log_probabilities.exp(), width)


@extend_beams.mistake("returns probabilities instead of logarithms",
                      hint="How small is a product of a thousand probabilities? What will the next step add to?")
def as_probabilities(scores, log_probabilities, width):
    return chosen((scores[:, None] + log_probabilities).exp(), width)


@extend_beams.mistake("normalises over all extensions again",
                      hint="The extensions' probabilities sum to less than one. Is that an error?")
def normalised_again(scores, log_probabilities, width):
    extended = scores[:, None] + log_probabilities
    return chosen(extended.flatten().log_softmax(-1).unflatten(0, extended.shape), width)


@extend_beams.mistake("keeps the worst", hint="The logarithm of a probability is negative. Is −5 better than −1?")
def worst(scores, log_probabilities, width):
    extended = scores[:, None] + log_probabilities
    best, places = extended.flatten().topk(width, largest=False)
    return best, places // extended.shape[-1], places % extended.shape[-1]


@extend_beams.mistake("returns the extensions worst first", hint="Which of your scores comes first: the largest?")
def worst_first(scores, log_probabilities, width):
    return tuple(part.flip(0) for part in chosen(scores[:, None] + log_probabilities, width))


@extend_beams.mistake("adds a row of scores where a column is needed",
                      hint="`scores` has shape (beams,), the table (beams, vocab). Which axes meet when you add?")
def row_of_scores(scores, log_probabilities, width):
    return chosen(scores + log_probabilities, width)


@extend_beams.alternative("a sorted list of all extensions")
def by_sorting(scores, log_probabilities, width):
    found = sorted(((scores[beam] + row[token], beam, token) for beam, row in enumerate(log_probabilities)
                    for token in range(len(row))), key=lambda extension: float(extension[0]), reverse=True)[:width]
    best, parents, tokens = zip(*found)
    return torch.stack(best), torch.tensor(parents), torch.tensor(tokens)


@extend_beams.alternative("the best of each beam first, then the best of these")
def in_two_steps(scores, log_probabilities, width):
    few = min(width, log_probabilities.shape[-1])
    values, tokens = log_probabilities.topk(few, dim=-1)
    best, places = (values + scores.unsqueeze(-1)).reshape(-1).sort(descending=True)
    return best[:width], torch.div(places, few, rounding_mode="floor")[:width], tokens.reshape(-1)[places[:width]]
