import math

from selfattention.engine import exercise, probes


@exercise(points=2, minutes=6, builds_on="lesson 13, by hand", hints=(
    "What does the whole text cost, in nats? And how many characters has it?",
    "A fair coin costs one bit, and ln 2 ≈ 0.69 nats. Do 0.69 nats become more bits or fewer?",
))
def bits_per_character(losses: list[float], pieces: list[str]) -> float:
    r"""Say what a text costs a model in a unit that does not depend on how the text was cut.

    A model reads a text in pieces: characters, parts of words, words. `losses[i]` is its loss $-\ln p$, in **nats**,
    for `pieces[i]`; the pieces put together are the text, and none is empty. Return how many **bits** the whole text
    costs, divided by its number of characters. Spaces and line ends are characters; `é` is one, however many bytes it
    has. A nat is $1 / \ln 2$ bits, with the natural logarithm (Shannon 1948).
    """
    return sum(losses) / math.log(2) / sum(map(len, pieces))


bits_per_character.example([2.0, 1.0, 3.5], ["the", " ", "café"])
bits_per_character.example([math.log(2), math.log(2)], ["a", "b"])

PIECES = ("the", " model", "s", "\n", " ", "café", "naïve", " reads", "ü", "—", "token", "x")


def some_pieces(rng, number):
    return [PIECES[place] for place in rng.integers(len(PIECES), size=number)]


def costs(rng, number):
    return rng.uniform(0.1, 5.0, size=number).tolist()


@bits_per_character.check("is the cost of the whole text in bits, over its characters",
                          hint="Add up the example by hand: how many nats, and how many characters?")
def whole_text(answer, rng):
    for number in (5, 11, 2, 1):
        pieces, losses = [*some_pieces(rng, number - 1), "models"], costs(rng, number)
        text = "".join(pieces)
        bits = -math.fsum(math.log2(math.exp(-loss)) for loss in losses)
        probes.equal(answer(losses, pieces), bits / len(text))


@bits_per_character.check("is the same however the text was cut",
                          hint="One model reads `token` as one piece, another as `tok` and `en`, at the same cost "
                               "together. Which costs more for each character?")
def however_cut(answer, rng):
    pieces, losses = [*some_pieces(rng, 5), "token", "\n"], costs(rng, 7)
    letters = [letter for piece in pieces for letter in piece]
    shares = [loss / len(piece) for loss, piece in zip(losses, pieces) for _ in piece]
    probes.unmoved(answer(losses, pieces), answer(shares, letters), "cut into letters the same text costs another "
                                                                    "number of bits")


@bits_per_character.check("counts spaces, line ends and letters with accents as one character each",
                          hint="How long is 'é\\n' for `len`, and how many bytes has it?")
def one_each(answer, rng):
    for pieces in (["é", "\n", " "], [" naïve", "—", "\n\n"]):
        losses = costs(rng, 3)
        probes.equal(answer(losses, pieces), math.fsum(losses) * math.log2(math.e) / len("".join(pieces)))


@bits_per_character.mistake("stays with nats", hint="Where does the logarithm of 2 appear in your code?")
def in_nats(losses, pieces):
    return sum(losses) / sum(map(len, pieces))


@bits_per_character.mistake("multiplies by ln 2 instead of dividing",
                            hint="A fair coin costs 0.69 nats. How many bits does your function make of them?")
def multiplied(losses, pieces):
    return sum(losses) * math.log(2) / sum(map(len, pieces))


@bits_per_character.mistake("divides by the number of pieces",
                            hint="A model that reads words has fewer pieces. Does its text have fewer characters?")
def per_piece(losses, pieces):
    return sum(losses) / math.log(2) / len(pieces)


@bits_per_character.mistake("takes the mean of each piece's own bits per character",
                            hint="How much does a piece of one letter weigh in your mean, and how much one of ten?")
def mean_of_ratios(losses, pieces):
    return sum(loss / len(piece) for loss, piece in zip(losses, pieces)) / math.log(2) / len(pieces)


@bits_per_character.mistake("divides the mean loss by all characters",
                            hint="Twice the text costs twice the bits. Does your numerator double?")
def mean_over_characters(losses, pieces):
    return sum(losses) / len(losses) / math.log(2) / sum(map(len, pieces))


@bits_per_character.mistake("counts bytes", hint="How many characters has `é`, and how many bytes in UTF-8?")
def per_byte(losses, pieces):
    return sum(losses) / math.log(2) / len("".join(pieces).encode())


@bits_per_character.mistake("does not count spaces and line ends",
                            hint="Must a model predict where a word ends? Is that a character, too?")
def without_spaces(losses, pieces):
    return sum(losses) / math.log(2) / max(len("".join("".join(pieces).split())), 1)


@bits_per_character.mistake("returns the perplexity of a character",
                            hint="What does your function give for a text that costs nothing: 0 or 1?")
def perplexity(losses, pieces):
    return math.exp(sum(losses) / sum(map(len, pieces)))


@bits_per_character.mistake("takes the logarithm of the losses",
                            hint="A loss is a logarithm already. What is left to be done is a change of its base.")
def logarithm_of_losses(losses, pieces):
    return sum(map(math.log2, losses)) / sum(map(len, pieces))


@bits_per_character.mistake("takes the logarithm to base 10 for the unit",
                            hint="How many values has a bit? Which logarithm belongs to that number?")
def decimal(losses, pieces):
    return sum(losses) / math.log(10) / sum(map(len, pieces))


@bits_per_character.mistake("returns characters per bit",
                            hint="Which is better by your number: a model that costs more, or one that costs less?")
def upside_down(losses, pieces):
    return sum(map(len, pieces)) * math.log(2) / sum(losses)


@bits_per_character.mistake("returns the bits of the whole text", hint="Does a longer text cost more in your unit?")
def not_divided(losses, pieces):
    return sum(losses) / math.log(2)


@bits_per_character.mistake("returns a negative number",
                            hint="The minus sign of −log p is in the losses already. Do you set it once more?")
def negative(losses, pieces):
    return -sum(losses) / math.log(2) / sum(map(len, pieces))


@bits_per_character.mistake("joins the pieces with spaces, and counts those as well",
                            hint="Put the pieces of the example together. Is it your function that separates them?")
def joined_with_spaces(losses, pieces):
    return sum(losses) / math.log(2) / len(" ".join(pieces))


@bits_per_character.mistake("leaves out the first piece", hint="Had the model nothing to predict at the beginning? Do "
                                                               "`losses` and `pieces` have the same length?")
def first_left_out(losses, pieces):
    return sum(losses[1:]) / math.log(2) / max(sum(map(len, pieces[1:])), 1)


@bits_per_character.mistake("divides by 8, as if bits were to be made bytes",
                            hint="Does the unit that is asked for have bytes in it?")
def in_bytes(losses, pieces):
    return sum(losses) / math.log(2) / 8 / sum(map(len, pieces))


@bits_per_character.mistake("counts words", hint="Which is longer, `the models` or `a b`? How long are they for you?")
def per_word(losses, pieces):
    return sum(losses) / math.log(2) / max(len("".join(pieces).split()), 1)



@bits_per_character.alternative("each loss in bits, the text joined")
def joined(losses, pieces):
    return sum(loss * math.log2(math.e) for loss in losses) / len("".join(pieces))


@bits_per_character.alternative("by the probability of a character on the geometric mean")
def geometric(losses, pieces):
    return -math.log2(math.exp(-sum(losses) / len("".join(pieces))))
