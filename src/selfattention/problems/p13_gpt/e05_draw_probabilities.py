import math

import torch
from jaxtyping import Float
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.draws import tensor
from selfattention.problems.p13_gpt.shared import only


@exercise(points=3, minutes=10, builds_on="exercise 2 of chapter 02 and exercise 4", hints=(
    "Three steps: probabilities at this temperature, leave out what is unlikely, make the rest sum to one. Which of "
    "them needs the best token?",
    "A quarter as likely as the best: is that a quarter of 1, or of the largest probability?",
    "What is left when the temperature comes closer and closer to 0? Can you divide by 0 to get there?",
))
def draw_probabilities(logits: Float[Tensor, "batch vocab"], temperature: float,
                       share: float) -> Float[Tensor, "batch vocab"]:
    r"""Say with which probability each next token is drawn, at a temperature and with min-p.

    First the probabilities at this temperature: the softmax of the logits divided by it. Then tokens that are less than
    `share` times as probable as the best of their row are left out: their probability is 0 (min-p, Nguyen et al. 2024).
    What is left is divided by its sum. A `temperature` of 0 stands for its limit: the best token gets 1 (there is one
    best token then). The temperature is never negative; `share` is between 0 and 1. Logits may be as large as ±10⁴.
    """
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    chances = torch.softmax(logits / temperature, dim=-1)
    chances = chances.masked_fill(chances < share * chances.amax(dim=-1, keepdim=True), 0.0)
    return chances / chances.sum(dim=-1, keepdim=True)


draw_probabilities.example(torch.tensor([[1.0, 3.0, 2.2, 0.4]]), 0.5, 0.1)
draw_probabilities.example(torch.tensor([[0.5, 4.0, 1.0, 0.1], [1.2, 0.9, 0.8, 0.3]]), 2.0, 0.7)
draw_probabilities.example(torch.tensor([[1.0, 3.0, 2.0]]), 0.0, 0.3)
draw_probabilities.example(torch.tensor([[1.0, 3.0, 2.0]]), 1.5, 1.0)
draw_probabilities.example(torch.tensor([[9999.0, 10_000.0, 0.0]]), 1.0, 0.2)


def by_hand(logits, temperature, share):
    """Row by row; powers are relative to the best, so that nothing overflows."""
    rows = []
    for row in logits.tolist():
        powers = [math.exp((score - max(row)) / temperature) for score in row]
        powers = [power if power >= share else 0.0 for power in powers]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows, dtype=torch.float64)


def clear(rng, batch, vocab, temperature, share):
    """Logits with which no token stands just at the threshold."""
    while True:
        logits = tensor(rng, batch, vocab) * torch.linspace(0.7, 2.0, batch)[:, None]
        powers = torch.exp((logits - logits.amax(dim=-1, keepdim=True)) / temperature)
        if float((powers - share).abs().min()) > 1e-3:
            return logits


@draw_probabilities.check("leaves out what is too unlikely beside the best, and shares out the rest",
                          hint="Which tokens of the example are at least a tenth as likely as the best, at this "
                               "temperature?")
def leaves_out(answer, rng):
    cases = [(clear(rng, *sizes, *numbers), *numbers) for *sizes, numbers in (
        (5, 13, (0.7, 0.1)), (3, 11, (1.5, 0.3)), (1, 5, (1.0, 0.25)), (5, 3, (2.5, 0.6)))]
    for got, case in zip([answer(*case) for case in cases], cases):
        probes.equal(got, by_hand(*case))


@draw_probabilities.check("keeps all for a share of 0, and the best alone for a share of 1",
                          hint="Is the best token less probable than the best token?")
def both_ends(answer, rng):
    logits = clear(rng, 3, 7, 0.6, 1.0 - 1e-3)
    probes.equal(answer(logits, 0.6, 0.0), by_hand(logits, 0.6, 0.0))
    probes.equal(answer(logits, 1.7, 1.0), by_hand(logits, 1.7, 1.0))
    logits[:, 5] = logits[:, :5].amax(dim=-1)  # two tokens that are exactly as probable
    probes.equal(answer(logits, 1.7, 1.0), by_hand(logits, 1.7, 1.0))


@draw_probabilities.check("takes the best token at temperature 0, and stays finite when logits are huge",
                          hint="What does your function divide by at temperature 0?")
def cold_and_huge(answer, rng):
    for scale, temperature, share in ((1.0, 0.0, 0.1), (1e4, 0.0, 0.0), (1e4, 0.5, 0.2)):
        logits = scale * tensor(rng, 3, 5)
        chances = answer(logits, temperature, share)
        probes.finite(chances)
        probes.equal(chances, by_hand(logits, temperature or 1e-6, share))
    near = torch.stack([torch.from_numpy(rng.permutation(5)) for _ in range(3)]).double() / 1000
    probes.equal(answer(near, 0.0, 0.0), (near == near.amax(dim=-1, keepdim=True)).double())


def remaining(chances, kept):
    chances = chances * kept
    return chances / chances.sum(dim=-1, keepdim=True)


def shortened(chances, share):
    return remaining(chances, chances >= share * chances.amax(dim=-1, keepdim=True))


def cold(logits):
    return draw_probabilities(logits, 0.0, 0.0)


@draw_probabilities.mistake("multiplies by the temperature",
                            hint="Does a high temperature make your probabilities more equal, or less?")
def multiplied(logits, temperature, share):
    return shortened(torch.softmax(logits * temperature, dim=-1), share) if temperature else cold(logits)


@draw_probabilities.mistake("applies the temperature where normalising undoes it, or not at all",
                            hint="Divide all probabilities by 2, then by their sum. What has changed?")
def on_probabilities(logits, temperature, share):
    return shortened(torch.softmax(logits, dim=-1) / temperature, share) if temperature else cold(logits)


@draw_probabilities.mistake("leaves out by the probabilities at temperature 1",
                            hint="Which comes first, the temperature or min-p? Whose probabilities are compared?")
def temperature_last(logits, temperature, share):
    chances = torch.softmax(logits, dim=-1)
    kept = chances >= share * chances.amax(dim=-1, keepdim=True)
    return remaining(torch.softmax(logits / temperature, dim=-1), kept) if temperature else cold(logits)


@draw_probabilities.mistake("leaves out all that are less probable than `share` itself",
                            hint="The best token has the probability 0.3. What must another one have at least, with a "
                                 "share of 0.5?")
def absolute(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(chances, (chances >= share) | (chances == chances.amax(dim=-1, keepdim=True)))


@draw_probabilities.mistake("adds up to `share`, as top-p does",
                            hint="Does min-p add anything up? With what is each token compared?")
def summed_up(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    ranked, places = chances.sort(dim=-1, descending=True)
    kept = ranked.cumsum(dim=-1) - ranked < share
    kept[:, 0] = True
    return remaining(chances, torch.zeros_like(kept).scatter(-1, places, kept))


@draw_probabilities.mistake("does not share out what is left", hint="To what do your probabilities sum?")
def not_shared_out(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return chances * (chances >= share * chances.amax(dim=-1, keepdim=True))


@draw_probabilities.mistake("keeps those that should be left out",
                            hint="Is the best token among those that you keep?")
def unlikely_kept(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(chances, chances < share * chances.amax(dim=-1, keepdim=True))


@draw_probabilities.mistake("compares logits, not probabilities",
                            hint="The best logit is −2. Which logits are at least half of it?")
def of_the_logit(logits, temperature, share):
    if not temperature:
        return cold(logits)
    scores = logits / temperature
    return remaining(torch.softmax(scores, dim=-1), scores >= share * scores.amax(dim=-1, keepdim=True))


@draw_probabilities.mistake("compares with the best of the whole batch",
                            hint="One text is sure of its next token, the other one is not. What is left of the other?")
def best_of_the_batch(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(chances, (chances >= share * chances.max()) | (chances == chances.amax(dim=-1, keepdim=True)))


@draw_probabilities.mistake("leaves out the best token where `share` is 1",
                            hint="\"Less than `share` times as probable\": what of a token that is just as probable?")
def strict(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(chances, chances > share * chances.amax(dim=-1, keepdim=True))


@draw_probabilities.mistake("sets the logits of the others to 0, and so leaves them a chance",
                            hint="What does `softmax` make of a logit of 0?")
def logits_zeroed(logits, temperature, share):
    if not temperature:
        return cold(logits)
    scores = logits / temperature
    chances = torch.softmax(scores, dim=-1)
    return torch.softmax(only(scores, chances >= share * chances.amax(dim=-1, keepdim=True), 0.0), dim=-1)


@draw_probabilities.mistake("divides by 0 at temperature 0", hint="What is 3 / 0 in torch, and 0 / 0?")
def divided_by_zero(logits, temperature, share):
    return shortened(torch.softmax(logits / temperature, dim=-1), share)


@draw_probabilities.mistake("takes a temperature of 0 for none at all",
                            hint="Which temperature leaves the logits as they are: 0 or 1?")
def zero_is_none(logits, temperature, share):
    return shortened(torch.softmax(logits / (temperature or 1.0), dim=-1), share)


@draw_probabilities.mistake("overflows: powers of the logits themselves",
                            hint="What is exp(10000)? What may be subtracted before, and changes nothing?")
def overflows(logits, temperature, share):
    if not temperature:
        return cold(logits)
    powers = torch.exp(logits / temperature)
    return shortened(powers / powers.sum(dim=-1, keepdim=True), share)


@draw_probabilities.mistake("returns logits with −∞", hint="Do your numbers sum to one?")
def as_logits(logits, temperature, share):
    return torch.log(draw_probabilities(logits, temperature, share))


@draw_probabilities.mistake("takes a temperature of 0 for the highest: all are equally likely",
                            hint="Compute the probabilities at the temperatures 1, 0.5 and 0.1. Where do they go?")
def zero_is_hot(logits, temperature, share):
    return draw_probabilities(logits, temperature, share) if temperature else torch.full_like(logits,
                                                                                              1 / logits.shape[1])


@draw_probabilities.mistake("applies a softmax to the probabilities that are left",
                            hint="What is the softmax of (0.9, 0.1, 0)? Is the 0 still a 0?")
def softmax_again(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return torch.softmax(chances * (chances >= share * chances.amax(dim=-1, keepdim=True)), dim=-1)


@draw_probabilities.mistake("subtracts the share from the best",
                            hint="\"`share` times as probable\": which operation is that?")
def subtracted(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(chances, chances >= chances.amax(dim=-1, keepdim=True) - share)


@draw_probabilities.mistake("returns the token itself at temperature 0",
                            hint="How many numbers has a row of your result at temperature 0, and how many else?")
def token_when_cold(logits, temperature, share):
    return draw_probabilities(logits, temperature, share) if temperature else logits.argmax(dim=-1)


@draw_probabilities.mistake("makes all that are left equally likely",
                            hint="Is the best token drawn more often than the others that are left?")
def equally_likely(logits, temperature, share):
    if not temperature:
        return cold(logits)
    chances = torch.softmax(logits / temperature, dim=-1)
    return remaining(torch.ones_like(chances), chances >= share * chances.amax(dim=-1, keepdim=True))



@draw_probabilities.mistake("leaves out nothing", hint="Where does `share` appear in your code?")
def nothing_left_out(logits, temperature, share):
    return torch.softmax(logits / temperature, dim=-1) if temperature else cold(logits)



@draw_probabilities.alternative("min-p on the logits: at most −log share below the best")
def on_logits(logits, temperature, share):
    below = logits - logits.amax(dim=-1, keepdim=True)
    if temperature == 0:
        return (below == 0).to(logits.dtype)
    below = below / temperature
    floor = math.log(share) if share else -math.inf
    return torch.softmax(torch.where(below >= floor, below, -math.inf), dim=-1)


@draw_probabilities.alternative("powers relative to the best")
def relative_powers(logits, temperature, share):
    temperature = temperature or 1e-9
    powers = torch.exp((logits - logits.max(dim=-1, keepdim=True).values) / temperature)
    powers = powers * (powers >= share)
    return powers / powers.sum(dim=-1, keepdim=True)
