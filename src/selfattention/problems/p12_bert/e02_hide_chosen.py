import torch
from jaxtyping import Bool, Int
from torch import Tensor

from selfattention.engine import exercise, probes
from selfattention.problems.p12_bert.shared import texts


@exercise(points=3, minutes=10, builds_on="exercise 1", hints=(
    "Write the example's four rows under each other: token, chosen, digit, random word. What is read in each column?",
    "Three things can happen to a chosen token. Which of them needs no line of code?",
    "The labels do not depend on the digits. On what do they depend?",
))
def hide_chosen(tokens: Int[Tensor, "batch tokens"], chosen: Bool[Tensor, "batch tokens"],
                digits: Int[Tensor, "batch tokens"], random_words: Int[Tensor, "batch tokens"],
                ) -> tuple[Int[Tensor, "batch tokens"], Int[Tensor, "batch tokens"]]:
    r"""Make what BERT reads, and what it shall guess.

    Of the chosen tokens 80 % are hidden, 10 % exchanged and 10 % left (Devlin et al. 2019, §3.1). A digit from 0 to 9
    was drawn for each token: from 0 to 7 a chosen token becomes [MASK], which is 4; at 8 it becomes the token in the
    same place of `random_words`; at 9 it stays. Tokens that are not chosen always stay. Return what is read, and the
    labels: the true token wherever one was **chosen**, whatever became of it, and -100 everywhere else. The given
    tensors must not change.
    """
    read = torch.where(chosen & (digits <= 7), 4, tokens)
    read = torch.where(chosen & (digits == 8), random_words, read)
    return read, torch.where(chosen, tokens, -100)


hide_chosen.example(torch.tensor([[1, 7, 8, 9, 6, 2]]), torch.tensor([[False, True, True, True, False, False]]),
                    torch.tensor([[3, 5, 8, 9, 8, 0]]), torch.tensor([[11, 12, 13, 14, 15, 16]]))
hide_chosen.example(torch.tensor([[1, 5, 2], [1, 6, 2]]), torch.tensor([[False, True, False], [False, True, False]]),
                    torch.tensor([[7, 7, 7], [8, 8, 8]]), torch.tensor([[20, 21, 22], [23, 24, 25]]))


def drawn(rng, lengths, width):
    """Texts, about half of their words chosen, every digit at some of them, and random words unlike the true ones."""
    tokens = texts(rng, lengths, width)
    chosen = torch.from_numpy(rng.random(size=tokens.shape) < 0.5) & (tokens > 4)
    digits = torch.from_numpy(rng.integers(0, 10, size=tokens.shape))
    places = torch.nonzero(tokens > 4)
    for digit, (row, column) in zip((7, 8, 9, 8, 0), places[torch.from_numpy(rng.permutation(len(places)))].tolist()):
        chosen[row, column], digits[row, column] = True, digit
    return tokens, chosen, digits, torch.from_numpy(rng.integers(31, 53, size=tokens.shape))


@hide_chosen.check("hides eight in ten, exchanges one, leaves one",
                   hint="Take the example's tokens one by one: chosen or not, which digit, what is read?")
def eight_one_one(answer, rng):
    for lengths, width in (((11, 7, 5), 13), ((17, 3), 19), ((5,), 7)):
        tokens, chosen, digits, random_words = drawn(rng, lengths, width)
        expected = tokens.clone()
        for row, column in torch.nonzero(chosen).tolist():
            digit = int(digits[row, column])
            expected[row, column] = {8: int(random_words[row, column]), 9: int(tokens[row, column])}.get(digit, 4)
        probes.equal(answer(tokens, chosen, digits, random_words)[0], expected, "what is read differs")


@hide_chosen.check("asks for the true token wherever one was chosen, and nowhere else",
                   hint="A chosen token stayed as it was. Shall the model still be asked for it?")
def asks_for_the_true(answer, rng):
    for lengths, width in (((11, 7, 5), 13), ((13,), 17)):
        tokens, chosen, digits, random_words = drawn(rng, lengths, width)
        expected = torch.tensor([[token if asked else -100 for token, asked in zip(*rows)]
                                 for rows in zip(tokens.tolist(), chosen.tolist())])
        probes.equal(answer(tokens, chosen, digits, random_words)[1], expected, "the labels differ")


@hide_chosen.check("leaves everything where nothing is chosen, and can hide all",
                   hint="Which tokens may change at all? Which condition must stand in every line that changes one?")
def nothing_and_all(answer, rng):
    tokens, chosen, digits, random_words = drawn(rng, (5, 3), 7)
    for some in (torch.zeros_like(chosen), tokens > 4):
        for one in (digits, torch.full_like(digits, int(rng.integers(8))), torch.full_like(digits, 8)):
            probes.parity(answer, hide_chosen, tokens, some, one, random_words)


def labelled(tokens, chosen, read, other=-100):
    return read, torch.where(chosen, tokens, other)


def changed(tokens, hidden, exchanged, random_words):
    return torch.where(exchanged, random_words, torch.where(hidden, 4, tokens))


@hide_chosen.mistake("asks for what is read instead of the true token",
                     hint="The label of a hidden token is [MASK] in your version. What does the model learn?")
def asks_for_mask(tokens, chosen, digits, random_words):
    read = changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words)
    return read, torch.where(chosen, read, -100)


@hide_chosen.mistake("puts -100 where a token was chosen, and asks for all others",
                     hint="Which tokens shall the loss leave out: those to be guessed, or the rest?")
def labels_inverted(tokens, chosen, digits, random_words):
    return labelled(tokens, ~chosen, changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words))


@hide_chosen.mistake("asks for every token of the text",
                     hint="How hard is it to guess a token that one can read? Which label leaves it out?")
def asks_for_all(tokens, chosen, digits, random_words):
    return changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words), tokens


@hide_chosen.mistake("asks only for tokens that were changed",
                     hint="One in ten of the chosen tokens stays. Why leave it, if nobody asks for it?")
def left_not_asked(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen & (digits < 9),
                    changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words))


@hide_chosen.mistake("asks only for tokens that became [MASK]",
                     hint="Which tokens get a label: the hidden ones, or all that were chosen?")
def masks_alone_asked(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen & (digits < 8),
                    changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words))


@hide_chosen.mistake("hides every chosen token",
                     hint="When the model is used later no text holds a [MASK]. What are the other two tenths for?")
def all_hidden(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, torch.where(chosen, 4, tokens))


@hide_chosen.mistake("changes tokens that were not chosen", hint="May a token change that nobody asks for?")
def chosen_forgotten(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, digits < 8, digits == 8, random_words))


@hide_chosen.mistake("exchanges words that were not chosen",
                     hint="Both lines that change something need the same condition. Which is it?")
def exchanges_anywhere(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, chosen & (digits < 8), digits == 8, random_words))


@hide_chosen.mistake("exchanges nothing: at 8 the token stays",
                     hint="What becomes of a chosen token at the digit 8?")
def never_exchanged(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, torch.where(chosen & (digits < 8), 4, tokens))


@hide_chosen.mistake("leaves the token at 8, and exchanges it at 9", hint="Which digit means what? Read once more.")
def eight_and_nine(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, chosen & (digits < 8), chosen & (digits == 9), random_words))


@hide_chosen.mistake("hides nine in ten, so that nothing is exchanged",
                     hint="How many digits are there from 0 to 7? And does your comparison let 8 in?")
def eight_hidden(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, chosen & (digits <= 8), chosen & (digits == 10), random_words))


@hide_chosen.mistake("exchanges all that it has hidden before",
                     hint="Your second step finds tokens below 9. What did the first step do with those below 8?")
def exchange_overwrites(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, chosen & (digits < 8), chosen & (digits < 9), random_words))


@hide_chosen.mistake("exchanges at 9, too, and leaves nothing", hint="How many of ten digits leave the token alone?")
def nothing_left(tokens, chosen, digits, random_words):
    return labelled(tokens, chosen, changed(tokens, chosen & (digits < 8), chosen & (digits > 7), random_words))


@hide_chosen.mistake("puts 0 for tokens that are not asked for",
                     hint="0 is a token's number. Which number can never be one?")
def zero_for_not_asked(tokens, chosen, digits, random_words):
    read = changed(tokens, chosen & (digits < 8), chosen & (digits == 8), random_words)
    return labelled(tokens, chosen, read, other=0)


@hide_chosen.mistake("returns the labels first", hint="In which order does the prompt name the two results?")
def order_of_results(tokens, chosen, digits, random_words):
    return hide_chosen(tokens, chosen, digits, random_words)[::-1]


@hide_chosen.alternative("copies that are filled in place")
def filled_copies(tokens, chosen, digits, random_words):
    read, labels = tokens.clone(), torch.full_like(tokens, -100)
    labels[chosen] = tokens[chosen]
    read[chosen & (digits < 8)] = 4
    exchanged = chosen & (digits == 8)
    read[exchanged] = random_words[exchanged]
    return read, labels


@hide_chosen.alternative("one choice among three")
def one_of_three(tokens, chosen, digits, random_words):
    what = torch.where(chosen, (digits - 7).clamp(min=0), 2)
    options = torch.stack([torch.full_like(tokens, 4), random_words, tokens])
    return options.gather(0, what[None])[0], tokens.masked_fill(~chosen, -100)
