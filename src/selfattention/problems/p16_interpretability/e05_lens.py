from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor


@exercise(points=3, minutes=10, builds_on="lesson 16, read the stream early", hints=(
    "What does a model do with its stream after the last layer, step by step?",
    "You have a score for each entry of the vocabulary. What makes a log-probability of it?",
    "Each token has one answer. How do you take one number out of each row of the vocabulary?",
))
def lens(streams: Float[Tensor, "states tokens d_model"], norm: Callable[[Tensor], Tensor],
         unembedding: Float[Tensor, "vocab d_model"],
         answers: Int[Tensor, " tokens"]) -> Float[Tensor, "states tokens"]:
    r"""Read off what a model would answer if it ended earlier (the logit lens, nostalgebraist 2020).

    `streams[n]` is the residual stream after n layers, `streams[0]` that before the first. After its last layer the
    model normalises the stream with `norm`, given as a function that treats each vector on its own, and the scores are
    the dot products with the rows of `unembedding`. Do so after each number of layers, and return for every one of
    them and every token the log-probability, in nats, of its answer: `answers[t]` is the one at token t. Scores may be
    as large as 1000. In the example `norm` doubles.
    """
    scores = norm(streams) @ unembedding.T
    return torch.log_softmax(scores, dim=-1)[:, torch.arange(len(answers)), answers]


def doubles(x):
    return 2 * x


lens.example(torch.tensor([[[1.0, 0.0]], [[1.0, 2.0]]]), doubles, torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
             torch.tensor([1]))
lens.example(torch.tensor([[[1.0], [3.0]]]), doubles, torch.tensor([[1.0], [0.0], [-1.0]]), torch.tensor([0, 2]))


def standardised(x):
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()


def scaled(x):
    return x / (1 + x.abs().sum(dim=-1, keepdim=True)) * 3


def read(streams, norm, unembedding, answers):
    """State after state and token after token."""
    rows = []
    for state in streams:
        row = []
        for vector, answer in zip(state, answers.tolist()):
            scores = torch.stack([norm(vector[None])[0] @ one for one in unembedding])
            row.append(scores[answer] - torch.logsumexp(scores, dim=0))
        rows.append(torch.stack(row))
    return torch.stack(rows)


def drawn(rng, states, tokens, d_model, vocab, size=2.0):
    answers = torch.from_numpy(rng.integers(vocab, size=tokens))
    return tensor(rng, states, tokens, d_model) * size, tensor(rng, vocab, d_model), answers


@lens.check("gives each answer's log-probability after each number of layers",
            hint="In the first example, which two scores are compared after no layer, and after one?")
def reads_each(answer, rng):
    for (states, tokens, d_model, vocab), norm in (((3, 5, 7, 11), standardised), ((2, 3, 5, 3), scaled)):
        streams, unembedding, answers = drawn(rng, states, tokens, d_model, vocab)
        probes.equal(answer(streams, norm, unembedding, answers), read(streams, norm, unembedding, answers))


@lens.check("stays finite for huge scores, and works for one state, one token, or a norm that does nothing",
            hint="What is the logarithm of a probability that has become 0?")
def edges(answer, rng):
    for (states, tokens, d_model, vocab), norm, size in (((2, 3, 5, 7), lambda x: 400 * standardised(x), 1.0),
                                                         ((1, 2, 3, 5), lambda x: x, 1.0),
                                                         ((3, 1, 2, 3), standardised, 5.0)):
        streams, unembedding, answers = drawn(rng, states, tokens, d_model, vocab, size)
        probes.finite(answer(streams, norm, unembedding, answers))
        probes.equal(answer(streams, norm, unembedding, answers), read(streams, norm, unembedding, answers))


def taken(table, answers):
    return table[:, torch.arange(len(answers)), answers]


@lens.mistake("reads the last state for all", hint="Which of `streams` is the one after no layer?")
def last_for_all(streams, norm, unembedding, answers):
    return taken((norm(streams[-1:].expand_as(streams)) @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("leaves the norm out", hint="What does the model do with its stream before the scores?")
def no_norm(streams, norm, unembedding, answers):
    return taken((streams @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("normalises the last state only", hint="If the model ended after one layer, would it skip its norm?")
def last_normalised(streams, norm, unembedding, answers):
    both = torch.cat([streams[:-1], norm(streams[-1:])])
    return taken((both @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("does not normalise the state before the first layer",
              hint="If the model had no layers at all, would it still have its norm?")
def first_bare(streams, norm, unembedding, answers):
    both = torch.cat([streams[:1], norm(streams[1:])])
    return taken((both @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("normalises the unembedding, not the stream", hint="Which of the two does the model normalise?")
def other_normalised(streams, norm, unembedding, answers):
    return taken((streams @ norm(unembedding).T).log_softmax(dim=-1), answers)


@lens.mistake("subtracts the best score, not the logarithm of the sum",
              hint="What do the exponentials of your numbers sum to, over the vocabulary?")
def behind_the_best(streams, norm, unembedding, answers):
    scores = norm(streams) @ unembedding.T
    return taken(scores - scores.amax(dim=-1, keepdim=True), answers)


@lens.mistake("normalises twice", hint="How often does the model normalise after its last layer?")
def normalised_twice(streams, norm, unembedding, answers):
    return taken((norm(norm(streams)) @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("normalises the scores, not the stream", hint="Which comes first, the norm or the dot products?")
def norm_after(streams, norm, unembedding, answers):
    return taken(norm(streams @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("gives scores, not log-probabilities", hint="What do the exponentials of your numbers sum to?")
def raw_scores(streams, norm, unembedding, answers):
    return taken(norm(streams) @ unembedding.T, answers)


@lens.mistake("gives probabilities, not their logarithms", hint="Can a log-probability be more than 0?")
def probabilities(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).softmax(dim=-1), answers)


@lens.mistake("gives the loss, the wrong way round", hint="Is the logarithm of a probability positive or negative?")
def losses(streams, norm, unembedding, answers):
    return -taken((norm(streams) @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("takes logarithms to the base of 2", hint="What unit do these lessons measure losses in?")
def in_bits(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).log_softmax(dim=-1), answers) / torch.tensor(2.0).double().log()


@lens.mistake("lets the tokens compete, not the vocabulary", hint="Among which scores does the answer compete?")
def over_tokens(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).log_softmax(dim=1), answers)


@lens.mistake("lets the layers compete, not the vocabulary", hint="Among which scores does the answer compete?")
def over_states(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).log_softmax(dim=0), answers)


@lens.mistake("takes the largest log-probability, whichever word has it", hint="Where does `answers` appear?")
def largest(streams, norm, unembedding, answers):
    return (norm(streams) @ unembedding.T).log_softmax(dim=-1).amax(dim=-1)


@lens.mistake("takes the answer of the next token", hint="To which token does `answers[0]` belong?")
def next_answer(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).log_softmax(dim=-1), answers.roll(-1))


@lens.mistake("takes the answer of the token before", hint="To which token does `answers[0]` belong?")
def answer_before(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).log_softmax(dim=-1), answers.roll(1))


@lens.mistake("reads what each layer added, not what there is after it",
              hint="Does the stream after two layers still hold what the first one wrote?")
def differences(streams, norm, unembedding, answers):
    added = torch.cat([streams[:1], streams[1:] - streams[:-1]])
    return taken((norm(added) @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("adds the states up, though each holds those before it",
              hint="Does the stream after two layers still hold what the first one wrote?")
def summed(streams, norm, unembedding, answers):
    return taken((norm(streams.cumsum(dim=0)) @ unembedding.T).log_softmax(dim=-1), answers)


@lens.mistake("takes the logarithm of a softmax that has become 0", hint="What is the logarithm of 0?")
def log_of_zero(streams, norm, unembedding, answers):
    return taken((norm(streams) @ unembedding.T).softmax(dim=-1).log(), answers)


@lens.alternative("state by state, with cross-entropy")
def by_cross_entropy(streams, norm, unembedding, answers):
    return torch.stack([-torch.nn.functional.cross_entropy(norm(one) @ unembedding.T, answers, reduction="none")
                        for one in streams])


@lens.alternative("the answer's score minus logsumexp")
def by_logsumexp(streams, norm, unembedding, answers):
    scores = torch.einsum("std,vd->stv", norm(streams), unembedding)
    right = scores.gather(2, answers.expand(len(streams), -1)[..., None])[..., 0]
    return right - scores.logsumexp(dim=2)
