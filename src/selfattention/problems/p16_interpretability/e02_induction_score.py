import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=4, minutes=12, builds_on="lesson 16, induction heads, by hand", hints=(
    "Write the text of the first example down. Where did its last token stand before, and what came next there?",
    "A table of tokens against tokens says where two are the same. By how many places must a mark in it move, and in "
    "which direction, to stand at what followed?",
    "Two numbers: how much weight in all lies on the right places, and how many tokens have such a place at all.",
))
def induction_score(weights: Float[Tensor, "heads tokens tokens"],
                    tokens: Int[Tensor, " tokens"]) -> Float[Tensor, " heads"]:
    r"""Score heads that look at what followed the last time.

    Of each token that occurred before in the text, add up the weights with which a head looks from it at all tokens
    that came right after one of those earlier occurrences. Return for each head the mean of that sum over all tokens
    that occurred before; tokens that did not are left out, and where there are none at all, the score is 0.
    Rows of `weights` are queries. A key after the query never counts, however large a weight stands there, and a token
    can be such a follower itself: in *a a*, the second *a* follows the first. (Olsson et al. 2022 call this the
    prefix-matching score.)
    """
    earlier = (tokens[:, None] == tokens).tril(-1)
    follows = torch.nn.functional.pad(earlier[:, :-1], (1, 0))
    asked = follows.any(dim=1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    return (weights * follows).sum(dim=2)[:, asked].mean(dim=1)


induction_score.example(torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.7, 0.2]]]), torch.tensor([4, 7, 4]))
induction_score.example(torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.3, 0.6]]]), torch.tensor([4, 4, 4]))
induction_score.example(torch.tensor([[[1.0, 0.0], [0.25, 0.75]], [[1.0, 0.0], [0.5, 0.5]]]), torch.tensor([4, 4]))


def drawn(rng, heads, tokens, causal=True):
    scores = tensor(rng, heads, tokens, tokens)
    if causal:
        scores = scores.masked_fill(~torch.ones(tokens, tokens, dtype=torch.bool).tril(), -torch.inf)
    return scores.softmax(dim=-1)


def walked(weights, tokens):
    """Token after token, with a list of what followed."""
    text, sums = tokens.tolist(), []
    for query, token in enumerate(text):
        places = [place + 1 for place in range(query) if text[place] == token]
        if places:
            sums.append(sum(weights[:, query, place] for place in places))
    return sum(sums) / len(sums) if sums else torch.zeros(len(weights), dtype=weights.dtype)


def text(rng, tokens, symbols):
    return torch.from_numpy(rng.integers(symbols, size=tokens))


@induction_score.check("finds what followed every earlier occurrence",
                       hint="Follow the first example with a pencil: from which token is looked, and at which?")
def what_followed(answer, rng):
    for heads, tokens, symbols in ((2, 7, 3), (3, 11, 5), (2, 13, 2)):
        some, read = drawn(rng, heads, tokens), text(rng, tokens, symbols)
        probes.equal(answer(some, read), walked(some, read))


@induction_score.check("counts no key after the query, and is 0 where nothing is repeated",
                       hint="What is a mean over no tokens at all? And which keys may a query see?")
def edges(answer, rng):
    for heads, tokens, symbols in ((2, 5, 3), (3, 7, 2), (1, 3, 1)):
        some, read = drawn(rng, heads, tokens, causal=False), text(rng, tokens, symbols)
        probes.equal(answer(some, read), walked(some, read))
    for tokens in (5, 1):
        some = drawn(rng, 3, tokens)
        probes.equal(answer(some, torch.from_numpy(rng.permutation(tokens))), torch.zeros(3, dtype=some.dtype))


def scored(weights, tokens, *, move=1, find=None, gather=lambda held: held.sum(dim=2), over=None, self_too=False,
           ahead=False, asks=None):
    """The solution with one thing to be changed at a time."""
    same = tokens[:, None] == tokens
    places = torch.arange(len(tokens))
    earlier = same if ahead else same.tril(0 if self_too else -1)
    earlier = find(earlier) if find else earlier
    moved = places + move
    inside = (moved >= 0) & (moved < len(tokens))
    follows = torch.zeros_like(earlier)
    follows[:, moved[inside]] = earlier[:, inside]
    asked = (same.tril(-1) if asks == "occurred" else follows).any(dim=1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    held = gather(weights * follows)
    return held.sum(dim=1) / (over(asked) if over else asked.sum())


@induction_score.mistake("looks at the earlier occurrence itself, not right after it",
                         hint="In *a b … a*, does the head look at *a* or at *b*?")
def same_token(weights, tokens):
    return scored(weights, tokens, move=0)


@induction_score.mistake("looks before the earlier occurrence, not right after it",
                         hint="In *x a b … a*, does the head look at *x* or at *b*?")
def one_before(weights, tokens):
    return scored(weights, tokens, move=-1, asks="occurred")


@induction_score.mistake("looks two places after the earlier occurrence",
                         hint="Count the places from the earlier *a* to what followed it.")
def two_after(weights, tokens):
    return scored(weights, tokens, move=2, asks="occurred")


def latest(earlier):
    places = torch.arange(len(earlier))
    last = torch.where(earlier, places, -1).amax(dim=1, keepdim=True)
    return earlier & (places == last)


@induction_score.mistake("counts the latest occurrence only", hint="How often had *a* occurred before in *a b a c a*?")
def latest_only(weights, tokens):
    return scored(weights, tokens, find=latest)


@induction_score.mistake("counts the first occurrence only", hint="How often had *a* occurred before in *a b a c a*?")
def first_only(weights, tokens):
    return scored(weights, tokens, find=lambda earlier: earlier & (earlier.cumsum(dim=1) == 1))


@induction_score.mistake("takes the mean over all tokens of the text",
                         hint="Which tokens are left out of the mean, and how many remain?")
def over_all(weights, tokens):
    return scored(weights, tokens, over=lambda asked: len(asked))


@induction_score.mistake("takes the mean of a token's places, not their sum",
                         hint="A head that shares its weight among three right places: what is its score?")
def mean_of_places(weights, tokens):
    earlier = torch.nn.functional.pad((tokens[:, None] == tokens).tril(-1)[:, :-1], (1, 0))
    return scored(weights / earlier.sum(dim=1).clamp(min=1)[:, None], tokens)


@induction_score.mistake("takes the largest weight of a token's places, not their sum",
                         hint="A head that shares its weight among three right places: what is its score?")
def largest_of_places(weights, tokens):
    return scored(weights, tokens, gather=lambda held: held.amax(dim=2))


@induction_score.mistake("takes the token itself for an earlier occurrence",
                         hint="Has a token that stands in the text once occurred before?")
def itself(weights, tokens):
    return scored(weights, tokens, self_too=True)


@induction_score.mistake("counts later occurrences, too", hint="What does a token know of what comes after it?")
def looks_ahead(weights, tokens):
    return scored(weights, tokens, ahead=True)


@induction_score.mistake("exchanges queries and keys", hint="Which axis of the weights belongs to who looks?")
def transposed(weights, tokens):
    return scored(weights.mT, tokens)


@induction_score.mistake("adds up, without a mean", hint="Can your score be more than 1?")
def summed(weights, tokens):
    return scored(weights, tokens, over=lambda _: 1)


@induction_score.mistake("gives NaN where nothing is repeated", hint="What is a mean over no tokens at all?")
def not_a_number(weights, tokens):
    earlier = torch.nn.functional.pad((tokens[:, None] == tokens).tril(-1)[:, :-1], (1, 0))
    return (weights * earlier).sum(dim=2)[:, earlier.any(dim=1)].mean(dim=1)


@induction_score.mistake("counts how often the largest weight is right, not how much weight is",
                         hint="A head with 0.4 on the right place and 0.6 elsewhere: what is its score?")
def hits(weights, tokens):
    return scored(torch.nn.functional.one_hot(weights.argmax(dim=2), len(tokens)).to(weights.dtype), tokens)


@induction_score.mistake("lets no token be its own follower", hint="In *a a*, which token follows the first *a*?")
def not_itself(weights, tokens):
    return scored(weights * (1 - torch.eye(len(tokens), dtype=weights.dtype)), tokens)


@induction_score.mistake("lets what is moved out on the right come in on the left",
                         hint="What does `roll` put into the first column?")
def rolled_round(weights, tokens):
    follows = (tokens[:, None] == tokens).roll(1, dims=1).tril()
    asked = follows.any(dim=1)
    if not asked.any():
        return torch.zeros(len(weights), dtype=weights.dtype)
    return (weights * follows).sum(dim=2)[:, asked].mean(dim=1)


@induction_score.alternative("a loop over the text")
def by_loop(weights, tokens):
    return walked(weights, tokens)


@induction_score.alternative("pairs of places")
def by_pairs(weights, tokens):
    queries, before = (tokens[:, None] == tokens).tril(-1).nonzero().T
    held = weights[:, queries, before + 1].sum(dim=1)
    return held / max(len(queries.unique()), 1)
