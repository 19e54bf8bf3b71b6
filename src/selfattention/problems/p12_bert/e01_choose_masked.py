import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p12_bert.shared import distinct, texts


@exercise(points=3, minutes=12, builds_on="lesson 12, what is hidden", hints=(
    "First: which tokens are words, and how many words has each text? Everything else follows from these two.",
    "Whole numbers can be divided and rounded up with `//` alone. What must be added before dividing?",
    "Who is among the two smallest of a text? The rank of each draw would tell: what does `argsort` give, and what "
    "when it is applied to its own result?",
))
def choose_masked(tokens: Int[Tensor, "batch tokens"], draws: Float[Tensor, "batch tokens"],
                  every: int) -> Bool[Tensor, "batch tokens"]:
    r"""Choose what BERT shall guess: one word in `every` of each text.

    A word is a token from 5 on; signs and padding (0 to 4) are never chosen. Of a text with n words choose n / `every`,
    rounded **up**, so that each text with a word has something to guess: those of its words whose `draws` are the
    smallest. The draws are random numbers from 0 to 1, all different within a text. A text may have no word at all.
    Return `True` where a token is chosen. (Devlin et al. 2019, §3.1, choose 15 % of a text's tokens; their code and the
    package round to the nearest number, and take at least one.)
    """
    words = tokens >= 5
    count = (words.sum(dim=1, keepdim=True) + every - 1) // every
    ranks = draws.masked_fill(~words, torch.inf).argsort(dim=1).argsort(dim=1)
    return ranks < count


choose_masked.example(torch.tensor([[1, 7, 8, 9, 2, 0]]), torch.tensor([[0.05, 0.6, 0.3, 0.9, 0.1, 0.2]]), 2)
choose_masked.example(torch.tensor([[1, 9, 2, 0], [1, 5, 8, 2]]),
                      torch.tensor([[0.3, 0.8, 0.1, 0.5], [0.9, 0.6, 0.2, 0.4]]), 7)


def by_hand(tokens, draws, every):
    """Text by text, word by word, the smallest draw first."""
    rows = []
    for row, drawn in zip(tokens.tolist(), draws.tolist()):
        words = sorted((number, place) for place, (token, number) in enumerate(zip(row, drawn)) if token > 4)
        chosen, left = set(), len(words)
        while left > 0:
            chosen.add(words[len(chosen)][1])
            left -= every
        rows.append([place in chosen for place in range(len(row))])
    return torch.tensor(rows)


@choose_masked.check("chooses the words with the smallest draws, text by text",
                     hint="How many words has the first example, and which two of them have the smallest draws?")
def smallest_draws(answer, rng):
    for lengths, width, every in (((11, 5, 3), 13, 3), ((7, 2), 11, 2), ((13, 17, 6, 1), 19, 5)):
        tokens, draws = texts(rng, lengths, width), distinct(rng, len(lengths), width)
        tokens[0, 3] = 5  # the first number that is a word
        probes.equal(answer(tokens, draws, every), by_hand(tokens, draws, every), "other tokens are chosen")


@choose_masked.check("never chooses a sign or padding, however small their draws",
                     hint="What becomes of [CLS], when its draw is the smallest of all?")
def never_a_sign(answer, rng):
    tokens = texts(rng, (11, 3, 6), 17)
    tokens[0, 4], tokens[0, 7], tokens[2, 2] = 2, 4, 3  # [SEP], [MASK] and an unknown word inside a text
    draws = distinct(rng, 3, 17)
    draws = torch.where(tokens < 5, draws / 100, draws)
    got = answer(tokens, draws, 4)
    probes.require(not bool((got & (tokens < 5)).any()), "a sign or padding is chosen")
    probes.equal(got, by_hand(tokens, draws, 4), "other tokens are chosen")


@choose_masked.check("chooses something in every text that has a word, and nothing where there is none",
                     hint="One word, and `every` is 7: how many are a seventh of it, rounded up?")
def short_texts(answer, rng):
    for lengths, width, every in (((1, 2, 0, 3), 5, 700), ((0, 0), 3, 2), ((4,), 6, 1), ((5, 10, 15), 17, 5)):
        tokens, draws = texts(rng, lengths, width), distinct(rng, len(lengths), width)
        probes.equal(answer(tokens, draws, every), by_hand(tokens, draws, every), "other tokens are chosen")


def ranked(draws, words):
    return draws.masked_fill(~words, torch.inf).argsort(dim=1).argsort(dim=1)


def upwards(number, every):
    return (number + every - 1) // every


@choose_masked.mistake("lets signs and padding compete",
                       hint="May [CLS] be guessed? Whose draws do you rank: those of words, or of all tokens?")
def all_compete(tokens, draws, every):
    words = tokens >= 5
    return ranked(draws, torch.ones_like(words)) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("lets padding be guessed", hint="Is everything after the text a word?")
def only_signs_left_out(tokens, draws, every):
    words = (tokens >= 5) | (tokens == 0)
    return ranked(draws, words) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("lets [CLS], [SEP] and other signs be guessed",
                       hint="Which numbers are signs? Must the model guess that a text begins with [CLS]?")
def only_padding_left_out(tokens, draws, every):
    words = tokens != 0
    return ranked(draws, words) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("leaves signs out only after choosing, so that too few words are left",
                       hint="When a sign was among the smallest, who takes its place in your version?")
def left_out_late(tokens, draws, every):
    words = tokens >= 5
    return (ranked(draws, torch.ones_like(words)) < upwards(words.sum(dim=1, keepdim=True), every)) & words


@choose_masked.mistake("rounds down, so that a short text has nothing to guess",
                       hint="How many are chosen of three words, when `every` is 7?")
def rounded_down(tokens, draws, every):
    words = tokens >= 5
    return ranked(draws, words) < words.sum(dim=1, keepdim=True) // every


@choose_masked.mistake("rounds to the nearest number, and takes at least one",
                       hint="17 words, one in 5: how many are 3.4, rounded up?")
def rounded_to_the_nearest(tokens, draws, every):
    words = tokens >= 5
    return words & (ranked(draws, words) < (words.sum(dim=1, keepdim=True) / every).round().clamp(min=1))


@choose_masked.mistake("rounds down, but takes at least one",
                       hint="11 words, one in 3: how many are 3.7, rounded up?")
def rounded_down_to_one(tokens, draws, every):
    words = tokens >= 5
    return words & (ranked(draws, words) < (words.sum(dim=1, keepdim=True) // every).clamp(min=1))


@choose_masked.mistake("chooses one word more where the words can be divided evenly",
                       hint="How many are a half of four words, rounded up?")
def one_more(tokens, draws, every):
    words = tokens >= 5
    count = words.sum(dim=1, keepdim=True)
    return words & (ranked(draws, words) < count // every + 1)


@choose_masked.mistake("chooses the words with the largest draws", hint="Which end of the order is asked for?")
def largest_draws(tokens, draws, every):
    words = tokens >= 5
    return ranked(-draws, words) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("counts signs and padding as words when it divides",
                       hint="How many words has the first example: three, or six?")
def width_divided(tokens, draws, every):
    words = tokens >= 5
    return words & (ranked(draws, words) < upwards(tokens.shape[1], every))


@choose_masked.mistake("counts the signs as words when it divides",
                       hint="How many words has the first example: three, or five?")
def signs_counted(tokens, draws, every):
    words = tokens >= 5
    return words & (ranked(draws, words) < upwards((tokens != 0).sum(dim=1, keepdim=True), every))


@choose_masked.mistake("takes the smallest draws of the whole batch",
                       hint="May one text have everything to guess, and another nothing?")
def over_the_batch(tokens, draws, every):
    words = tokens >= 5
    ranks = draws.masked_fill(~words, torch.inf).flatten().argsort().argsort().view_as(draws)
    return words & (ranks < upwards(words.sum(), every))


@choose_masked.mistake("ranks the draws of a place in all texts, not those of a text",
                       hint="Along which axis do you sort: through the texts, or through the tokens of one?")
def along_the_texts(tokens, draws, every):
    words = tokens >= 5
    ranks = draws.masked_fill(~words, torch.inf).argsort(dim=0).argsort(dim=0)
    return words & (ranks < upwards(words.sum(dim=1, keepdim=True), every))


@choose_masked.mistake("goes by the places of the words, not by their draws",
                       hint="Where does `draws` appear in your code? Shall the same words be hidden each time?")
def by_place(tokens, draws, every):
    words = tokens >= 5
    return words & ((words.cumsum(dim=1) - 1) % every == 0)


@choose_masked.mistake("leaves out the first and the last sign, but not those inside a text",
                       hint="May a [MASK] be chosen? How do you know a word: by its place, or by its number?")
def signs_inside(tokens, draws, every):
    places, ends = torch.arange(tokens.shape[1]), (tokens != 0).sum(dim=1, keepdim=True) - 1
    words = (places > 0) & (places < ends)
    return ranked(draws, words) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("chooses each word by itself, where its draw is below 1 / every",
                       hint="How many words of a text does your version choose: always the same share?")
def by_threshold(tokens, draws, every):
    return (tokens >= 5) & (draws < 1 / every)


@choose_masked.mistake("marks what is not chosen", hint="What does `True` mean in the prompt?")
def turned_round(tokens, draws, every):
    return ~choose_masked(tokens, draws, every)


@choose_masked.mistake("takes the order for the ranks",
                       hint="`argsort` says which token comes first. Which rank has token 0?")
def order_for_ranks(tokens, draws, every):
    words = tokens >= 5
    order = draws.masked_fill(~words, torch.inf).argsort(dim=1)
    return order < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("takes the first word of the vocabulary for a sign",
                       hint="Words begin at 5. Is 5 itself a word in your comparison?")
def five_left_out(tokens, draws, every):
    words = tokens > 5
    return ranked(draws, words) < upwards(words.sum(dim=1, keepdim=True), every)


@choose_masked.mistake("chooses a token in a text that has no word",
                       hint="A text without a word: what is in it, and what may be chosen of that?")
def something_always(tokens, draws, every):
    words = tokens >= 5
    return ranked(draws, words) < upwards(words.sum(dim=1, keepdim=True), every).clamp(min=1)


@choose_masked.alternative("a loop over the texts")
def chosen_loop(tokens, draws, every):
    chosen = torch.zeros_like(tokens, dtype=torch.bool)
    for row, (text, drawn) in enumerate(zip(tokens, draws)):
        words = torch.nonzero(text > 4)[:, 0]
        count = -(-len(words) // every)
        chosen[row, words[drawn[words].argsort()[:count]]] = True
    return chosen


@choose_masked.alternative("the count-th smallest draw as a limit")
def chosen_by_limit(tokens, draws, every):
    words = tokens.ge(5)
    count = torch.ceil(words.sum(dim=1, keepdim=True) / every).long()
    kept = torch.where(words, draws, 2.0)
    limit = kept.sort(dim=1).values.gather(1, (count - 1).clamp(min=0))
    return words & (kept <= limit)
